"""One layer of a rota: people who take turns, each in order, handing over at the same local hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from umlindi.estate.rules.hours import MINUTES_A_DAY, Span
from umlindi.oncall.rules.moments import at, at_minute, local_day

Interval = tuple[datetime, datetime]


class Unit(StrEnum):
    """What a turn is counted in."""

    DAYS = "days"
    WEEKS = "weeks"


class OnHolidays(StrEnum):
    """What restricted hours become on a public holiday."""

    SAME = "same"
    WHOLE = "whole"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A rota's local time and its public holidays."""

    zone: tzinfo
    holidays: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """Somebody's time on call, `end` exclusive. `layer` counts from the uppermost, 0; None is an override.

    `turn` numbers the layer's turns, or is the override's id: pieces of one turn carry the same.
    """

    start: datetime
    end: datetime
    person: int
    layer: int | None
    turn: int


@dataclass(frozen=True, slots=True)
class Rotation:
    """A layer: `people` in order, `every` so many days or weeks, from `starts` at `handover`.

    Weeks hand over on `weekday` (0 is Monday): who starts in mid-week has only the rest of it. `hours` are the openings
    of a week in which the layer is there; none means always.
    """

    people: tuple[int, ...]
    starts: date
    handover: time
    unit: Unit = Unit.WEEKS
    every: int = 1
    weekday: int = 0
    hours: tuple[Span, ...] = ()
    on_holidays: OnHolidays = OnHolidays.SAME

    @property
    def days(self) -> int:
        """How many local days a turn lasts."""
        return self.every * (7 if self.unit is Unit.WEEKS else 1)

    @property
    def first_handover(self) -> date:
        """The day on which turn 0 would have begun."""
        if self.unit is Unit.DAYS:
            return self.starts
        return self.starts - timedelta(days=(self.starts.weekday() - self.weekday) % 7)


def shifts_of(rotation: Rotation, layer: int, calendar: Calendar, start: datetime, end: datetime) -> Iterator[Shift]:
    """The layer's shifts that touch [start, end), cut to it, in order, without overlap."""
    if not rotation.people or start >= end:
        return
    begins = max(start, at(rotation.starts, rotation.handover, calendar.zone))
    first = (local_day(begins, calendar.zone) - rotation.first_handover).days // rotation.days - 1
    for turn in range(max(first, 0), first + 4 + (end - start).days // rotation.days):
        person = rotation.people[turn % len(rotation.people)]
        opens, closes = (_handover(rotation, number, calendar.zone) for number in (turn, turn + 1))
        for since, until in _joined(_present(rotation, calendar, max(opens, begins), min(closes, end))):
            yield Shift(since, until, person, layer, turn)


def _handover(rotation: Rotation, turn: int, zone: tzinfo) -> datetime:
    return at(rotation.first_handover + timedelta(days=turn * rotation.days), rotation.handover, zone)


def _joined(intervals: Iterable[Interval]) -> list[Interval]:
    """What touches is one: a night is not cut at midnight."""
    joined: list[Interval] = []
    for since, until in intervals:
        if joined and joined[-1][1] == since:
            joined[-1] = joined[-1][0], until
        else:
            joined.append((since, until))
    return joined


def _present(rotation: Rotation, calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """The parts of one turn in which its layer is there."""
    for opens, closes in _openings(rotation, calendar, start, end) if rotation.hours else [(start, end)]:
        if max(opens, start) < min(closes, end):
            yield max(opens, start), min(closes, end)


def _openings(rotation: Rotation, calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """The openings of every local day that [start, end) touches."""
    first, last = local_day(start, calendar.zone), local_day(end, calendar.zone)
    for number in range(-1, (last - first).days + 1):
        day = first + timedelta(days=number)
        for opens, closes in _opening_minutes(rotation, day, calendar.holidays):
            yield at_minute(day, opens, calendar.zone), at_minute(day, closes, calendar.zone)


def _opening_minutes(rotation: Rotation, day: date, holidays: frozenset[date]) -> list[tuple[int, int]]:
    if day in holidays and rotation.on_holidays is not OnHolidays.SAME:
        return [(0, MINUTES_A_DAY)] if rotation.on_holidays is OnHolidays.WHOLE else []
    return [(span.opens, span.closes) for span in rotation.hours if span.day == day.weekday()]
