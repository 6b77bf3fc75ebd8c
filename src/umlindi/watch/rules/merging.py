"""One ladder for a page, from the newest answers of an interface's plans. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from umlindi.probes import Cause, ProbeResult, Severity, State, Step
from umlindi.watch.rules.plans import Plan


@dataclass(frozen=True, slots=True)
class Heard:
    """A plan's newest result, and when its probe began."""

    result: ProbeResult
    at: datetime


@dataclass(frozen=True, slots=True)
class _Tried:
    """A step, when its probe began, and the names of the steps below it on its own ladder."""

    step: Step
    at: datetime
    below: tuple[str, ...]


def merged(heard: Mapping[Plan, Heard]) -> ProbeResult:
    """Every step as it was last tried, quick ones first.

    A step that is older than the failure of one below it is no longer known, however it went: it is skipped because of
    that failure. So neither a stale green nor a stale red stands above a broken rung. Raises ValueError where nothing
    was heard.
    """
    if not heard:
        raise ValueError("nothing was heard of this interface")
    newest_last = sorted(heard.values(), key=lambda one: one.at)
    newest = newest_last[-1].result
    facts: dict[str, Any] = {}
    for one in newest_last:
        facts |= one.result.facts
    steps = tuple(_standing(_newest_steps(heard)))
    whole = ProbeResult(newest.probe, newest.target, steps, facts)
    return replace(whole, diagnosis=_diagnosis(whole, newest_last))


def _newest_steps(heard: Mapping[Plan, Heard]) -> dict[str, _Tried]:
    found: dict[str, _Tried] = {}
    for one in (heard[plan] for plan in Plan if plan in heard):
        names = tuple(step.step for step in one.result.steps)
        for place, step in enumerate(one.result.steps):
            if step.step not in found or one.at > found[step.step].at:
                found[step.step] = _Tried(step, one.at, names[:place])
    return found


def _standing(found: Mapping[str, _Tried]) -> Iterator[Step]:
    for tried in found.values():
        broken = next((name for name in tried.below if _broke_later(found[name], tried)), None)
        if broken is None:
            yield tried.step
        else:
            yield Step(tried.step.step, State.SKIPPED, None, tried.step.layer, meaning=f"{broken} failed")


def _broke_later(lower: _Tried, upper: _Tried) -> bool:
    return lower.step.severity is Severity.FAILED and lower.at > upper.at


def _diagnosis(whole: ProbeResult, heard: Sequence[Heard]) -> tuple[Cause, ...]:
    """The causes that were ranked for the failure a person is shown."""
    failure = whole.first_failure()
    told = (one.result.diagnosis for one in reversed(heard) if failure is not None and failure in one.result.steps)
    return next(told, ())
