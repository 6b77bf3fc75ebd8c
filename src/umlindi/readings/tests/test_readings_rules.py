from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from umlindi.readings.rules.answers import storable
from umlindi.readings.rules.histograms import ERROR, GAMMA, GREATEST, LEAST, Histogram, value_of
from umlindi.readings.rules.levels import DAY, HOUR, Level, floor, partition_named, partition_of, partitions_between
from umlindi.readings.rules.periods import STEPS, Kept, coarsest_for, pieces, step_for

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
NEAR = st.integers(-5 * 1440, 5 * 1440).map(lambda minutes: MIDNIGHT + timedelta(minutes=minutes))
HOURS = st.integers(-130, 130).map(lambda number: MIDNIGHT + number * HOUR)
KEPT = st.builds(
    Kept,
    marked_hours=st.frozensets(HOURS, max_size=20),
    marked_days=st.frozensets(HOURS.map(lambda hour: floor(hour, DAY)), max_size=4),
)
VALUES = st.floats(-GREATEST, GREATEST)


def bucket_of(value: float) -> int:
    """The scale as the histograms' page tells it, written a second time."""
    if abs(value) <= LEAST:
        return 0
    return int(math.copysign(math.ceil(math.log(abs(value) / LEAST) / math.log(GAMMA)), value))


def histogram(values: list[float]) -> Histogram:
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket_of(value)] = counts.get(bucket_of(value), 0) + 1
    return Histogram(counts, sum(values), min(values), max(values))


@given(VALUES)
def test_what_stands_for_a_bucket_is_within_two_percent_of_all_that_is_in_it(value: float) -> None:
    assert abs(value_of(bucket_of(value)) - value) <= ERROR * abs(value) * (1 + 1e-9) + LEAST


@given(st.lists(VALUES, min_size=1), st.floats(0, 1))
def test_a_quantile_is_a_value_that_was_measured_give_or_take_two_percent(values: list[float], share: float) -> None:
    told = histogram(values).quantile(share)
    exact = sorted(values)[max(1, math.ceil(share * len(values) - 1e-9)) - 1]
    assert abs(told - exact) <= ERROR * abs(exact) * (1 + 1e-9) + LEAST


@given(st.lists(VALUES, min_size=1), st.lists(st.floats(0, 1), min_size=2))
def test_quantiles_grow_with_their_share_and_stay_between_the_extremes(
    values: list[float], shares: list[float]
) -> None:
    whole = histogram(values)
    told = [whole.quantile(share) for share in sorted(shares)]
    assert told == sorted(told)
    assert whole.least <= told[0] <= told[-1] <= whole.greatest == whole.quantile(1)


@given(st.dictionaries(st.text(), st.floats(allow_nan=True, allow_infinity=True)))
def test_only_finite_numbers_are_stored_and_a_real_can_hold_them(values: dict[str, float]) -> None:
    kept = storable(values)
    assert list(kept) == sorted(name for name, value in values.items() if math.isfinite(value))
    assert all(value == 0 or LEAST <= abs(value) <= GREATEST for value in kept.values())


@given(st.sampled_from(Level), MOMENTS)
def test_a_moment_lies_in_its_partition_and_the_name_says_which(level: Level, at: datetime) -> None:
    part = partition_of(level, at)
    assert part.start <= at < part.end
    assert partition_named(level, part.name) == part
    assert partition_of(level, part.start) == part


@given(st.sampled_from(Level), MOMENTS, st.integers(0, 500))
def test_partitions_follow_each_other_without_a_gap(level: Level, at: datetime, days: int) -> None:
    parts = list(partitions_between(level, at, at + timedelta(days=days)))
    assert all(one.end == next_.start for one, next_ in itertools.pairwise(parts))
    assert parts[0].start <= at
    assert parts[-1].end > at + timedelta(days=days)


@given(NEAR, NEAR, KEPT, st.sampled_from(Level))
def test_pieces_cover_the_period_once(start: datetime, end: datetime, kept: Kept, coarsest: Level) -> None:
    parts = pieces(start, end, kept, coarsest)
    covered = [(part.start, part.end) for part in parts]
    assert all(one < other for one, other in covered)
    assert [one for one, _ in covered] == ([start, *(end for _, end in covered)][: len(covered)])
    assert not covered or covered[-1][1] == end
    assert bool(covered) == (start < end)


@given(NEAR, NEAR, KEPT)
def test_no_histogram_answers_for_what_it_lacks(start: datetime, end: datetime, kept: Kept) -> None:
    for part in pieces(start, end, kept):
        if part.level is not Level.RAW:
            assert not any(part.start <= hour < part.end for hour in kept.marked_hours)
        if part.level is Level.DAY:
            assert not any(part.start <= day < part.end for day in kept.marked_days)


@given(NEAR, NEAR, KEPT, st.sampled_from([Level.RAW, Level.HOUR]))
def test_nothing_longer_than_was_asked_for_answers(start: datetime, end: datetime, kept: Kept, coarsest: Level) -> None:
    allowed = {Level.RAW, coarsest}
    assert {part.level for part in pieces(start, end, kept, coarsest)} <= allowed


def test_thirty_days_come_from_days_with_hours_and_readings_at_their_edges() -> None:
    start, end = MIDNIGHT - 30 * DAY + timedelta(minutes=90), MIDNIGHT + timedelta(minutes=150)
    parts = pieces(start, end, Kept())
    assert [part.level for part in parts] == [Level.RAW, Level.HOUR, Level.DAY, Level.HOUR, Level.RAW]
    assert parts[2].end - parts[2].start == 29 * DAY


def test_an_edge_finer_than_what_is_kept_takes_in_the_whole_of_it() -> None:
    kept = Kept(raw_from=MIDNIGHT, hours_from=MIDNIGHT - 10 * DAY)
    start, end = MIDNIGHT - 11 * DAY + timedelta(minutes=90), MIDNIGHT - DAY + timedelta(minutes=90)
    parts = pieces(start, end, kept)
    assert (parts[0].level, parts[0].start) == (Level.DAY, MIDNIGHT - 11 * DAY)
    assert (parts[-1].level, parts[-1].end) == (Level.HOUR, MIDNIGHT - DAY + 2 * HOUR)


@given(NEAR, st.integers(1, 5000), st.integers(1, 2000))
def test_a_chart_has_no_more_points_than_asked_and_steps_that_days_are_made_of(
    start: datetime, hours: int, points: int
) -> None:
    end = start + hours * HOUR
    step = step_for(start, end, points)
    assert (end - start) / step <= points or step == STEPS[-1]
    assert DAY % step == timedelta(0) or step % DAY == timedelta(0)
    assert (coarsest_for(step) is Level.RAW) == (step < HOUR)
