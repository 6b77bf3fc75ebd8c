from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis.strategies import DrawFn, composite, integers, lists, sampled_from, sets

from umlindi.probes import Layer, ProbeResult, Severity, State, Step
from umlindi.watch.rules import conditions as rules
from umlindi.watch.rules.conditions import Change, Condition, Interval

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def history(*pieces: tuple[Condition, float]) -> list[Interval]:
    """Intervals that follow each other from minute 0; the last one is open."""
    found: list[Interval] = []
    minute = 0.0
    for condition, length in pieces:
        found.append(Interval(condition, at(minute), at(minute + length)))
        minute += length
    last = found[-1]
    return [*found[:-1], Interval(last.condition, last.since, None)]


@composite
def histories(draw: DrawFn) -> list[Interval]:
    pieces = draw(lists(integers(1, 300), min_size=1, max_size=12))
    conditions = [draw(sampled_from(Condition)) for _ in pieces]
    return history(*[(condition, float(length)) for condition, length in zip(conditions, pieces, strict=True)])


UP, DOWN, UNKNOWN, DEGRADED = Condition.UP, Condition.DOWN, Condition.UNKNOWN, Condition.DEGRADED


@pytest.mark.parametrize(
    ("pieces", "then", "change"),
    [
        ([(UP, 100)], 50, Change.SAME),
        ([(UP, 100), (DOWN, 10)], 50, Change.NEW),
        ([(UP, 10), (DOWN, 100)], 50, Change.STILL),
        ([(DOWN, 30), (DEGRADED, 100)], 20, Change.STILL),
        ([(DOWN, 100), (UP, 10)], 50, Change.RECOVERED),
        ([(UP, 60), (DOWN, 5), (UP, 10)], 50, Change.RECOVERED),
        ([(DOWN, 60), (UP, 5), (DOWN, 10)], 50, Change.NEW),
        ([(DOWN, 60), (UNKNOWN, 5), (DOWN, 10)], 50, Change.STILL),
        ([(UP, 60), (UNKNOWN, 20)], 50, Change.SAME),
        ([(UP, 100)], -5, Change.FIRST),
    ],
)
def test_a_line_says_what_changed_since_the_check_before(
    pieces: list[tuple[Condition, float]], then: float, change: Change
) -> None:
    assert rules.change_since(at(then), history(*pieces)) is change


def test_an_interface_never_heard_of_is_there_for_the_first_time() -> None:
    assert rules.change_since(at(0), []) is Change.FIRST


@given(histories(), integers(-100, 2000))
def test_only_what_is_bad_now_is_new_or_still(intervals: list[Interval], then: int) -> None:
    change = rules.change_since(at(then), intervals)
    bad = intervals[-1].condition in rules.BAD
    assert (change in {Change.NEW, Change.STILL}) == bad


@given(histories())
def test_bad_since_is_the_start_of_the_unbroken_bad_time(intervals: list[Interval]) -> None:
    since = rules.bad_since(intervals)
    if intervals[-1].condition not in rules.BAD:
        assert since is None
        return
    assert since is not None
    assert all(one.condition in rules.BAD for one in intervals if one.until is None or one.until > since)
    assert not any(one.until == since and one.condition in rules.BAD for one in intervals)


@given(histories(), integers(-200, 1000), integers(1, 3000))
def test_a_trace_covers_its_whole_time_and_neighbours_differ(
    intervals: list[Interval], begins: int, length: int
) -> None:
    spans = rules.trace(intervals, at(begins), at(begins + length))
    assert sum(span.share for span in spans) == pytest.approx(1)
    assert all(span.share > 0 for span in spans)
    assert all(left.condition is not right.condition for left, right in pairwise(spans))


@given(histories(), integers(0, 500), integers(1, 500))
def test_a_trace_gives_each_condition_the_time_it_had(intervals: list[Interval], begins: int, length: int) -> None:
    start, end = at(begins), at(begins + length)
    spans = rules.trace(intervals, start, end)
    for condition in (UP, DOWN, DEGRADED):
        had = sum(
            (
                max(timedelta(), min(one.until or end, end) - max(one.since, start))
                for one in intervals
                if one.condition is condition
            ),
            timedelta(),
        )
        assert sum(span.share for span in spans if span.condition is condition) == pytest.approx(
            had / (end - start), abs=1e-9
        )


def step(state: State, severity: Severity | None = None, ms: float | None = 1.0) -> Step:
    return Step("echo", state, ms, Layer.DIMSE, severity=severity)


@pytest.mark.parametrize(
    ("steps", "condition"),
    [
        ([step(State.OK)], UP),
        ([step(State.OK), step(State.SKIPPED, ms=None)], UP),
        ([step(State.OK), step(State.FAILED, Severity.DEGRADED)], DEGRADED),
        ([step(State.FAILED, Severity.DEGRADED), step(State.FAILED, Severity.FAILED)], DOWN),
        ([step(State.SKIPPED, ms=None)], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_a_result_in_which_nothing_was_tried_is_unknown(steps: list[Step], condition: Condition) -> None:
    assert rules.condition_of(ProbeResult("dicom", "host:104", tuple(steps))) is condition


@given(sets(sampled_from(Condition)))
def test_unknown_never_hides_what_is_down_nor_passes_for_up(conditions: set[Condition]) -> None:
    worst = rules.worst(conditions)
    if DOWN in conditions:
        assert worst is DOWN
    assert (worst is UP) == (conditions == {UP})


@given(histories(), sampled_from(Condition), integers(-100, 4000))
def test_one_more_answer_is_the_present_and_history_stays_whole(
    intervals: list[Interval], condition: Condition, minute: int
) -> None:
    then = rules.with_answer(intervals, condition, at(minute))
    assert (then[-1].condition, then[-1].until) == (condition, None)
    assert all(one.until == other.since for one, other in pairwise(then))
    assert then[0].since == intervals[0].since
