from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis.strategies import dictionaries, integers, lists, tuples

from umlindi.watch.loop.process import latest_hundredth
from umlindi.watch.loop.schedule import FORGET_AFTER, Held, Schedule
from umlindi.watch.rules.fairness import FEW, busy
from umlindi.watch.rules.plans import Plan
from umlindi.watch.services import Claim

NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
INTERVAL_S = 30.0


def claim(probe: int, organisation: int = 1) -> Claim:
    return Claim(probe, probe, Plan.QUICK, NOON, INTERVAL_S, 15.0, 1, organisation, "1 1")


def due(schedule: Schedule, now: float, away: bool = False) -> list[int]:
    return [held.claim.probe for held in handed(schedule, now, away)]


def handed(schedule: Schedule, now: float, away: bool = False) -> list[Held]:
    return list(schedule.due(now, away))


def asked(schedule: Schedule, probe: int, now: float, away: bool = False) -> None:
    """Claimed, handed out and ended at that moment."""
    schedule.take(claim(probe), now)
    for held in handed(schedule, now, away):
        schedule.ended(held, now, away)


@given(lists(tuples(integers(1, 20), integers(0, 100)), max_size=40))
def test_each_claimed_probe_is_handed_out_once_in_order_and_not_before_it_is_due(taken: list[tuple[int, int]]) -> None:
    schedule = Schedule()
    first: dict[int, int] = {}
    for probe, moment in taken:
        schedule.take(claim(probe), float(moment))
        first.setdefault(probe, moment)
    found = [(now, probe) for now in range(101) for probe in due(schedule, float(now))]
    assert sorted(found) == sorted((moment, probe) for probe, moment in first.items())
    assert schedule.hands == len(first)


def test_what_is_being_asked_is_not_begun_again() -> None:
    schedule = Schedule()
    schedule.take(claim(1), 10.0)
    held = handed(schedule, 10.0)[0]
    schedule.take(claim(1), 11.0)
    assert due(schedule, 50.0) == []
    schedule.ended(held, 10.0, away=False)
    assert schedule.hands == 0


def test_while_the_database_is_there_only_what_is_claimed_is_asked() -> None:
    schedule = Schedule()
    asked(schedule, 1, 0.0)
    assert all(due(schedule, now) == [] for now in (29.0, 60.0, 119.0))
    assert len(schedule) == 1


def test_while_the_database_is_away_what_was_asked_before_is_asked_each_interval() -> None:
    schedule = Schedule()
    for probe in range(100):
        asked(schedule, probe, 0.0)
    schedule.recall(1.0)
    begun: dict[int, list[float]] = {probe: [0.0] for probe in range(100)}
    for tenth in range(10, 6000):
        now = tenth / 10
        for held in handed(schedule, now, away=True):
            begun[held.claim.probe].append(now)
            schedule.ended(held, now, away=True)
    gaps = [later - before for moments in begun.values() for before, later in pairwise(moments)]
    assert min(gaps) >= INTERVAL_S * 0.95 - 0.2
    assert max(gaps) <= INTERVAL_S * 1.05 + 0.2
    assert schedule.hands == 0


def test_what_another_process_has_is_forgotten() -> None:
    schedule = Schedule()
    asked(schedule, 1, 0.0)
    assert due(schedule, INTERVAL_S * FORGET_AFTER + 1) == []
    assert len(schedule) == 0
    schedule.recall(200.0)
    assert due(schedule, 300.0, away=True) == []


def test_a_probe_remembers_when_this_process_asked_it_last() -> None:
    schedule = Schedule()
    asked(schedule, 1, 5.0)
    schedule.take(claim(1), 35.0)
    assert handed(schedule, 35.0)[0].asked == 5.0


@given(dictionaries(integers(1, 30), integers(0, 3000), max_size=30))
def test_nobody_holds_more_places_than_are_free_and_few_are_always_allowed(in_hand: dict[int, int]) -> None:
    places = 2048
    full = busy(in_hand, places)
    free = places - sum(in_hand.values())
    assert all(in_hand[one] >= FEW for one in full)
    assert all(held < max(free, FEW) for one, held in in_hand.items() if one not in full)


def test_one_client_alone_may_hold_half_and_leaves_the_other_half() -> None:
    in_hand = {1: 0}
    while not busy(in_hand, 2048):
        in_hand[1] += 1
    assert in_hand[1] == 1024
    in_hand[2] = 0
    while 2 not in busy(in_hand, 2048):
        in_hand[2] += 1
    assert in_hand[2] == 512


def test_the_latest_hundredth_is_the_99th_percentile() -> None:
    assert latest_hundredth([]) == 0.0
    assert latest_hundredth([0.5]) == 0.5
    assert latest_hundredth(number / 1000 for number in range(1000)) == 0.99
