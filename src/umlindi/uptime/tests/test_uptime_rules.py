"""Laws of the arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.estate.rules import opening_hours
from umlindi.uptime.rules.availability import ZERO, Availability, Tally, all_up, availability, mean, pieces
from umlindi.uptime.rules.budgets import PACES, Budget, Verdict, burn_rate, burning
from umlindi.uptime.rules.months import days_period, month_of, month_period, plus, read_month, to_close
from umlindi.uptime.rules.opening import open_periods
from umlindi.uptime.rules.promises import Part, Promise
from umlindi.uptime.rules.showing import digits, lasted, percent
from umlindi.uptime.rules.timeline import Period, Span, Timeline, clipped, merged, timeline, together, within, without
from umlindi.watch.rules.conditions import Condition, Interval

START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH = Period(START, START + timedelta(days=30))
JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
HOUR = timedelta(hours=1)

moments = st.integers(0, 30 * 86_400_000_000).map(lambda us: START + timedelta(microseconds=us))
conditions = st.sampled_from(list(Condition))


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Any history within the month: it may begin late, have holes and end early."""
    edges = sorted(set(draw(st.lists(moments, min_size=2, max_size=12))))
    spans = [Span(draw(conditions), a, b) for a, b in pairwise(edges)]
    return [span for span in spans if draw(st.integers(0, 5))]


@st.composite
def windows(draw: st.DrawFn) -> list[Period]:
    pairs = draw(st.lists(st.tuples(moments, moments), max_size=5))
    return merged(Period(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])


def whole(spans: Sequence[Span]) -> timedelta:
    return sum((span.length for span in spans), ZERO)


@given(timelines())
def test_the_shares_of_a_timeline_sum_to_its_length(spans: Timeline) -> None:
    tally = Tally.of(spans)
    assert tally.whole == tally.up + tally.degraded + tally.down + tally.unknown == whole(spans)


@given(timelines(), windows(), moments)
def test_a_period_cut_in_two_adds_up_to_the_whole(spans: Timeline, agreed: list[Period], cut: datetime) -> None:
    halves = (Period(MONTH.start, cut), Period(cut, MONTH.end))
    parts = [availability(list(clipped(spans, half)), agreed) for half in halves]
    assert mean(parts) == availability(spans, agreed)


@given(timelines(), windows())
def test_windows_only_remove(spans: Timeline, agreed: list[Period]) -> None:
    found = availability(spans, agreed)
    for name in ("up", "degraded", "down", "unknown"):
        assert ZERO <= getattr(found.adjusted, name) <= getattr(found.raw, name)
    assert found.agreed == whole(within(spans, agreed))
    assert whole(within(spans, agreed)) + whole(without(spans, agreed)) == whole(spans)


@given(timelines(), windows(), windows())
def test_windows_that_overlap_count_once(spans: Timeline, some: list[Period], others: list[Period]) -> None:
    both = merged([*some, *others])
    assert availability(spans, both) == availability(spans, merged([*others, *both]))
    assert availability(spans, both).agreed <= availability(spans, some).agreed + availability(spans, others).agreed


@given(timelines())
def test_unknown_is_never_counted_as_up_or_down(spans: Timeline) -> None:
    known = [span for span in spans if span.condition is not Condition.UNKNOWN]
    assert Tally.of(spans).share == Tally.of(known).share
    assert Tally.of(spans).down == Tally.of(known).down


@given(st.lists(timelines(), min_size=1, max_size=4), moments)
def test_a_whole_is_at_each_instant_the_worst_of_its_parts(parts: list[Timeline], at: datetime) -> None:
    def of(spans: Sequence[Span]) -> Condition | None:
        return next((span.condition for span in spans if span.start <= at < span.end), None)

    there = {of(spans) for spans in parts} - {None}
    order = [Condition.DOWN, Condition.UNKNOWN, Condition.DEGRADED, Condition.UP]
    assert of(together(parts)) == next((one for one in order if one in there), None)


@given(st.lists(timelines(), min_size=1, max_size=4))
def test_no_more_is_up_together_than_each_is_alone(parts: list[Timeline]) -> None:
    spans = together(parts)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    assert whole(spans) <= sum((whole(each) for each in parts), ZERO)
    assert Tally.of(spans).down >= max(Tally.of(each).down for each in parts)


@given(st.lists(st.tuples(timelines(), windows()), min_size=1, max_size=4))
def test_what_is_in_a_window_takes_no_part_in_the_whole(parts: list[tuple[Timeline, list[Period]]]) -> None:
    found = all_up([spans for spans, _ in parts], [agreed for _, agreed in parts])
    assert found.adjusted.whole <= found.raw.whole
    assert found.adjusted.down <= found.raw.down


