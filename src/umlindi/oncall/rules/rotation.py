"""One layer of a rota: people who take turns, each in order, handing over at the same local hour."""

from __future__ import annotations

from collections.abc import Iterator
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
        there = (rotation.hours, rotation.on_holidays, calendar, max(opens, begins), min(closes, end))
        for since, until in openings(*there):
            yield Shift(since, until, person, layer, turn)


def _handover(rotation: Rotation, turn: int, zone: tzinfo) -> datetime:
    return at(rotation.first_handover + timedelta(days=turn * rotation.days), rotation.handover, zone)


def openings(
    hours: tuple[Span, ...], on_holidays: OnHolidays, calendar: Calendar, start: datetime, end: datetime
) -> list[Interval]:
    """The parts of [start, end) in these hours of a week, all of it where there are none. What touches is one: a night
    is not cut at midnight."""
    found = _day_by_day(hours, on_holidays, calendar, start, end) if hours else [(start, end)]
    joined: list[Interval] = []
    for opens, closes in found:
        since, until = max(opens, start), min(closes, end)
        if joined and joined[-1][1] == since:
            joined[-1] = joined[-1][0], until
        elif since < until:
            joined.append((since, until))
    return joined


def _day_by_day(
    hours: tuple[Span, ...], on_holidays: OnHolidays, calendar: Calendar, start: datetime, end: datetime
) -> Iterator[Interval]:
    """The openings of every local day that [start, end) touches."""
    first, last = local_day(start, calendar.zone), local_day(end, calendar.zone)
    for number in range(-1, (last - first).days + 1):
        day = first + timedelta(days=number)
        own = on_holidays if day in calendar.holidays else OnHolidays.SAME
        for opens, closes in _minutes(hours, own, day):
            yield at_minute(day, opens, calendar.zone), at_minute(day, closes, calendar.zone)


def _minutes(hours: tuple[Span, ...], own: OnHolidays, day: date) -> list[tuple[int, int]]:
    match own:
        case OnHolidays.WHOLE:
            return [(0, MINUTES_A_DAY)]
        case OnHolidays.NONE:
            return []
        case OnHolidays.SAME:
            return [(span.opens, span.closes) for span in hours if span.day == day.weekday()]
