from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import DrawFn, composite, integers, lists, sampled_from, sets

from umlindi.probes import Cause, Layer, ProbeResult, Severity, State, Step
from umlindi.watch.rules.outages import EARLIER_BY, Open, causes, told_of, worse

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SYSTEMS = 8
Beneath = Callable[[int], list[int]]


@composite
def estates(draw: DrawFn) -> Beneath:
    """Systems that stand on systems of a lower number: never in a circle. Everything beneath one, nearest first."""
    needs = {one: sorted(draw(sets(integers(0, one - 1), max_size=3))) if one else [] for one in range(SYSTEMS)}

    def beneath(system: int) -> list[int]:
        found: list[int] = []
        level = needs[system]
        while level:
            found += level
            level = list(dict.fromkeys(below for one in level for below in needs[one] if below not in found))
        return found

    return beneath


@composite
def outages(draw: DrawFn) -> list[Open]:
    count = draw(integers(0, 12))
    return [
        Open(
            place,
            draw(integers(0, SYSTEMS - 1)),
            draw(sampled_from(["interface", "interface", "interface", "heartbeat", "external", "budget"])),
            draw(sampled_from(["down", "down", "degraded", "unknown"])),
            START + timedelta(minutes=draw(integers(0, 40))),
        )
        for place in range(count)
    ]


@given(estates(), outages())
def test_a_cause_is_down_lies_beneath_and_is_nobodys_consequence(beneath: Beneath, found: list[Open]) -> None:
    told = causes(found, beneath)
    by_id = {one.id: one for one in found}
    assert set(told) == set(by_id)
    for one in found:
        cause = told[one.id]
        if cause is None:
            continue
        assert one.may_follow
        assert by_id[cause].may_cause
        assert by_id[cause].system in beneath(one.system)
        assert told[cause] is None


@given(estates(), outages())
def test_what_stands_on_nothing_that_is_down_has_no_cause(beneath: Beneath, found: list[Open]) -> None:
    told = causes(found, beneath)
    down = {one.system for one in found if one.may_cause}
    for one in found:
        if not down & set(beneath(one.system)):
            assert told[one.id] is None


@given(estates(), outages())
def test_what_stands_on_something_that_went_down_in_time_has_a_cause(beneath: Beneath, found: list[Open]) -> None:
    told = causes(found, beneath)
    for one in (one for one in found if one.may_follow):
        mains = [min(lower.since for lower in found if lower.may_cause and lower.system == system)
                 for system in beneath(one.system)
                 if any(lower.may_cause and lower.system == system for lower in found)]  # fmt: skip
        assert (told[one.id] is not None) == any(since - one.since <= EARLIER_BY for since in mains)


@given(estates(), outages(), integers(0, 1000))
def test_the_order_in_which_outages_are_read_does_not_matter(beneath: Beneath, found: list[Open], turn: int) -> None:
    place = turn % (len(found) + 1)
    assert causes(found[place:] + found[:place], beneath) == causes(found, beneath)


def test_what_hangs_on_an_old_outage_stays_with_it_when_something_deeper_breaks() -> None:
    chain = {2: [1, 0], 1: [0], 0: []}
    old, new = START, START + timedelta(hours=1)
    found = [Open(20, 2, "interface", "down", old), Open(10, 1, "interface", "down", old)]
    deeper = Open(5, 0, "interface", "down", new)
    assert causes([*found, deeper], chain.__getitem__) == {20: 10, 10: None, 5: None}


@given(lists(sampled_from(["unknown", "degraded", "down"]), min_size=1))
def test_down_is_the_worst_and_unknown_the_least(conditions: list[str]) -> None:
    for one in conditions:
        assert not worse(one, "down")
        assert worse("down", one) == (one != "down")
        assert not worse("unknown", one)


def failed(code: str, *causes: Cause) -> ProbeResult:
    step = Step("tcp", State.FAILED, 1.0, Layer.TRANSPORT, code, "why it was not asked", {}, Severity.FAILED)
    return ProbeResult("dicom", "A@b:1", (step,), diagnosis=causes)


@pytest.mark.parametrize("code", ["not-probeable", "probe-broke"])
def test_what_could_not_be_asked_says_why_and_what_to_do(code: str) -> None:
    told = told_of(failed(code))
    assert (told.rule, told.cause) == (code, "why it was not asked")
    assert told.fix


def test_the_likeliest_cause_is_told_or_none() -> None:
    likely = Cause("first", "First", 0.8, "", "", "Mend it")
    told = told_of(failed("ECONNREFUSED", likely, Cause("second", "Second", 0.2, "", "", "Else")))
    assert (told.headline, told.rule, told.cause, told.fix) == ("refuses connections", "first", "First", "Mend it")
    assert told_of(failed("ECONNREFUSED")).rule == ""
    assert told_of(ProbeResult("dicom", "A@b:1", ())).headline == "comes and goes"
