"""What a probe says. The JSON of these records is a documented contract (docs/probes.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from umlindi.probes.faults import Layer


class State(StrEnum):
    """How one step ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Severity(StrEnum):
    """What a failed step means for the one who depends on the peer."""

    DEGRADED = "degraded"
    FAILED = "failed"


class Grade(StrEnum):
    """The whole probe: the worst severity of its failed steps."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung. `ms` is None where nothing was measured; for a skipped step `meaning` says why."""

    step: str
    state: State
    ms: float | None
    layer: Layer
    code: str = ""
    meaning: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    severity: Severity | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        """What `to_json` gave."""
        severity = data["severity"]
        return cls(
            data["step"],
            State(data["state"]),
            data["ms"],
            Layer(data["layer"]),
            data["code"],
            data["meaning"],
            data["evidence"],
            None if severity is None else Severity(severity),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "state": self.state.value,
            "severity": self.severity.value if self.severity else None,
            "ms": None if self.ms is None else round(self.ms, 3),
            "layer": self.layer.value,
            "code": self.code,
            "meaning": self.meaning,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Cause:
    """One likely cause, as the diagnosis ranks it. `confidence` is a share from 0 to 1."""

    rule: str
    title: str
    confidence: float
    cause: str
    confirm: str
    fix: str
    escalate: str = ""
    unsafe: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "title": self.title,
            "confidence": round(self.confidence, 2),
            "cause": self.cause,
            "confirm": self.confirm,
            "fix": self.fix,
            "unsafe": self.unsafe,
            "escalate": self.escalate,
        }


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The steps in the order they were climbed. `facts` is what the peer told of itself (versions, limits)."""

    probe: str
    target: str
    steps: tuple[Step, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    diagnosis: tuple[Cause, ...] = ()

    @property
    def grade(self) -> Grade:
        severities = {step.severity for step in self.steps if step.state is State.FAILED}
        if Severity.FAILED in severities:
            return Grade.FAILED
        return Grade.DEGRADED if severities else Grade.OK

    @property
    def ms(self) -> float:
        """Milliseconds measured over all steps."""
        return sum(step.ms or 0.0 for step in self.steps)

    def step(self, name: str) -> Step | None:
        """The step of that name, or None where the ladder has no such rung."""
        return next((step for step in self.steps if step.step == name), None)

    def first_failure(self) -> Step | None:
        """The lowest rung that failed with the worst severity: where a person should look."""
        failed = [step for step in self.steps if step.state is State.FAILED]
        return next((step for step in failed if step.severity is Severity.FAILED), failed[0] if failed else None)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ProbeResult:
        """What `to_json` gave."""
        steps = tuple(Step.from_json(step) for step in data["steps"])
        causes = tuple(Cause(**cause) for cause in data["diagnosis"])
        return cls(data["probe"], data["target"], steps, data["facts"], causes)

    def to_json(self) -> dict[str, Any]:
        return {
            "probe": self.probe,
            "target": self.target,
            "grade": self.grade.value,
            "steps": [step.to_json() for step in self.steps],
            "facts": self.facts,
            "diagnosis": [cause.to_json() for cause in self.diagnosis],
        }
