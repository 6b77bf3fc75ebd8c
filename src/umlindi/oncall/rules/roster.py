"""A rota's final shifts: upper layers win over lower, overrides over all, and nobody who cannot be paged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from umlindi.estate.rules.hours import Span
from umlindi.oncall.rules.moments import at as instant_of
from umlindi.oncall.rules.rotation import Calendar, OnHolidays, Rotation, Shift, openings, shifts_of

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Plan:
    """A rota as its rows have it. `rotations` from the uppermost; `overrides` do not overlap; `unfit` are people whom
    nobody can page: they left, may not answer there, or have no channel.

    `needed` are the openings of a week in which somebody must be there; none means always.
    """

    calendar: Calendar
    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Shift, ...] = ()
    unfit: frozenset[int] = frozenset()
    needed: tuple[Span, ...] = ()
    on_holidays: OnHolidays = OnHolidays.SAME


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A time without anybody, `end` exclusive. `meant` is who would be there, could they be paged."""

    start: datetime
    end: datetime
    meant: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Roster:
    """Shifts and gaps together tile the time that was asked for, less what of it nobody need be there."""

    shifts: list[Shift]
    gaps: list[Gap]


def roster(plan: Plan, start: datetime, end: datetime) -> Roster:
    """Who is on call in [start, end), and when nobody is."""
    given = _sources(plan, start, end)
    fit = [[shift for shift in source if shift.person not in plan.unfit] for source in given]
    shifts, free = _painted(fit, start, end)
    needed = openings(plan.needed, plan.on_holidays, plan.calendar, start, end) if start < end else []
    missed = [(max(free_from, since), min(free_to, until)) for free_from, free_to in free for since, until in needed]
    return Roster(shifts, _explained([each for each in missed if each[0] < each[1]], given))


def began(plan: Plan) -> datetime:
    """Since when anybody was to be there: before it nobody was missing. The end of time for a rota without anybody."""
    zone = plan.calendar.zone
    layers = [instant_of(rotation.starts, rotation.handover, zone) for rotation in plan.rotations]
    return min([*layers, *(shift.start for shift in plan.overrides)], default=datetime.max.replace(tzinfo=UTC))


def _sources(plan: Plan, start: datetime, end: datetime) -> list[list[Shift]]:
    """Everybody's shifts, whoever they are, from what wins to what yields."""
    overrides = [_cut(shift, max(shift.start, start), min(shift.end, end)) for shift in sorted(plan.overrides)]
    layers = [
        list(shifts_of(rotation, number, plan.calendar, start, end)) for number, rotation in enumerate(plan.rotations)
    ]
    return [[shift for shift in overrides if shift.start < shift.end], *layers]


def _painted(sources: list[list[Shift]], start: datetime, end: datetime) -> tuple[list[Shift], list[Interval]]:
    """Each source takes what those above it left. Returns what was taken and what is free after all."""
    taken: list[Shift] = []
    free: list[Interval] = [(start, end)] if start < end else []
    for source in sources:
        taken += [
            _cut(shift, max(shift.start, since), min(shift.end, until))
            for since, until in free
            for shift in source
            if shift.start < until and since < shift.end
        ]
        free = _without(free, source)
    return sorted(taken), free


def _without(free: Iterable[Interval], source: list[Shift]) -> list[Interval]:
    """The free intervals less a source's shifts, which are in order."""
    left = []
    for since, until in free:
        at = since
        for shift in source:
            if shift.end <= at or until <= shift.start:
                continue
            if at < shift.start:
                left.append((at, shift.start))
            at = shift.end
        if at < until:
            left.append((at, until))
    return left


def _explained(free: list[Interval], given: list[list[Shift]]) -> list[Gap]:
    """Gaps cut so that each has one person who was meant to be there, or nobody."""
    gaps = []
    for since, until in free:
        meant, empty = _painted(given, since, until)
        gaps += [Gap(shift.start, shift.end, shift.person) for shift in meant]
        gaps += [Gap(*each) for each in empty]
    return sorted(gaps)


def _cut(shift: Shift, start: datetime, end: datetime) -> Shift:
    return Shift(start, end, shift.person, shift.layer, shift.turn)
