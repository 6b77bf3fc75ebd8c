"""Time in conditions: what was known of something, cut, merged and laid over one another, exact to the microsecond.

A timeline is a sequence of spans, oldest first, none overlapping. Where it has none, nothing is said: the subject was
not there yet, or the time does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from umlindi.watch.rules.conditions import Condition, Interval

WORST_FIRST = (Condition.DOWN, Condition.UNKNOWN, Condition.DEGRADED, Condition.UP)
"""Of a whole: unknown before degraded, because degraded counts as up and unknown never may."""


class Period(NamedTuple):
    """From `start` on, until before `end`."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


class Span(NamedTuple):
    """A period in one condition."""

    condition: Condition
    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start


Timeline = list[Span]


def timeline(intervals: Sequence[Interval], period: Period, heard_until: datetime) -> Timeline:
    """What is known of an interface within a period: from its first answer on, a hole between intervals as unknown.

    `heard_until` is how far the newest interval speaks; after it comes nothing that was heard, so unknown.
    """
    spans: Timeline = []
    at: datetime | None = None
    for one in intervals:
        if at is not None and one.since > at:
            spans.append(Span(Condition.UNKNOWN, at, one.since))
        until = max(one.since, heard_until) if one.until is None else one.until
        spans.append(Span(one.condition, one.since, until))
        at = until
    if at is not None and at < period.end:
        spans.append(Span(Condition.UNKNOWN, at, period.end))
    return list(joined(clipped(spans, period)))


def clipped(spans: Iterable[Span], period: Period) -> Iterator[Span]:
    """What lies within a period."""
    for span in spans:
        if span.start < period.end and span.end > period.start:
            if span.start >= period.start and span.end <= period.end:
                yield span
            else:
                yield Span(span.condition, max(span.start, period.start), min(span.end, period.end))


def joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Neighbours in one condition as one span, spans of no length left out."""
    last: Span | None = None
    for span in spans:
        if span.end <= span.start:
            continue
        if last is not None and last.end == span.start and last.condition is span.condition:
            last = Span(last.condition, last.start, span.end)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def merged(periods: Iterable[Period]) -> list[Period]:
    """Periods as they cover time, oldest first: those that overlap or touch become one."""
    found: list[Period] = []
    for one in sorted(periods):
        if found and one.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def within(spans: Sequence[Span], periods: Sequence[Period]) -> Timeline:
    """What lies within merged periods."""
    found: Timeline = []
    first = 0
    for period in periods:
        while first < len(spans) and spans[first].end <= period.start:
            first += 1
        at = first
        while at < len(spans) and spans[at].start < period.end:
            found += clipped((spans[at],), period)
            at += 1
    return found


def without(spans: Sequence[Span], periods: Sequence[Period]) -> Timeline:
    """What lies outside merged periods."""
    return within(spans, gaps(periods, Period(spans[0].start, spans[-1].end))) if spans and periods else list(spans)


def gaps(periods: Iterable[Period], whole: Period) -> list[Period]:
    """The parts of a whole that merged periods leave over."""
    found, at = [], whole.start
    for period in periods:
        if period.start > at:
            found.append(Period(at, min(period.start, whole.end)))
        at = max(at, period.end)
        if at >= whole.end:
            return found
    return [*found, Period(at, whole.end)]


def together(timelines: Sequence[Sequence[Span]]) -> Timeline:
    """The worst at each instant of those that are there at it."""
    if len(timelines) == 1:
        return list(timelines[0])
    counts = dict.fromkeys(WORST_FIRST, 0)
    spans: Timeline = []
    since: datetime | None = None
    condition: Condition | None = None
    for at, of, step in _steps(timelines):
        if condition is not None and since is not None and at > since:
            spans.append(Span(condition, since, at))
        counts[of] += step
        since, condition = at, next((one for one in WORST_FIRST if counts[one]), None)
    return list(joined(spans))


def _steps(timelines: Sequence[Sequence[Span]]) -> list[tuple[datetime, Condition, int]]:
    """Where a condition begins (+1) or ends (-1) on any of the timelines, in the order of time."""
    steps = [(span.start, span.condition, 1) for spans in timelines for span in spans]
    steps += [(span.end, span.condition, -1) for spans in timelines for span in spans]
    return sorted(steps, key=itemgetter(0))
