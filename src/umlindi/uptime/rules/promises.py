"""How an objective is worked out from the timelines of its systems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from umlindi.uptime.rules.availability import ZERO, Availability, all_up, availability, mean
from umlindi.uptime.rules.timeline import Period, Span, Timeline, clipped, gaps, merged, together, within


@dataclass(frozen=True, slots=True)
class Part:
    """A system of an objective: its timeline, its merged windows, and when it counts (its site's hours, merged)."""

    spans: Timeline
    windows: Sequence[Period]
    hours: Sequence[Period]

    def counted(self, period: Period) -> list[Period]:
        """The time within a period that counts: its hours, without its windows."""
        inside = [each for each in (_cut(one, period) for one in self.hours) if each]
        return [gap for one in inside for gap in gaps(self.windows, one)]

    def seen(self, period: Period) -> Timeline:
        """What is known of that time."""
        return within(list(clipped(self.spans, period)), self.counted(period))


@dataclass(frozen=True, slots=True)
class Promise:
    """`as_mean`: its systems' seconds are added up; otherwise it is up while all of its systems are."""

    target: Fraction
    as_mean: bool
    parts: Sequence[Part]

    def availability(self) -> Availability:
        """Over all that its timelines hold, in its hours."""
        timelines = [within(part.spans, part.hours) for part in self.parts]
        windows = [part.windows for part in self.parts]
        if self.as_mean:
            return mean(availability(spans, agreed) for spans, agreed in zip(timelines, windows, strict=True))
        return all_up(timelines, windows)

    def spans(self) -> Timeline:
        """The worst of its systems at each instant that counts, windows included."""
        return together([within(part.spans, part.hours) for part in self.parts])

    def counted(self, period: Period) -> timedelta:
        """How much of a period counts, known or not."""
        times = [part.counted(period) for part in self.parts]
        if not self.as_mean:
            times = [merged(one for each in times for one in each)]
        return sum((one.length for each in times for one in each), ZERO)

    def down(self, period: Period) -> timedelta:
        """How long it was down in that time."""
        return sum((span.length for span in self._down(period)), ZERO)

    def falls(self, period: Period) -> int:
        """How often it went down in that time, or was down at its beginning."""
        spans = self._down(period)
        return len(spans) if self.as_mean else len(merged(Period(span.start, span.end) for span in spans))

    def _down(self, period: Period) -> list[Span]:
        seen = [part.seen(period) for part in self.parts]
        spans: list[Span] = [span for each in seen for span in each] if self.as_mean else list(together(seen))
        return [span for span in spans if span.condition == "down"]


def _cut(one: Period, whole: Period) -> Period | None:
    start, end = max(one.start, whole.start), min(one.end, whole.end)
    return Period(start, end) if start < end else None
