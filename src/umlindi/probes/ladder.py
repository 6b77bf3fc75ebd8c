"""Climbing: each step is timed, a fault becomes a failed step, and what stands on it is skipped with a reason."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from umlindi.probes.cleaning import clean, clean_text
from umlindi.probes.faults import Fault, Layer
from umlindi.probes.results import ProbeResult, Severity, State, Step


class Rung:
    """What a step's block may say of itself while it runs."""

    def __init__(self) -> None:
        self.code = ""
        self.meaning = ""
        self.evidence: dict[str, Any] = {}
        self.ms: float | None = None
        self.degraded = False

    def says(self, code: str, meaning: str, **evidence: Any) -> None:
        """Record the answer of a step that went well."""
        self.code, self.meaning = code, meaning
        self.evidence.update(evidence)

    def complains(self, code: str, meaning: str, **evidence: Any) -> None:
        """Record a step that answered, but not as it should: a certificate near its end, a disk at 91 %."""
        self.says(code, meaning, **evidence)
        self.degraded = True


class Ladder:
    """Collects the steps of one probe of one target.

    with ladder.step("echo", Layer.DIMSE) as rung:
        status = await association.echo()
        rung.says("0000", "C-ECHO answered")

    A `Fault` raised inside becomes a failed step and is not propagated; anything else is a bug and propagates.
    `ladder.broken` names the first step that failed, so that the rest can be skipped because of it.
    """

    def __init__(self, probe: str, target: str) -> None:
        self.probe = probe
        self.target = target
        self.facts: dict[str, Any] = {}
        self.broken: str | None = None
        self._steps: list[Step] = []

    @contextmanager
    def step(self, name: str, layer: Layer, severity: Severity = Severity.FAILED) -> Iterator[Rung]:
        """Time a block. `severity` is what its failure means; `rung.ms` replaces the measured time where set."""
        rung = Rung()
        began = time.perf_counter()
        try:
            yield rung
        except Fault as fault:
            ms = (time.perf_counter() - began) * 1000
            evidence = {**rung.evidence, **fault.evidence}
            self._add(Step(name, State.FAILED, ms, fault.layer, fault.code, fault.meaning, evidence, severity))
            return
        ms = (time.perf_counter() - began) * 1000 if rung.ms is None else rung.ms
        state, worst = (State.FAILED, Severity.DEGRADED) if rung.degraded else (State.OK, None)
        self._add(Step(name, state, ms, layer, rung.code, rung.meaning, rung.evidence, worst))

    def skip(self, name: str, layer: Layer, because: str) -> None:
        """Record a step that was not tried, and why."""
        self._add(Step(name, State.SKIPPED, None, layer, meaning=because))

    def _add(self, step: Step) -> None:
        self._steps.append(step)
        if step.severity is Severity.FAILED and self.broken is None:
            self.broken = step.step

    def failed(self, name: str) -> bool:
        """True where that step was tried and did not go well."""
        return any(step.step == name and step.state is State.FAILED for step in self._steps)

    def result(self) -> ProbeResult:
        """The steps and facts so far, with what the peer said of itself made fit to be stored and shown."""
        return ProbeResult(self.probe, clean_text(self.target), tuple(map(_clean, self._steps)), clean(self.facts))


def _clean(step: Step) -> Step:
    return replace(
        step,
        step=clean_text(step.step),
        code=clean_text(step.code),
        meaning=clean_text(step.meaning),
        evidence=clean(step.evidence),
    )
