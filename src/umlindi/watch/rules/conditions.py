"""From a probe's result to a condition, from conditions to spells, and what changed since the last check.

Pure: every rule takes the values it judges and `now`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from umlindi.estate.rules.interfaces import DEADLINE_S
from umlindi.probes import Grade, ProbeResult

DEFAULT_DEADLINE_S = float(DEADLINE_S)
STALE_AFTER_INTERVALS = 3


class Condition(StrEnum):
    """How an interface is. Unknown is a state of its own: never counted as up and never as down (law 2)."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


BAD = frozenset({Condition.DOWN, Condition.DEGRADED})
WORST_FIRST = (Condition.DOWN, Condition.DEGRADED, Condition.UNKNOWN, Condition.UP)
_OF_GRADE = {Grade.OK: Condition.UP, Grade.DEGRADED: Condition.DEGRADED, Grade.FAILED: Condition.DOWN}


def condition_of(result: ProbeResult) -> Condition:
    """A result's condition. A ladder on which nothing was tried says nothing."""
    tried = any(step.ms is not None for step in result.steps)
    return _OF_GRADE[result.grade] if tried else Condition.UNKNOWN


def worst(conditions: Iterable[Condition]) -> Condition:
    """The condition of a whole from its parts; unknown where there are none."""
    found = set(conditions)
    return next((condition for condition in WORST_FIRST if condition in found), Condition.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Interval:
    """An unbroken time in one condition; `until` None is the present."""

    condition: Condition
    since: datetime
    until: datetime | None


def with_answer(intervals: Sequence[Interval], condition: Condition, at: datetime) -> list[Interval]:
    """The intervals, oldest first, with one more answer believed at once."""
    if not intervals or intervals[-1].until is not None:
        return [*intervals, Interval(condition, at, None)]
    newest = intervals[-1]
    if newest.condition is condition or at <= newest.since:
        return [*intervals[:-1], Interval(condition, newest.since, None)]
    return [*intervals[:-1], Interval(newest.condition, newest.since, at), Interval(condition, at, None)]


class Change(StrEnum):
    """What a line of a check says against the check before."""

    NEW = "new"
    STILL = "still"
    RECOVERED = "recovered"
    SAME = "same"
    FIRST = "first"


def change_since(then: datetime, intervals: Sequence[Interval]) -> Change:
    """How the newest interval compares with the time from `then` on. Intervals are oldest first, none overlap.

    A fault that came and went since `then` counts as recovered, and one that went and came back as new: what
    happened in the night is told even where morning looks like evening.
    """
    if not intervals:
        return Change.FIRST
    now_bad = intervals[-1].condition in BAD
    seen = [one for one in intervals if one.until is None or one.until > then]
    before = [one for one in seen[:-1] if one.condition is not Condition.UNKNOWN]
    if now_bad:
        unbroken = seen[0].since <= then and all(one.condition in BAD for one in before)
        return Change.STILL if unbroken else Change.NEW
    if any(one.condition in BAD for one in before):
        return Change.RECOVERED
    return Change.SAME if intervals[0].since <= then else Change.FIRST


def silence_allowed(interval: timedelta) -> timedelta:
    """How old an answer may be and still speak for the present."""
    return interval * STALE_AFTER_INTERVALS + timedelta(seconds=DEFAULT_DEADLINE_S)


def bad_since(intervals: Sequence[Interval]) -> datetime | None:
    """Since when an interface has been unbrokenly bad (down or degraded), or None where it is not bad now."""
    since = None
    for one in reversed(intervals):
        if one.condition not in BAD:
            break
        since = one.since
    return since


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a trace: `share` of the whole width, from 0 to 1."""

    condition: Condition
    share: float


def trace(intervals: Sequence[Interval], start: datetime, end: datetime) -> list[Span]:
    """The time from `start` to `end` as spans that cover it wholly; where nothing is known, unknown."""
    whole = (end - start).total_seconds()
    spans: list[Span] = []
    at = start
    for one in intervals:
        since, until = max(one.since, at), min(one.until or end, end)
        if until <= since:
            continue
        if since > at:
            spans.append(Span(Condition.UNKNOWN, (since - at).total_seconds() / whole))
        spans.append(Span(one.condition, (until - since).total_seconds() / whole))
        at = until
    if at < end:
        spans.append(Span(Condition.UNKNOWN, (end - at).total_seconds() / whole))
    return _merged(spans)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in spans:
        if merged and merged[-1].condition is span.condition:
            merged[-1] = Span(span.condition, merged[-1].share + span.share)
        else:
            merged.append(span)
    return merged
