from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umlindi.readings.queries import Point, distribution, measures_of, pace, quantiles, recent, series
from umlindi.readings.rules.answers import storable
from umlindi.readings.rules.histograms import ERROR, GREATEST, LEAST, value_of
from umlindi.readings.rules.levels import DAY, HOUR
from umlindi.readings.services import Reading, append, roll_up

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
SHARES = (0.01, 0.5, 0.95, 0.99, 1.0)
SPAN = 3 * 1440
fresh = itertools.count(1000)

Drawn = tuple[int, int, float]
VALUES = st.one_of(st.floats(0.05, 60_000), st.floats(-5, 5), st.floats(-1e30, 1e30), st.just(0.0))
DRAWN: st.SearchStrategy[list[Drawn]] = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, SPAN - 1), VALUES),
    min_size=1,
    max_size=60,
    unique_by=lambda row: row[:2],
)
# The examples of one test share its transaction: each has interfaces of its own.
SHARED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def minutes(number: float) -> datetime:
    return MIDNIGHT + timedelta(minutes=number)


def reading(interface: int, minute: float, value: float = 12.0, condition: str = "up", **more: Any) -> Reading:
    return Reading(interface, "quick", minutes(minute), condition, "", {"echo": value, **more})


def exact(values: Sequence[float], share: float) -> float:
    """As percentile_disc has it."""
    return sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]


def near(told: float, true: float) -> bool:
    return abs(told - true) <= (ERROR + 1e-6) * abs(true) + 2 * LEAST


@SHARED
@given(drawn=DRAWN, cut=st.integers(0, 60), edges=st.tuples(st.integers(0, SPAN), st.integers(0, SPAN)))
def test_quantiles_over_any_period_and_any_interfaces_are_right_however_far_it_is_rolled_up(
    drawn: list[Drawn], cut: int, edges: tuple[int, int]
) -> None:
    ids = [next(fresh) for _ in range(3)]
    rows = [reading(ids[who], minute, value) for who, minute, value in drawn]
    append(rows[:cut])
    roll_up(minutes(SPAN / 2))
    append(rows[cut:])
    start, end = sorted(edges)
    for asked in (ids, ids[:1]):
        values = [
            max(-GREATEST, min(GREATEST, value))
            for who, minute, value in drawn
            if ids[who] in asked and start <= minute < end
        ]
        told = quantiles(asked, "echo", minutes(start), minutes(end), SHARES)
        assert list(told) == (list(SHARES) if values else [])
        assert all(near(told[share], exact(values, share)) for share in told)


@SHARED
@given(drawn=DRAWN, cuts=st.lists(st.integers(0, 60), max_size=3))
def test_the_split_into_batches_hours_and_days_leaves_no_trace(drawn: list[Drawn], cuts: list[int]) -> None:
    once, bitwise = next(fresh), next(fresh)
    append([reading(once, minute + who / 4, value) for who, minute, value in drawn])
    rows = [reading(bitwise, minute + who / 4, value) for who, minute, value in drawn]
    for number, (low, high) in enumerate(itertools.pairwise([0, *sorted(cuts), len(rows)])):
        append(reversed(rows[low:high]))
        roll_up(minutes(number * 1000))
    before = distribution([once], "echo", minutes(0), minutes(SPAN))
    roll_up(minutes(2 * SPAN))
    for each in (once, bitwise):
        after = distribution([each], "echo", minutes(0), minutes(SPAN))
        assert before is not None
        assert after is not None
        assert (after.counts, after.least, after.greatest) == (before.counts, before.least, before.greatest)
        assert after.total == pytest.approx(before.total, rel=1e-9, abs=GREATEST * 1e-6)


