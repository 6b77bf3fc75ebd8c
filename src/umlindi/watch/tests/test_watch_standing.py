from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis.strategies import DrawFn, composite, integers, lists, sampled_from

from umlindi.watch.rules.conditions import Condition
from umlindi.watch.rules.plans import Plan, Thresholds, next_due
from umlindi.watch.rules.standing import NEWEST, Standing, changes_among, combined, judge, standing_at

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SILENCE = 110 * SECOND
UP, DEGRADED, DOWN, UNKNOWN = Condition.UP, Condition.DEGRADED, Condition.DOWN, Condition.UNKNOWN
LETTERS = {"u": UP, "g": DEGRADED, "d": DOWN, "?": UNKNOWN}
TWICE = Thresholds(2, 2)

Answer = tuple[Condition, datetime]


def at(seconds: float) -> datetime:
    return START + seconds * SECOND


def row(told: str, gap: float = 30) -> list[Answer]:
    """Answers from letters, one every `gap` seconds."""
    return [(LETTERS[letter], at(place * gap)) for place, letter in enumerate(told)]


def after(answers: Iterable[Answer], thresholds: Thresholds = TWICE, standing: Standing | None = None) -> Standing:
    return history(answers, thresholds, standing)[-1]


def history(
    answers: Iterable[Answer], thresholds: Thresholds = TWICE, standing: Standing | None = None
) -> list[Standing]:
    found = [standing or Standing()]
    for condition, moment in answers:
        found.append(judge(found[-1], condition, moment, thresholds, SILENCE))
    return found


@composite
def sequences(draw: DrawFn, conditions: Sequence[Condition] = tuple(Condition)) -> list[Answer]:
    """Answers at rising times, some of them after a silence."""
    told = draw(lists(sampled_from(conditions), max_size=60))
    moment, found = START, []
    for condition in told:
        moment += draw(sampled_from([10, 30, 30, 30, 100, 300])) * SECOND
        found.append((condition, moment))
    return found


thresholds = integers(1, 5).flatmap(lambda fail: integers(1, 5).map(lambda recover: Thresholds(fail, recover)))


@pytest.mark.parametrize(
    ("told", "condition", "since"),
    [
        ("u", UP, 0),
        ("d", UNKNOWN, 0),
        ("dd", DOWN, 0),
        ("?", UNKNOWN, 0),
        ("uuud", UP, 0),
        ("uuudu", UP, 0),
        ("uuudd", DOWN, 3),
        ("uuuddu", DOWN, 3),
        ("uuudduu", UP, 5),
        ("uugg", DEGRADED, 2),
        ("uugd", DEGRADED, 2),
        ("uugdd", DOWN, 3),
        ("uudg", DEGRADED, 2),
        ("uuddgg", DEGRADED, 4),
        ("uuddug", DEGRADED, 4),
        ("uu?", UP, 0),
        ("uu??", UNKNOWN, 2),
        ("uu?d", UNKNOWN, 2),
        ("uu?dd", DOWN, 3),
        ("uud?d", UNKNOWN, 2),
        ("uudd?u", UNKNOWN, 4),
        ("uudd?uu", UP, 5),
    ],
)
def test_enough_in_a_row_turn_it_and_date_it_back(told: str, condition: Condition, since: int) -> None:
    standing = after(row(told))
    assert (standing.condition, standing.since) == (condition, at(since * 30))


def runs_before(answers: Sequence[Answer], end: int, condition: Condition) -> int:
    """How many answers in a row, the last at `end`, are of that condition."""
    count = 0
    while count <= end and answers[end - count][0] is condition:
        count += 1
    return count


@given(sequences(), thresholds)
def test_nothing_is_down_without_as_many_bad_answers_in_a_row_as_it_takes(
    answers: list[Answer], needed: Thresholds
) -> None:
    for place, (before, now) in enumerate(pairwise(history(answers, needed))):
        if now.condition is DOWN and before.condition is not DOWN:
            assert runs_before(answers, place, DOWN) >= needed.fail_after


@given(sequences(), thresholds)
def test_nothing_bad_is_up_again_without_as_many_good_answers_in_a_row(
    answers: list[Answer], needed: Thresholds
) -> None:
    for place, (before, now) in enumerate(pairwise(history(answers, needed))):
        if now.condition is UP and before.condition is not UP and place > 0:
            assert runs_before(answers, place, UP) >= needed.recover_after


@given(sequences(), thresholds)
def test_since_is_when_a_real_answer_came_and_never_moves_back(answers: list[Answer], needed: Thresholds) -> None:
    moments = {moment for _, moment in answers}
    for before, now in pairwise(history(answers, needed)):
        assert now.since in moments
        assert now.turning_since is None or now.turning_since in moments
        if before.since is not None and now.since is not None:
            assert now.since >= before.since
        if now.condition is not UNKNOWN and not now.flapping and before.condition is not now.condition:
            assert (now.condition, now.since) in answers or now.condition is DEGRADED


