"""Which level answers for which part of a period.

A whole day comes from its histogram and so does a whole hour, unless readings have come that are not in it yet (a mark
says so): then from what is finer. What is finer than the period's edge and no longer kept is widened to the hour or the
day that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from umlindi.readings.rules.levels import DAY, HOUR, Level, floor

STEPS = (
    *(timedelta(seconds=number) for number in (10, 30, 60, 120, 300, 600, 900, 1800)),
    *(timedelta(hours=number) for number in (1, 2, 3, 4, 6, 12)),
    *(timedelta(days=number) for number in (1, 2, 7, 14, 28)),
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What there is: hours and days that a histogram does not answer for, and the first moment kept of a level."""

    marked_hours: frozenset[datetime] = frozenset()
    marked_days: frozenset[datetime] = frozenset()
    raw_from: datetime | None = None
    hours_from: datetime | None = None

    def answers_for_day(self, day: datetime) -> bool:
        hours = (day + number * HOUR for number in range(24))
        return day not in self.marked_days and not any(hour in self.marked_hours for hour in hours)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a period and the level that answers for it."""

    level: Level
    start: datetime
    end: datetime


def pieces(start: datetime, end: datetime, kept: Kept, coarsest: Level = Level.DAY) -> list[Piece]:
    """The period in as few pieces as answer for it, in order, without gap or overlap."""
    joined: list[Piece] = []
    for piece in _steps(start, end, kept, coarsest):
        if joined and (joined[-1].level, joined[-1].end) == (piece.level, piece.start):
            joined[-1] = replace(joined[-1], end=piece.end)
        else:
            joined.append(piece)
    return joined


def _steps(start: datetime, end: datetime, kept: Kept, coarsest: Level) -> Iterator[Piece]:
    at = start
    while at < end:
        piece = _day(at, end, kept, coarsest) or _hour(at, end, kept, coarsest) or _raw(at, end)
        yield piece
        at = piece.end


def _day(at: datetime, end: datetime, kept: Kept, coarsest: Level) -> Piece | None:
    day = floor(at, DAY)
    whole = at == day and day + DAY <= end and coarsest is Level.DAY and kept.answers_for_day(day)
    gone = kept.hours_from is not None and day + DAY <= kept.hours_from
    return Piece(Level.DAY, day, day + DAY) if whole or gone else None


def _hour(at: datetime, end: datetime, kept: Kept, coarsest: Level) -> Piece | None:
    hour = floor(at, HOUR)
    whole = at == hour and hour + HOUR <= end and coarsest is not Level.RAW and hour not in kept.marked_hours
    gone = kept.raw_from is not None and hour + HOUR <= kept.raw_from
    return Piece(Level.HOUR, hour, hour + HOUR) if whole or gone else None


def _raw(at: datetime, end: datetime) -> Piece:
    return Piece(Level.RAW, at, min(floor(at, HOUR) + HOUR, end))


def step_for(start: datetime, end: datetime, points: int) -> timedelta:
    """The shortest step a person would choose that divides the period into at most so many, give or take one."""
    wanted = (end - start) / points
    return next((step for step in STEPS if step >= wanted), STEPS[-1])


def coarsest_for(step: timedelta) -> Level:
    """The longest histograms that a chart with this step can be drawn from."""
    if step % DAY == timedelta(0):
        return Level.DAY
    return Level.HOUR if step % HOUR == timedelta(0) else Level.RAW