@given(st.lists(st.floats(-GREATEST, GREATEST), min_size=1, max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_postgresql_counts_on_the_scale_of_the_rules(drawn: list[float]) -> None:
    values = list(storable({str(number): value for number, value in enumerate(drawn)}).values())
    with connection.cursor() as cursor:
        cursor.execute("SELECT readings_bucket(value) FROM unnest(%s::real[]) AS value", [values])
        buckets = [bucket for (bucket,) in cursor.fetchall()]
    assert all(near(value_of(bucket), value) for bucket, value in zip(buckets, values, strict=True))


def table(name: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"""
            SELECT start, interface, measure, count, total, least, greatest,
              (SELECT array_agg((bucket, n)::text ORDER BY bucket) FROM unnest(buckets, counts) AS each (bucket, n))
            FROM {name} ORDER BY start, interface, measure""")
        return list(cursor.fetchall())


def test_rolling_up_twice_changes_nothing() -> None:
    append([reading(7, minute, minute / 10) for minute in range(1500)])
    assert roll_up(minutes(1500)) == 26, "25 hours that ended, and a day"
    hours, days = table("readings_hour"), table("readings_day")
    assert roll_up(minutes(1500)) == 0
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO readings_mark SELECT 'hour', %s FROM generate_series(1, 3)", [minutes(60)])
    assert roll_up(minutes(1500)) == 2
    assert (table("readings_hour"), table("readings_day")) == (hours, days)


def test_an_hour_that_has_not_ended_waits_and_is_answered_for_from_its_readings() -> None:
    append([reading(7, minute) for minute in (0, 59, 60, 100)])
    assert roll_up(minutes(101)) == 1
    whole = distribution([7], "echo", minutes(0), minutes(120))
    assert whole is not None
    assert whole.count == 4


def test_a_late_reading_counts_at_once_and_after_the_next_roll_up_in_its_hour_and_its_day() -> None:
    append([reading(7, minute) for minute in range(0, 2880, 10)])
    roll_up(minutes(2880))
    append([reading(7, 75, 900.0)])
    for _ in range(2):
        whole = distribution([7], "echo", minutes(0), minutes(2880))
        assert whole is not None
        assert (whole.count, whole.greatest) == (289, 900.0)
        roll_up(minutes(2881))
    assert max(row[6] for row in table("readings_day")) == 900.0


def test_what_is_there_already_is_not_added_again() -> None:
    spool = [reading(7, minute) for minute in range(100)]
    assert append(spool) == 100
    assert append([*spool, reading(7, 100)]) == 1
    assert append([*spool, *spool]) == 0
    assert len(recent(7, minutes(0), 1000)) == 101


def test_two_plans_that_answer_in_one_moment_are_two_readings() -> None:
    rows = [Reading(7, plan, MIDNIGHT, "up", "", {"echo": 3.0}) for plan in ("quick", "full")]
    assert append(rows) == 2
    assert {row.plan for row in recent(7, MIDNIGHT, 10)} == {"quick", "full"}


def test_readings_share_the_fate_of_the_callers_transaction() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        append([reading(7, 0, new_measure=1.0)])
        raise RuntimeError
    assert recent(7, MIDNIGHT, 10) == []
    assert roll_up(minutes(1440)) == 0, "no mark either"
    assert append([reading(7, 0, new_measure=1.0)]) == 1


def test_an_answer_comes_back_as_it_went_in() -> None:
    down = Reading(7, "full", minutes(1), "down", "A801", {"tcp": 0.5, "association": 2.5})
    silent = Reading(7, "quick", minutes(2), "unknown", "timeout", {})
    odd = Reading(7, "quick", minutes(3), "up", "", {"offset_s": -0.25, "broken": math.nan, "endless": math.inf})
    append([silent, odd, down, reading(8, 4)])
    assert recent(7, minutes(0), 10) == [
        Reading(7, "quick", minutes(3), "up", "", {"offset_s": -0.25}),
        silent,
        down,
    ]
    assert recent(7, minutes(2), 1)[0].at == minutes(3)
    assert measures_of(7, minutes(0)) == ["association", "offset_s", "tcp"]


def test_a_reading_finds_its_day_also_one_long_past_and_one_to_come() -> None:
    days = [-4000, -40, -1, 0, 1, 300]
    append([reading(7, day * 1440) for day in days])
    assert [row.at for row in reversed(recent(7, minutes(-9999 * 1440), 10))] == [minutes(day * 1440) for day in days]


def test_a_chart_tells_each_step_and_what_was_not_up_in_it() -> None:
    append([reading(7, minute, 10.0) for minute in range(60)])
    append([reading(7, minute, 20.0, "degraded") for minute in range(120, 130)])
    append([Reading(7, "quick", minutes(130), "down", "refused", {})])
    for _ in range(2):
        points = series(7, "echo", minutes(0), minutes(180), 3)
        assert [(point.at, point.count, point.answers, point.not_up) for point in points] == [
            (minutes(0), 60, 60, 0),
            (minutes(60), 0, 0, 0),
            (minutes(120), 10, 11, 11),
        ]
        assert points[0].greatest == 10.0
        assert points[1] == Point(minutes(60), 0, None, None, None, 0, 0)
        assert points[2].p50 == pytest.approx(20.0, rel=ERROR)
        roll_up(minutes(300))


def test_a_fine_chart_and_a_long_one_tell_of_the_same_answers() -> None:
    append([reading(7, minute, 5.0) for minute in range(0, 4 * 1440, 7)])
    roll_up(minutes(4 * 1440))
    for points in (4, 40, 400, 4000):
        told = series(7, "echo", MIDNIGHT, MIDNIGHT + 4 * DAY, points)
        assert len(told) <= points + 1
        assert sum(point.count for point in told) == len(range(0, 4 * 1440, 7))


def test_nothing_measured_is_nothing_and_no_error() -> None:
    assert quantiles([7], "echo", MIDNIGHT, MIDNIGHT + DAY, SHARES) == {}
    assert quantiles([], "never heard of", MIDNIGHT, MIDNIGHT, SHARES) == {}
    assert append([]) == 0
    assert [point.answers for point in series(7, "echo", MIDNIGHT, MIDNIGHT + HOUR, 2)] == [0, 0]


def test_the_pace_is_answers_a_second() -> None:
    append([reading(interface, second / 60) for interface in (7, 8, 9) for second in range(0, 60, 2)])
    assert pace([7, 8], minutes(1)) == 1.0
    assert pace([7], minutes(3)) == 0.0
