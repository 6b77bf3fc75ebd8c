"""What was seen, in the shape of a probe's result, so that every screen shows it like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from umlindi.probes import Layer, ProbeResult, Severity, State, Step
from umlindi.probes.cleaning import clean


def evidence(
    kind: str, subject: str, code: str, *, meaning: str, condition: str, told: Mapping[str, Any]
) -> dict[str, Any]:
    """One failed step of a result. `condition` is the outage's: down or degraded."""
    severity = Severity.DEGRADED if condition == "degraded" else Severity.FAILED
    step = Step("report", State.FAILED, None, Layer.WORKFLOW, code, meaning, clean(told), severity)
    return ProbeResult(kind, subject, (step,)).to_json()
