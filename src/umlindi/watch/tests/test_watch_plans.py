from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis.strategies import booleans, dictionaries, floats, integers, sampled_from

from umlindi.estate.rules.interfaces import KINDS, read_settings
from umlindi.watch.rules.plans import Plan, Thresholds, next_due, plans_of, thresholds_of

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

settings = dictionaries(sampled_from(["interval", "full_interval", "canary_interval"]), integers(10, 86_400))
kinds = sampled_from(sorted(KINDS))


def seconds(plans: dict[Plan, timedelta]) -> dict[str, float]:
    return {plan.value: interval / SECOND for plan, interval in plans.items()}


def test_an_archive_is_looked_at_quickly_climbed_wholly_and_asked_for_its_canary() -> None:
    assert seconds(plans_of("dicom", {"expect": ["echo", "move"]})) == {"quick": 30, "full": 900, "canary": 3600}


def test_there_is_a_canary_only_where_partners_store_or_retrieve() -> None:
    assert seconds(plans_of("dicom", {"expect": ["echo", "find", "worklist"]})) == {"quick": 30, "full": 900}


def test_a_scanner_in_use_and_a_workstation_are_asked_less() -> None:
    for kind in ("modality", "workstation"):
        assert seconds(plans_of("dicom", {}, kind)) == {"quick": 60, "full": 3600}
        assert seconds(plans_of("host", {}, kind)) == {"full": 60}


def test_the_interval_of_old_stays_that_of_the_quickest_plan() -> None:
    assert seconds(plans_of("dicom", {"interval": 120})) == {"quick": 120, "full": 900}
    assert seconds(plans_of("web", {"interval": 120})) == {"full": 120}
    assert seconds(plans_of("dicom", {"interval": 7200, "expect": ["get"]})) == {"full": 7200, "canary": 7200}


@given(kinds, settings, booleans())
def test_every_kind_is_climbed_wholly_and_nothing_is_asked_in_vain(
    kind: str, given_: dict[str, int], retrieves: bool
) -> None:
    plans = plans_of(kind, {**given_, "expect": ["get"] if retrieves else ["echo"]})
    assert Plan.FULL in plans
    if Plan.QUICK in plans:
        assert plans[Plan.QUICK] < plans[Plan.FULL]
    assert (Plan.CANARY in plans) == (kind == "dicom" and retrieves)
    assert all(10 * SECOND <= interval <= 86_400 * SECOND for interval in plans.values())


@given(kinds, integers(10, 86_400))
def test_nothing_is_asked_more_often_than_the_interval_says(kind: str, interval: int) -> None:
    assert min(plans_of(kind, {"interval": interval, "expect": ["get"]}).values()) == interval * SECOND


def test_what_the_forms_take_the_plans_understand() -> None:
    for kind, known in KINDS.items():
        raw = {key: "90" for key in ("interval", "full_interval", "canary_interval") if key in known.settings}
        settings, wrong = read_settings(kind, raw | {"fail_after": "3", "recover_after": "1"})
        assert not wrong
        assert set(plans_of(kind, settings).values()) == {90 * SECOND}
        assert thresholds_of(settings) == Thresholds(3, 1)


def test_a_kind_without_a_canary_has_no_interval_for_one() -> None:
    _, wrong = read_settings("web", {"canary_interval": "60"})
    assert [key for key, _ in wrong] == ["canary_interval"]
    _, wrong = read_settings("dicom", {"canary_interval": "5", "fail_after": "0", "recover_after": "1.5"})
    assert [key for key, _ in wrong] == ["canary_interval", "fail_after", "recover_after"]


def test_who_says_nothing_believes_the_second_answer() -> None:
    assert thresholds_of({}) == Thresholds(2, 2)


@given(integers(10, 86_400), booleans(), booleans(), floats(0, 1))
def test_a_doubt_is_settled_soon_and_a_trouble_watched_closer(
    interval: int, turning: bool, troubled: bool, spread: float
) -> None:
    wait = next_due(START, interval * SECOND, turning=turning, troubled=troubled, spread=spread) - START
    assert wait <= interval * SECOND * 1.05
    if turning:
        assert wait == min(10 * SECOND, interval * SECOND / 3)
    elif troubled:
        assert wait <= max(60 * SECOND, interval * SECOND / 15) * 1.05
    else:
        assert wait >= interval * SECOND * 0.95


@given(integers(10, 86_400), integers(1, 3), floats(0, 1))
def test_a_dead_peer_is_found_within_two_intervals(interval: int, fail_after: int, spread: float) -> None:
    asked = next_due(START, interval * SECOND, turning=False, troubled=False, spread=spread)
    for _ in range(fail_after - 1):
        asked = next_due(asked, interval * SECOND, turning=True, troubled=False, spread=spread)
    assert asked - START <= 2 * interval * SECOND