@given(sequences(), thresholds, integers(0, 60))
def test_only_the_answers_count_not_in_which_batches_they_came(
    answers: list[Answer], needed: Thresholds, cut: int
) -> None:
    halfway = after(answers[:cut], needed)
    assert after(answers[cut:], needed, halfway) == after(answers, needed)


@given(sequences(), thresholds, lists(sampled_from(Condition), max_size=5), integers(0, 10_000))
def test_an_answer_that_comes_late_changes_nothing(
    answers: list[Answer], needed: Thresholds, late: list[Condition], age: int
) -> None:
    standing = after(answers, needed)
    if standing.probed_at is None:
        return
    assert after([(one, standing.probed_at - age * SECOND) for one in late], needed, standing) == standing


@given(lists(sampled_from([UP, DOWN]), min_size=1, max_size=100), thresholds)
def test_it_turns_no_faster_than_the_thresholds_allow(told: list[Condition], needed: Thresholds) -> None:
    answers = [(condition, at(30 * place)) for place, condition in enumerate(told)]
    states = history(answers, needed, Standing(UP, START, probed_at=START - SECOND))
    recoveries = sum(before.condition is not UP and now.condition is UP for before, now in pairwise(states))
    assert recoveries * (needed.fail_after + needed.recover_after) <= len(told)


@given(sequences([UNKNOWN]), thresholds)
def test_unknown_is_neither_up_nor_down_however_often(answers: list[Answer], needed: Thresholds) -> None:
    for began in (UP, DEGRADED, DOWN, UNKNOWN):
        held = Standing(began, START, probed_at=START)
        for standing in history(answers, needed, held):
            assert standing.condition in (began, UNKNOWN)


@given(sequences([UP, DEGRADED, DOWN]), sequences(), thresholds)
def test_an_answer_that_says_nothing_is_not_among_the_newest(
    known: list[Answer], mixed: list[Answer], needed: Thresholds
) -> None:
    standing = after(known, needed)
    moment = (standing.probed_at or START) + SECOND
    again = judge(standing, UNKNOWN, moment, needed, SILENCE)
    assert again.recent_count in (standing.recent_count, 0)
    assert all(0 <= one.recent_count <= NEWEST and one.recent < 1 << NEWEST for one in history(mixed, needed))


def fails_at(told: Sequence[Condition], needed: Thresholds) -> int:
    """After how many answers it first counted as failed; beyond the last where it never did."""
    answers = [(condition, at(30 * place)) for place, condition in enumerate(told)]
    states = history(answers, needed, Standing(UP, START, probed_at=START - SECOND))
    return next((place for place, one in enumerate(states) if one.condition is not UP), len(states))


@given(lists(sampled_from(Condition), max_size=15), integers(1, 4), integers(1, 4))
def test_a_higher_threshold_never_fails_earlier(told: list[Condition], low: int, more: int) -> None:
    assert fails_at(told, Thresholds(low, 2)) <= fails_at(told, Thresholds(low + more, 2))


@given(sequences(), thresholds, integers(111, 100_000))
def test_after_too_long_a_silence_nothing_is_known(answers: list[Answer], needed: Thresholds, length: int) -> None:
    standing = after(answers, needed)
    if standing.probed_at is None:
        return
    later = standing_at(standing, standing.probed_at + length * SECOND, SILENCE)
    assert (later.condition, later.flapping, later.turning, later.recent_count) == (UNKNOWN, False, None, 0)
    assert later.since == (standing.since if standing.condition is UNKNOWN else standing.probed_at)
    assert standing_at(standing, standing.probed_at + SILENCE, SILENCE) == standing


def test_an_answer_after_a_silence_is_the_first_of_its_row() -> None:
    for told in ("uud", "??d"):
        halted = after(row(told))
        assert judge(halted, DOWN, at(1000), TWICE, SILENCE).condition is UNKNOWN
    back = after([*row("dd"), (UP, at(1000)), (UP, at(1030))])
    assert (back.condition, back.since) == (UP, at(1000))


def test_a_peer_that_comes_and_goes_is_one_state() -> None:
    standing = after(row("u" * 20 + "du" * 3))
    assert (standing.condition, standing.flapping) == (DEGRADED, True)
    assert after(row("u" * 20 + "du" * 3 + "u" * 13)).flapping
    calm = after(row("u" * 20 + "du" * 3 + "u" * 18))
    assert (calm.condition, calm.flapping, calm.since) == (UP, False, at(25 * 30))


def test_a_flapping_peer_may_worsen_and_does_not_mend_until_it_is_steady() -> None:
    flapping = after(row("u" * 20 + "du" * 3 + "dd"))
    assert (flapping.condition, flapping.flapping) == (DOWN, True)
    assert after(row("u" * 20 + "du" * 3 + "dd" + "u" * 6)).condition is DOWN


def test_a_peer_that_stays_down_has_ceased_to_flap() -> None:
    standing = after(row("u" * 20 + "du" * 3 + "d" * 19))
    assert (standing.condition, standing.flapping, standing.since) == (DOWN, False, at(26 * 30))


