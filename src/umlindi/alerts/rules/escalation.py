"""The way through a frozen policy: which step is next, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

CLOCK_TOLERANCE = timedelta(seconds=30)
SHORTEST_REPEAT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Target:
    """`kind` is rota, user or channel; `name` as it was when the policy was frozen."""

    kind: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """Told `after` the beginning of a run."""

    after: timedelta
    targets: Sequence[Target]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A policy as an alert carries it. Without steps there is nobody to tell."""

    name: str
    repeats: int
    repeat_after: timedelta
    steps: Sequence[Step]

    @classmethod
    def from_json(cls, policy: Mapping[str, Any]) -> Frozen:
        """The empty one for an empty mapping: no policy was there."""
        return cls(
            name=policy.get("name", ""),
            repeats=policy.get("repeats", 0),
            repeat_after=timedelta(seconds=policy.get("repeat_after", 0)),
            steps=[_step(step) for step in policy.get("steps", [])],
        )

    @classmethod
    def of(cls, policies: Mapping[str, Any], severity: str) -> Frozen:
        """An alert's `policy` holds one for each severity: this severity's."""
        return cls.from_json(policies.get(severity, {}))

    def targets(self, step: int) -> Sequence[Target]:
        """Whom a step tells; nobody where it is beyond the last."""
        return self.steps[step].targets if step < len(self.steps) else []


def _step(step: Mapping[str, Any]) -> Step:
    return Step(timedelta(seconds=step["after"]), [Target(**target) for target in step["targets"]])


@dataclass(frozen=True, slots=True)
class Place:
    """Where an escalation stands. `cycle` numbers the runs of an alert's whole life, `repeat` those of this
    escalation; `step` comes next in the run, `began` is when the run did. `due` None: nobody is left to tell."""

    cycle: int
    repeat: int
    step: int
    began: datetime
    due: datetime | None


def beginning(policy: Frozen, cycle: int, now: datetime) -> Place:
    """A new escalation, from its first step."""
    return Place(cycle, 0, 0, now, now + policy.steps[0].after if policy.steps else None)


def following(policy: Frozen, place: Place, now: datetime, *, at_once: bool = False) -> Place:
    """The place after the step at `place` was told at `now`. `at_once` is for a step that reached nobody.

    Two steps are always as far apart as the policy has them, however late the first was told: after a night in which
    nothing ran, the last step does not come in the same second as the first. After the last run comes its end, a step
    beyond the policy's: by then somebody should have answered.
    """
    done, upcoming = policy.steps[place.step], place.step + 1
    if upcoming < len(policy.steps):
        gap = policy.steps[upcoming].after - done.after
        due = now if at_once else max(place.began + policy.steps[upcoming].after, now + gap)
        return replace(place, step=upcoming, due=due)
    gap = max(policy.repeat_after - done.after, SHORTEST_REPEAT)
    again = max(place.began + policy.repeat_after, now + gap)
    if place.repeat >= policy.repeats:
        return replace(place, step=upcoming, due=again)
    return Place(place.cycle + 1, place.repeat + 1, 0, again, again + policy.steps[0].after)


def rearmed(armed: datetime, due: datetime, now: datetime) -> datetime | None:
    """When something is due by a clock that was set back since it was armed; None where it was not.

    What was armed in the future proves the clock wrong: then the whole wait begins anew, so that it lasts twice as
    long at most.
    """
    return now + (due - armed) if armed > now + CLOCK_TOLERANCE else None