@given(timelines(), windows())
def test_the_pieces_are_the_figures_again(spans: Timeline, agreed: list[Period]) -> None:
    cut = pieces(spans, agreed)
    found = availability(spans, agreed)
    assert Tally.of(piece.span for piece in cut) == found.raw
    assert Tally.of(piece.span for piece in cut if not piece.agreed) == found.adjusted


@given(timelines(), windows())
def test_figures_survive_being_written_down(spans: Timeline, agreed: list[Period]) -> None:
    found = availability(spans, agreed)
    assert Availability.from_json(found.to_json()) == found


def up_but(*downs: Period, start: datetime = MONTH.start, end: datetime = MONTH.end) -> Timeline:
    """Up throughout, but for these."""
    edges = [start, *(edge for down in downs for edge in down), end]
    found = [Span(Condition.DOWN if n % 2 else Condition.UP, a, b) for n, (a, b) in enumerate(pairwise(edges))]
    return [span for span in found if span.length]


def minutes(first: float, last: float, day: int = 9) -> Period:
    at = START + timedelta(days=day)
    return Period(at + timedelta(minutes=first), at + timedelta(minutes=last))


def test_a_month_of_30_days_with_a_window_of_10_minutes_has_30_days_less_10_minutes() -> None:
    found = availability(up_but(minutes(0, 10)), [minutes(0, 10)])
    assert found.raw.whole == timedelta(days=30)
    assert found.raw.down == timedelta(minutes=10)
    assert found.adjusted.whole == timedelta(days=30) - timedelta(minutes=10)
    assert found.adjusted.share == 1
    assert found.raw.share == Fraction(30 * 1440 - 10, 30 * 1440)


def test_a_window_that_opens_and_closes_amid_an_outage_takes_out_only_its_own_time() -> None:
    found = availability(up_but(minutes(0, 60)), [minutes(20, 30)])
    assert (found.raw.down, found.adjusted.down) == (timedelta(minutes=60), timedelta(minutes=50))


def test_no_data_is_a_share_of_its_own() -> None:
    tally = Tally.of([Span(Condition.UP, START, START + HOUR), Span(Condition.UNKNOWN, START + HOUR, START + 2 * HOUR)])
    assert tally.share == 1
    assert tally.unknown_share == Fraction(1, 2)
    assert Tally().share is None


def test_what_was_added_in_the_middle_counts_from_its_first_answer() -> None:
    came = START + timedelta(days=20)
    spans = timeline([Interval(Condition.UP, came, None)], MONTH, MONTH.end)
    assert spans == [Span(Condition.UP, came, MONTH.end)]


def test_what_was_not_heard_is_unknown_and_a_hole_too() -> None:
    heard = START + 5 * HOUR
    spans = timeline(
        [Interval(Condition.UP, START - HOUR, START + HOUR), Interval(Condition.UP, START + 2 * HOUR, None)],
        MONTH,
        heard,
    )
    assert [(span.condition, span.length) for span in spans] == [
        ("up", HOUR),
        ("unknown", HOUR),
        ("up", 3 * HOUR),
        ("unknown", MONTH.length - 5 * HOUR),
    ]


def test_unknown_beside_degraded_is_not_up() -> None:
    both = [[Span(one, START, START + HOUR)] for one in (Condition.UNKNOWN, Condition.DEGRADED)]
    assert Tally.of(together(both)).share is None


# Budgets


@given(st.integers(0, 10**9), st.integers(1, 10**12), st.fractions(Fraction(1, 2), Fraction(99999, 100000)))
def test_a_period_that_is_over_is_met_exactly_where_its_share_reaches_the_target(
    down: int, up: int, target: Fraction
) -> None:
    tally = Tally(up=timedelta(microseconds=up), down=timedelta(microseconds=down))
    verdict = Budget(target, tally).verdict
    assert tally.share is not None
    assert (verdict is Verdict.MET) == (tally.share >= target)
    assert (verdict is Verdict.MISSED) == (tally.share < target)


@given(timelines(), st.integers(1, 10**6), st.fractions(Fraction(1, 2), Fraction(99999, 100000)))
def test_more_unknown_changes_no_verdict_but_only_what_is_proven(spans: Timeline, more: int, target: Fraction) -> None:
    tally = Tally.of(spans)
    vaguer = tally + Tally(unknown=timedelta(seconds=more))
    assert Budget(target, tally).verdict == Budget(target, vaguer).verdict
    assert Budget(target, tally).proven or tally.unknown