@given(lists(sampled_from([UP, DOWN, DEGRADED]), min_size=20, max_size=20), sampled_from([UP, DOWN]), thresholds)
@example([UP] * 15 + [DOWN, UP, DOWN, UP, DEGRADED], UP, Thresholds(1, 4))
def test_twenty_answers_alike_always_end_it_and_say_what_is(
    told: list[Condition], last: Condition, needed: Thresholds
) -> None:
    answers = [(one, at(30 * place)) for place, one in enumerate([*told, *[last] * 20])]
    standing = after(answers, needed)
    assert (standing.condition, standing.flapping) == (last, False)


def test_one_outage_among_many_good_answers_does_not_flap() -> None:
    for bad in range(1, 12):
        assert not any(one.flapping for one in history(row("u" * 30 + "d" * bad + "u" * 30)))


@given(integers(0, 2**NEWEST - 1), integers(0, NEWEST))
def test_changes_are_counted_among_what_was_heard(recent: int, count: int) -> None:
    bits = [recent >> place & 1 for place in range(count)]
    assert changes_among(recent, count) == sum(left != right for left, right in pairwise(bits))


def asked(peer: Callable[[float], Condition], seconds: float, interval: float = 30) -> list[Standing]:
    """The standings of a probe that asks when `next_due` says so."""
    spread = random.Random(7)
    standing, moment, found = Standing(), START, []
    while moment < at(seconds):
        standing = judge(standing, peer((moment - START) / SECOND), moment, TWICE, SILENCE)
        found.append(standing)
        turning = standing.turning is not None
        moment = next_due(
            moment, interval * SECOND, turning=turning, troubled=standing.troubled, spread=spread.random()
        )
    return found


def test_a_peer_that_flaps_every_twenty_seconds_for_an_hour_is_told_once_and_let_go_once() -> None:
    def peer(second: float) -> Condition:
        return DOWN if 600 <= second < 4200 and int(second - 600) % 40 < 20 else UP

    states = asked(peer, 7200)
    edges = [(before, now) for before, now in pairwise(states) if before.flapping is not now.flapping]
    assert [now.flapping for _, now in edges] == [True, False]
    began, ended = edges[0][1].probed_at, edges[1][1].probed_at
    assert began is not None
    assert ended is not None
    assert (began - START) / SECOND < 600 + 300
    assert 4200 < (ended - START) / SECOND < 4200 + 900
    turns = sum(before.condition is not now.condition for before, now in pairwise(states))
    assert turns <= 8
    assert (states[-1].condition, states[-1].flapping) == (UP, False)


@given(integers(300, 900), integers(1, 1200))
@example(300, 15)
def test_a_dead_peer_is_known_within_two_intervals_and_dated_to_its_first_bad_answer(died: int, length: int) -> None:
    states = asked(lambda second: DOWN if second >= died else UP, died + 60)
    found = next(one for one in states if one.condition is DOWN)
    assert found.since is not None
    assert found.probed_at is not None
    assert at(died) <= found.since <= at(died + 32)
    assert found.probed_at <= at(died + 60)


def standing_of(condition: Condition, since: float, flapping: bool = False) -> Standing:
    return Standing(condition, at(since), flapping=flapping, probed_at=at(10_000))


def test_the_worst_plan_speaks_for_the_interface() -> None:
    quick, full = standing_of(UP, 100), standing_of(DEGRADED, 200)
    assert combined({Plan.QUICK: quick, Plan.FULL: full}) == (DEGRADED, at(200), False)
    assert combined({Plan.QUICK: standing_of(DOWN, 300), Plan.FULL: full}) == (DOWN, at(300), False)
    assert combined({Plan.QUICK: quick, Plan.FULL: standing_of(UNKNOWN, 50)}) == (UNKNOWN, at(100), False)
    assert combined({Plan.QUICK: quick, Plan.FULL: standing_of(UP, 400)}) == (UP, at(400), False)


def test_a_plan_that_was_never_answered_says_nothing() -> None:
    assert combined({Plan.QUICK: standing_of(UP, 100), Plan.CANARY: Standing()}) == (UP, at(100), False)
    assert combined({Plan.QUICK: Standing()}) == (UNKNOWN, None, False)
    assert combined({}) == (UNKNOWN, None, False)


@given(lists(sampled_from(Condition), min_size=1, max_size=3))
def test_an_interface_is_up_only_where_every_plan_is(conditions: list[Condition]) -> None:
    parts = {plan: standing_of(condition, 0) for plan, condition in zip(Plan, conditions, strict=False)}
    condition, _, _ = combined(parts)
    assert (condition is UP) == (set(conditions) == {UP})
    assert (condition is DOWN) == (DOWN in conditions)
    flapping = {plan: replace(part, flapping=plan is Plan.QUICK) for plan, part in parts.items()}
    assert combined(flapping)[2]
