"""Laws of rotas: one person at a time, no hole unseen, each in turn, and 08:00 stays 08:00."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.oncall.rules.moments import at, instant
from umlindi.oncall.rules.quiet import waits_until
from umlindi.oncall.rules.roster import Gap, Plan, Roster, roster
from umlindi.oncall.rules.rotation import Calendar, OnHolidays, Rotation, Shift, Unit, openings
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.rules.week import week_hours

ZONES = ["Africa/Johannesburg", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
HOURS = ["", "24/7", "Mon-Fri 17:00-07:00; Sat-Sun 00:00-24:00", "Mon-Fri 08:00-17:00", "Sun 01:00-02:30, 03:00-05:00"]
JOBURG = ZoneInfo("Africa/Johannesburg")
START = datetime(2026, 3, 1, tzinfo=UTC)
zones = st.sampled_from(ZONES).map(ZoneInfo)
moments = st.integers(0, 60 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
holidays = st.frozensets(st.dates(date(2026, 2, 20), date(2026, 5, 10)), max_size=6)
rotations = st.builds(
    Rotation,
    people=st.lists(st.integers(1, 5), max_size=4).map(tuple),
    starts=st.dates(date(2026, 1, 1), date(2026, 4, 20)),
    handover=st.times().map(lambda clock: clock.replace(second=0, microsecond=0)),
    unit=st.sampled_from(Unit),
    every=st.integers(1, 3),
    weekday=st.integers(0, 6),
    hours=st.sampled_from(HOURS).map(week_hours),
    on_holidays=st.sampled_from(OnHolidays),
)


@st.composite
def overrides(draw: st.DrawFn) -> tuple[Shift, ...]:
    """Overrides that do not overlap, as the database promises."""
    edges = sorted(set(draw(st.lists(moments, max_size=8))))
    pairs = list(pairwise(edges))[::2]
    return tuple(Shift(since, until, draw(st.integers(1, 5)), None, n) for n, (since, until) in enumerate(pairs))


plans = st.builds(
    Plan,
    calendar=st.builds(Calendar, zones, holidays),
    rotations=st.lists(rotations, max_size=3).map(tuple),
    overrides=overrides(),
    unfit=st.frozensets(st.integers(1, 5), max_size=2),
    needed=st.sampled_from(HOURS).map(week_hours),
    on_holidays=st.sampled_from(OnHolidays),
)


def plan_of(*rotations: Rotation, zone: ZoneInfo = JOBURG, days_off: frozenset[date] = frozenset()) -> Plan:
    return Plan(Calendar(zone, days_off), rotations)


def cut(found: Roster, point: datetime) -> Roster:
    """The same roster with a cut at one point."""
    shifts = [
        Shift(since, until, each.person, each.layer, each.turn)
        for each in found.shifts
        for since, until in _halves(each.start, each.end, point)
    ]
    gaps = [Gap(*half, each.meant) for each in found.gaps for half in _halves(each.start, each.end, point)]
    return Roster(shifts, gaps)


def _halves(start: datetime, end: datetime, point: datetime) -> list[tuple[datetime, datetime]]:
    return [(start, point), (point, end)] if start < point < end else [(start, end)]


@given(plan=plans, edges=st.tuples(moments, moments))
def test_shifts_and_gaps_tile_the_time_exactly(plan: Plan, edges: tuple[datetime, datetime]) -> None:
    """So there is at most one person at every instant, and no hole that is not told."""
    start, end = sorted(edges)
    found = roster(replace(plan, needed=()), start, end)
    pieces = sorted(
        [*((each.start, each.end) for each in found.shifts), *((each.start, each.end) for each in found.gaps)]
    )
    assert all(since < until for since, until in pieces)
    assert [since for since, _ in pieces] == ([start, *(until for _, until in pieces[:-1])] if start < end else [])
    assert not pieces or pieces[-1][1] == end


@given(plan=plans, edges=st.tuples(moments, moments))
def test_only_where_somebody_must_be_there_is_a_hole(plan: Plan, edges: tuple[datetime, datetime]) -> None:
    start, end = sorted(edges)
    found, always = (roster(each, start, end) for each in (plan, replace(plan, needed=())))
    assert found.shifts == always.shifts
    needed = openings(plan.needed, plan.on_holidays, plan.calendar, start, end)
    parts = [(max(gap.start, since), min(gap.end, until), gap.meant) for gap in always.gaps for since, until in needed]
    told = [(gap.start, gap.end, gap.meant) for gap in found.gaps]
    assert _merged(told) == _merged([each for each in parts if each[0] < each[1]])


@given(plan=plans, points=st.tuples(moments, moments, moments))
def test_asked_in_two_parts_it_is_the_same(plan: Plan, points: tuple[datetime, datetime, datetime]) -> None:
    start, middle, end = sorted(points)
    whole, first, second = (roster(plan, *part) for part in ((start, end), (start, middle), (middle, end)))
    assert [*first.shifts, *second.shifts] == cut(whole, middle).shifts
    meant = [(each.start, each.end, each.meant) for each in [*first.gaps, *second.gaps]]
    assert _merged(meant) == _merged([(each.start, each.end, each.meant) for each in cut(whole, middle).gaps])


def _merged(gaps: list[tuple[datetime, datetime, int | None]]) -> list[tuple[datetime, datetime, int | None]]:
    joined: list[tuple[datetime, datetime, int | None]] = []
    for start, end, meant in gaps:
        if joined and joined[-1][1:] == (start, meant):
            joined[-1] = (joined[-1][0], end, meant)
        else:
            joined.append((start, end, meant))
    return joined


@given(plan=plans, moment=moments)
def test_overrides_win_over_all_and_upper_layers_over_lower(plan: Plan, moment: datetime) -> None:
    found = roster(plan, moment, moment + timedelta(minutes=1)).shifts
    wins = found[0].layer if found and found[0].start == moment else len(plan.rotations)
    higher = plan.rotations if wins is not None else ()
    for rotation in higher[: wins or 0]:
        alone = roster(Plan(plan.calendar, (rotation,), unfit=plan.unfit), moment, moment + timedelta(minutes=1))
        assert not alone.shifts or alone.shifts[0].start > moment
    if wins is not None:
        assert not [
            each for each in plan.overrides if each.start <= moment < each.end and each.person not in plan.unfit
        ]


@given(plan=plans, edges=st.tuples(moments, moments))
def test_nobody_who_cannot_be_paged_is_on_call(plan: Plan, edges: tuple[datetime, datetime]) -> None:
    found = roster(plan, *sorted(edges))
    assert not {each.person for each in found.shifts} & plan.unfit
    assert {each.meant for each in found.gaps} <= plan.unfit | {None}


@given(rotation=rotations, zone=zones, count=st.integers(1, 12))
def test_everybody_has_their_turn_in_order(rotation: Rotation, zone: ZoneInfo, count: int) -> None:
    always = Rotation(
        **{name: getattr(rotation, name) for name in ("people", "starts", "handover", "unit", "every", "weekday")}
    )
    begins = at(always.starts, always.handover, zone)
    turns = roster(plan_of(always, zone=zone), begins, begins + timedelta(days=always.days * count)).shifts
    people = [always.people[number % len(always.people)] for number in range(len(turns))] if always.people else []
    assert [each.person for each in turns] == people
    assert [each.turn for each in turns] == list(range(len(turns)))


@given(rotation=rotations, zone=st.sampled_from(ZONES[:3]).map(ZoneInfo), clock=st.integers(4, 23))
def test_a_handover_stays_at_its_local_hour_across_a_change_of_clocks(
    rotation: Rotation, zone: ZoneInfo, clock: int
) -> None:
    always = Rotation((1, 2), rotation.starts, time(clock), rotation.unit, rotation.every, rotation.weekday)
    shifts = roster(plan_of(always, zone=zone), START, START + timedelta(days=365)).shifts
    handovers = [each.start.astimezone(zone) for each in shifts[1:]]
    assert {(each.hour, each.minute) for each in handovers} == {(clock, 0)}
    if rotation.unit is Unit.WEEKS:
        assert {each.weekday() for each in handovers} == {rotation.weekday}


@given(st.sampled_from(ZONES).map(ZoneInfo), st.lists(st.integers(0, 60 * 24 * 400), min_size=2, max_size=6))
def test_a_later_local_time_is_never_an_earlier_instant(zone: ZoneInfo, minutes: list[int]) -> None:
    for begin in (datetime(2011, 6, 1), datetime(2026, 1, 1)):  # noqa: DTZ001 - local times, as a clock shows them
        found = [instant(begin + timedelta(minutes=each), zone) for each in sorted(minutes)]
        assert found == sorted(found)


@pytest.mark.parametrize(
    ("zone", "day", "clock", "utc"),
    [
        ("Africa/Johannesburg", date(2026, 3, 29), time(8), "2026-03-29T06:00"),
        ("Europe/Amsterdam", date(2026, 3, 28), time(8), "2026-03-28T07:00"),
        ("Europe/Amsterdam", date(2026, 3, 29), time(8), "2026-03-29T06:00"),
        ("Europe/Amsterdam", date(2026, 3, 29), time(2, 30), "2026-03-29T01:00"),
        ("Europe/Amsterdam", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30"),
    ],
)
def test_local_times_by_the_books(zone: str, day: date, clock: time, utc: str) -> None:
    assert at(day, clock, ZoneInfo(zone)) == datetime.fromisoformat(f"{utc}+00:00")


def test_a_night_layer_leaves_the_day_to_the_one_below_and_takes_whole_holidays() -> None:
    nights = Rotation(
        (1,), date(2026, 8, 3), time(0), hours=week_hours("Mon-Fri 17:00-07:00"), on_holidays=OnHolidays.WHOLE
    )
    days = Rotation((2,), date(2026, 8, 3), time(0), hours=week_hours("Mon-Fri 07:00-17:00"))
    found = roster(
        plan_of(nights, days, days_off=frozenset({date(2026, 8, 10)})),
        datetime(2026, 8, 7, 12, tzinfo=JOBURG),
        datetime(2026, 8, 11, 12, tzinfo=JOBURG),
    )
    told = [(each.start.astimezone(JOBURG).strftime("%a %H:%M"), each.person) for each in found.shifts]
    assert told == [("Fri 12:00", 2), ("Fri 17:00", 1), ("Mon 00:00", 1), ("Tue 07:00", 2)]
    assert [(gap.start.astimezone(JOBURG).strftime("%a %H:%M"), gap.meant) for gap in found.gaps] == [
        ("Sat 07:00", None)
    ]


def test_who_starts_in_mid_week_has_only_the_rest_of_it() -> None:
    weekly = Rotation((1, 2), date(2026, 11, 25), time(8))
    found = roster(plan_of(weekly), at(date(2026, 11, 23), time(8), JOBURG), at(date(2026, 12, 7), time(8), JOBURG))
    assert [gap.end for gap in found.gaps] == [at(date(2026, 11, 25), time(8), JOBURG)]
    assert [(each.start, each.person) for each in found.shifts] == [
        (at(date(2026, 11, 25), time(8), JOBURG), 1),
        (at(date(2026, 11, 30), time(8), JOBURG), 2),
    ]


def test_whoever_cannot_be_paged_leaves_their_turn_to_the_layer_below_or_a_hole_with_their_name() -> None:
    upper, lower = Rotation((1,), date(2026, 1, 5), time(8)), Rotation((2,), date(2026, 1, 5), time(8))
    start, end = at(date(2026, 2, 2), time(8), JOBURG), at(date(2026, 2, 4), time(8), JOBURG)
    both, one = plan_of(upper, lower), plan_of(upper)
    assert {
        each.person for each in roster(Plan(both.calendar, both.rotations, unfit=frozenset({1})), start, end).shifts
    } == {2}
    assert [gap.meant for gap in roster(Plan(one.calendar, one.rotations, unfit=frozenset({1})), start, end).gaps] == [
        1
    ]


quiet = st.sampled_from(["", "Mon-Sun 22:00-06:00", "Sat-Sun 00:00-24:00", "Mon-Fri 17:00-07:00; Sat-Sun 00:00-24:00"])


@given(hours=quiet, zone=zones, moment=moments, severity=st.sampled_from(Severity))
def test_critical_and_high_never_wait_and_the_others_wait_for_the_end_of_quiet_hours(
    hours: str, zone: ZoneInfo, moment: datetime, severity: Severity
) -> None:
    until = waits_until(severity, moment, week_hours(hours), zone)
    if severity in {Severity.CRITICAL, Severity.HIGH} or not hours:
        assert until is None
    elif until is not None:
        assert moment < until <= moment + timedelta(days=4)
        assert waits_until(severity, until, week_hours(hours), zone) is None


def test_quiet_hours_by_the_clock() -> None:
    hours = week_hours("Mon-Sun 22:00-06:00")
    late, early = (datetime(2026, 11, day, hour, tzinfo=JOBURG) for day, hour in ((24, 23), (25, 6)))
    assert waits_until(Severity.MEDIUM, late, hours, JOBURG) == early
    assert waits_until(Severity.MEDIUM, early, hours, JOBURG) is None


def test_who_is_quiet_all_week_is_paged_after_a_week() -> None:
    moment = datetime(2026, 11, 24, 12, tzinfo=UTC)
    until = waits_until(Severity.LOW, moment, week_hours("24/7"), JOBURG)
    assert until is not None
    assert until - moment < timedelta(days=8)
