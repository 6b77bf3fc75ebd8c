"""From time in conditions to shares, exactly: durations are whole microseconds, shares fractions until they are shown.

Degraded counts as up and is also a share of its own. Unknown is neither: it is left out of the share of up and shown
beside it. Agreed windows count as they were in the raw figure and not at all in the adjusted one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from umlindi.uptime.rules.timeline import Period, Span, Timeline, together, without
from umlindi.watch.rules.conditions import Condition

VERSION = 1
"""Of this arithmetic; a closed month says by which it was judged."""
MICROSECOND = timedelta(microseconds=1)
ZERO = timedelta()


@dataclass(frozen=True, slots=True)
class Tally:
    """How long something was in each condition."""

    up: timedelta = ZERO
    degraded: timedelta = ZERO
    down: timedelta = ZERO
    unknown: timedelta = ZERO

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Tally:
        sums = dict.fromkeys(Condition, ZERO)
        for span in spans:
            sums[span.condition] += span.end - span.start
        return cls(*(sums[one] for one in (Condition.UP, Condition.DEGRADED, Condition.DOWN, Condition.UNKNOWN)))

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.up + other.up,
            self.degraded + other.degraded,
            self.down + other.down,
            self.unknown + other.unknown,
        )

    @property
    def known(self) -> timedelta:
        return self.up + self.degraded + self.down

    @property
    def whole(self) -> timedelta:
        """All that counts: the denominator where everything is known."""
        return self.known + self.unknown

    @property
    def share(self) -> Fraction | None:
        """Up of what is known, from 0 to 1; None where nothing is."""
        return ratio(self.up + self.degraded, self.known)

    @property
    def degraded_share(self) -> Fraction | None:
        return ratio(self.degraded, self.known)

    @property
    def unknown_share(self) -> Fraction | None:
        """Of the whole."""
        return ratio(self.unknown, self.whole)

    def to_json(self) -> dict[str, int]:
        """Whole microseconds."""
        return {name: getattr(self, name) // MICROSECOND for name in self.__slots__}

    @classmethod
    def from_json(cls, told: Mapping[str, int]) -> Tally:
        return cls(**{name: timedelta(microseconds=value) for name, value in told.items()})


@dataclass(frozen=True, slots=True)
class Availability:
    """Both figures of one subject: with windows as they were, and with agreed windows taken out."""

    raw: Tally = Tally()
    adjusted: Tally = Tally()

    def __add__(self, other: Availability) -> Availability:
        return Availability(self.raw + other.raw, self.adjusted + other.adjusted)

    @property
    def agreed(self) -> timedelta:
        """How much of the time lay in agreed windows."""
        return self.raw.whole - self.adjusted.whole

    def to_json(self) -> dict[str, dict[str, int]]:
        return {"raw": self.raw.to_json(), "adjusted": self.adjusted.to_json()}

    @classmethod
    def from_json(cls, told: Mapping[str, Mapping[str, int]]) -> Availability:
        return cls(Tally.from_json(told["raw"]), Tally.from_json(told["adjusted"]))


def ratio(part: timedelta, whole: timedelta) -> Fraction | None:
    return Fraction(part // MICROSECOND, whole // MICROSECOND) if whole else None


def availability(spans: Sequence[Span], windows: Sequence[Period]) -> Availability:
    """Of one timeline, with the merged windows that cover its subject."""
    raw = Tally.of(spans)
    return Availability(raw, Tally.of(without(spans, windows)) if windows else raw)


def mean(parts: Iterable[Availability]) -> Availability:
    """Of a group, weighted by time: the sum of its parts' seconds, so that one there for a day weighs a day."""
    return sum(parts, Availability())


def all_up(timelines: Sequence[Timeline], windows: Sequence[Sequence[Period]]) -> Availability:
    """Of a group, up while every part of it is. A part that is in a window takes no part in the adjusted figure; where
    all are, the time does not count."""
    raw = Tally.of(together(timelines))
    if not any(windows):
        return Availability(raw, raw)
    outside = [without(spans, agreed) for spans, agreed in zip(timelines, windows, strict=True)]
    return Availability(raw, Tally.of(together(outside)))


@dataclass(frozen=True, slots=True)
class Piece:
    """A span that lies wholly inside or wholly outside the windows that cover it."""

    span: Span
    agreed: bool


def pieces(spans: Sequence[Span], windows: Sequence[Period]) -> list[Piece]:
    """A timeline cut where windows begin and end. Their tallies are the figures again."""
    edges = sorted({edge for window in windows for edge in window})
    found = []
    for span in spans:
        inner = [edge for edge in edges if span.start < edge < span.end]
        cuts = [span.start, *inner, span.end]
        for start, end in pairwise(cuts):
            agreed = any(window.start <= start < window.end for window in windows)
            found.append(Piece(Span(span.condition, start, end), agreed))
    return found