@given(timelines(), st.integers(0, 10**6), st.integers(0, 10**6), st.fractions(Fraction(1, 2), Fraction(99999, 100000)))
def test_a_proven_verdict_stands_whatever_the_unknown_was(
    spans: Timeline, down: int, remaining: int, target: Fraction
) -> None:
    tally, left = Tally.of(spans), timedelta(seconds=remaining)
    budget = Budget(target, tally, left)
    fallen = min(timedelta(seconds=down), tally.unknown)
    known = Tally(tally.up + tally.unknown - fallen, tally.degraded, tally.down + fallen)
    if budget.proven:
        assert Budget(target, known, left).verdict is budget.verdict


def test_it_is_not_proven_only_where_unknown_time_could_turn_the_verdict() -> None:
    target, day, minute = Fraction("0.999"), timedelta(days=1), timedelta(minutes=1)
    assert Budget(target, Tally(up=29 * day, down=day)).proven, "nothing is unknown"
    assert Budget(target, Tally(up=29 * day, down=day, unknown=minute)).proven, "missed all the same"
    assert not Budget(target, Tally(up=29 * day, down=42 * minute, unknown=day)).proven, "it could have been met"
    assert Budget(target, Tally(up=29 * day, unknown=minute)).proven, "met all the same"
    assert not Budget(target, Tally(up=29 * day, unknown=day)).proven, "it could have been missed"
    assert not Budget(target, Tally(unknown=day)).proven, "nothing is known"


def test_a_running_month_is_missed_only_when_what_is_left_cannot_mend_it() -> None:
    target = Fraction("0.999")
    early = Tally(up=timedelta(hours=23), down=timedelta(minutes=40))
    assert Budget(target, early, timedelta(days=29)).verdict is Verdict.AT_RISK
    assert Budget(target, early, ZERO).verdict is Verdict.MISSED
    spent = Tally(up=timedelta(hours=23), down=timedelta(minutes=44))
    assert Budget(target, spent, timedelta(days=29)).verdict is Verdict.MISSED
    assert Budget(target, Tally(up=HOUR), timedelta(days=29)).verdict is Verdict.ON_COURSE
    assert Budget(target, Tally(unknown=HOUR), timedelta(days=29)).verdict is Verdict.UNKNOWN
    assert Budget(target, Tally(), timedelta(days=30)).allowed == timedelta(minutes=43, seconds=12)


def promise(*downs: Period, agreed: Sequence[Period] = (), unknown: bool = False) -> Promise:
    spans = up_but(*downs)
    if unknown:
        spans = [Span(Condition.UNKNOWN, *span[1:]) if span.condition == "down" else span for span in spans]
    return Promise(Fraction("0.999"), False, [Part(spans, agreed, [MONTH])])


def burns(promised: Promise, now: datetime) -> set[str]:
    def over(look: timedelta) -> tuple[Fraction, int]:
        period = Period(now - look, now)
        rate = burn_rate(promised.down(period), promised.counted(period), promised.target)
        return rate, promised.falls(period)

    return {speed for speed, paces in PACES.items() if burning(paces, over)}


def test_one_fall_burns_nothing_however_long_for_it_has_an_alert_of_its_own() -> None:
    long = minutes(0, 600)
    assert burns(promise(long), long.end) == set()
    assert promise(long).falls(Period(long.start, long.end)) == 1
    assert burns(promise(minutes(-30, -29.9), long), minutes(0, 25).end) == {"fast", "slow"}


def test_a_minute_down_within_the_hour_burns_fast_and_ends_five_minutes_after_it() -> None:
    promised = promise(minutes(-20, -19.99), minutes(0, 1))
    assert burns(promised, minutes(0, 0.8).end) == set()
    assert "fast" in burns(promised, minutes(0, 1).end)
    assert "fast" in burns(promised, minutes(0, 5).end)
    assert "fast" not in burns(promised, minutes(0, 6.1).end)


def test_a_slow_leak_burns_slowly_and_not_fast() -> None:
    leak = [minutes(30 * n, 30 * n + 0.25) for n in range(48)]
    assert burns(promise(*leak), leak[-1].end) == {"slow"}


def test_nothing_burns_in_a_window_and_unknown_never_does() -> None:
    now = minutes(0, 30).end
    falls = [minutes(0, 10), minutes(20, 30)]
    assert burns(promise(*falls), now) == {"fast", "slow"}
    assert burns(promise(*falls, agreed=[minutes(-5, 60)]), now) == set()
    assert burns(promise(*falls, unknown=True), now) == set()


