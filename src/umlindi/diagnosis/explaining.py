"""Ranks what lies behind a probe's result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from umlindi.diagnosis.loading import load_catalogue
from umlindi.diagnosis.ranking import Claim, cause_of, rank, without_superseded
from umlindi.diagnosis.rules import Rule
from umlindi.diagnosis.wording import values_beside, values_of
from umlindi.probes import Layer, ProbeResult, Severity, Step

_SEVERITIES = {Severity.FAILED: 0, Severity.DEGRADED: 1, None: 2}
_LAYERS = {layer: height for height, layer in enumerate(Layer)}
_NO_CONTEXT: Mapping[str, ProbeResult] = MappingProxyType({})


def explain(result: ProbeResult, context: Mapping[str, ProbeResult] = _NO_CONTEXT) -> ProbeResult:
    """The result with its diagnosis: what failed before what is degraded, the lowest broken layer first.

    `context` holds results of other probes of the same system by any key, such as that of the archive's host:
    an A700 is a full disk where the host says so, and a doubtful one where nobody does; a wrong AE title is told
    beside the one that the REST interface of the same archive gives.
    """
    others = [other for other in context.values() if other is not result]
    claims = [claim for rule in load_catalogue().rules if (claim := _claim(rule, result, others)) is not None]
    ranked = rank(without_superseded(claims))
    return replace(result, diagnosis=tuple(cause_of(claim, share) for claim, share in ranked))


def _claim(rule: Rule, result: ProbeResult, context: list[ProbeResult]) -> Claim | None:
    found = [(step, sign.weight) for sign in rule.signs if (step := sign.found_in(result, context)) is not None]
    if not found:
        return None
    lowest = min((step for step, _ in found), key=lambda step: _place(result, step))
    values = {**values_of(result, lowest), **values_beside(result, context)}
    return Claim(rule, tuple(weight for _, weight in found), _place(result, lowest), values)


def _place(result: ProbeResult, step: Step) -> tuple[int, ...]:
    return _SEVERITIES[step.severity], _LAYERS[step.layer], result.steps.index(step)