@given(st.lists(st.tuples(timelines(), windows(), windows()), min_size=1, max_size=3), st.booleans())
def test_a_budget_counts_what_its_figure_counts(
    given_parts: list[tuple[Timeline, list[Period], list[Period]]], as_mean: bool
) -> None:
    promised = Promise(Fraction("0.999"), as_mean, [Part(*each) for each in given_parts])
    found = promised.availability()
    assert promised.down(MONTH) == found.adjusted.down
    assert promised.counted(MONTH) >= found.adjusted.whole
    assert Budget(promised.target, found.adjusted).spent == found.adjusted.down


# Opening hours


def test_hours_are_those_of_the_wall_clock_in_every_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    week = days_period(date(2026, 10, 19), date(2026, 11, 1), berlin)
    opened = open_periods(opening_hours("Mon-Fri 08:00-17:00"), berlin, week)
    assert len(opened) == 10
    assert {(p.start.astimezone(berlin).hour, p.length) for p in opened} == {(8, 9 * HOUR)}


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_open_throughout_is_as_long_as_the_day(day: date, hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    period = days_period(day, day, berlin)
    assert period.length == hours * HOUR
    assert open_periods(opening_hours("24/7"), berlin, period) == [period]


@given(st.sampled_from(["Europe/Berlin", "Africa/Johannesburg", "America/New_York", "Africa/Cairo"]), moments, moments)
def test_hours_never_leave_the_period_nor_overlap(name: str, first: datetime, second: datetime) -> None:
    period = Period(min(first, second), max(first, second) + HOUR)
    opened = open_periods(opening_hours("Mon-Sat 07:00-12:00, 13:00-17:00; Sun 22:00-06:00"), ZoneInfo(name), period)
    assert opened == merged(opened)
    assert all(period.start <= each.start < each.end <= period.end for each in opened)


def test_a_site_without_hours_is_always_open() -> None:
    assert open_periods((), JOHANNESBURG, MONTH) == [MONTH]


# Months


def test_months_are_those_of_the_house() -> None:
    period = month_period(date(2026, 11, 1), JOHANNESBURG)
    assert period == Period(datetime(2026, 10, 31, 22, tzinfo=UTC), datetime(2026, 11, 30, 22, tzinfo=UTC))
    assert month_of(datetime(2026, 10, 31, 22, tzinfo=UTC), JOHANNESBURG) == date(2026, 11, 1)
    assert plus(date(2026, 11, 1), 2) == date(2027, 1, 1)
    assert plus(date(2026, 1, 1), -1) == date(2025, 12, 1)
    assert read_month("2026-02") == date(2026, 2, 1)
    assert [read_month(text) for text in ("", "2026", "2026-13", "26-02", "2026-0²", "9999-12")] == [None] * 6


def test_a_month_closes_after_its_days_of_grace() -> None:
    first = datetime(2026, 9, 20, tzinfo=UTC)
    end = month_period(date(2026, 10, 1), JOHANNESBURG).end
    assert to_close(first, end + timedelta(days=3), JOHANNESBURG) == [date(2026, 9, 1), date(2026, 10, 1)]
    assert to_close(first, end + timedelta(days=3) - HOUR, JOHANNESBURG) == [date(2026, 9, 1)]


# Showing


@given(st.fractions(0, 1))
def test_no_share_is_shown_as_more_than_it_is(share: Fraction) -> None:
    shown = Fraction(Decimal(digits(share))) / 100
    assert shown <= share < shown + Fraction(1, 100_000)
    if share < Fraction("0.999"):
        assert shown < Fraction("0.999")


def test_shares_and_times_as_they_are_written() -> None:
    assert [
        percent(share) for share in (None, Fraction(1), Fraction("0.99899999"), Fraction(1, 10**7), Fraction())
    ] == [
        "–",
        "100.000\N{NO-BREAK SPACE}%",
        "99.899\N{NO-BREAK SPACE}%",
        "<\N{NO-BREAK SPACE}0.001\N{NO-BREAK SPACE}%",
        "0.000\N{NO-BREAK SPACE}%",
    ]
    plain = [lasted(timedelta(seconds=s)).replace("\N{NO-BREAK SPACE}", " ") for s in (0, 0.2, 59, 2592, 97_500, -5)]
    assert plain == ["0 s", "< 1 s", "59 s", "43 min 12 s", "1 d 3 h 5 min", "−5 s"]
