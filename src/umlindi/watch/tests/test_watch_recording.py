"""What becomes of batches of answers: bulk, poison, repetition, lateness, and a clock that is set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from umlindi.estate.models import Interface
from umlindi.probes import Layer, ProbeResult, Severity, State, Step
from umlindi.testing.estate import make_interface, make_system
from umlindi.watch import services
from umlindi.watch.models import Outage, Probe, Spell, Watcher
from umlindi.watch.rules.plans import Plan
from umlindi.watch.services import Batch, Recorded

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def result(ok: bool, code: str = "ECONNREFUSED", **evidence: Any) -> ProbeResult:
    state, severity = (State.OK, None) if ok else (State.FAILED, Severity.FAILED)
    step = Step("tcp", state, 3.0, Layer.TRANSPORT, "" if ok else code, "", evidence, severity)
    return ProbeResult("dicom", "ARCHIVE@host:104", (step,))


def answer(interface: Interface, seconds: float, ok: bool = True, **given: Any) -> Recorded:
    return Recorded(interface.pk, Plan.QUICK, at(seconds), result(ok), **given)


def known(**given: Any) -> Interface:
    interface = make_interface(**given)
    services.give_probes([interface], NOON)
    return interface


def many(count: int) -> list[Interface]:
    system = make_system()
    interfaces = [make_interface(system) for _ in range(count)]
    services.give_probes(interfaces, NOON)
    return interfaces


def batch(number: int) -> Batch:
    return Batch(WRITER, number, "host", 1)


WRITER = uuid4()


def readings() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM readings_reading")
        return int(cursor.fetchone()[0])


def spells(interface: Interface) -> list[tuple[str, datetime, datetime | None]]:
    return list(interface.spells.order_by("since").values_list("condition", "since", "until"))


def test_answers_that_change_nothing_cost_the_same_few_statements_however_many() -> None:
    interfaces = many(60)
    services.record([answer(one, 0) for one in interfaces], at(1))
    counts = []
    for size, moment in ((1, 30), (60, 60)):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            services.record([answer(one, moment) for one in interfaces[:size]], at(moment + 1))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 20


def test_a_site_that_dies_at_once_is_recorded_in_few_statements() -> None:
    interfaces = many(60)
    services.record([answer(one, 0) for one in interfaces], at(1))
    with CaptureQueriesContext(connection) as queries:
        services.record([answer(one, second, ok=False) for one in interfaces for second in (30, 40)], at(41))
    assert Spell.objects.filter(condition="down", until=None).count() == 60
    assert Outage.objects.filter(until=None).count() == 60
    assert len(queries) < 60


def test_a_batch_that_comes_twice_is_recorded_once() -> None:
    interface = known()
    answers = [answer(interface, 0), answer(interface, 30, ok=False)]
    for _ in range(2):
        services.record(answers, at(31), batch(7))
    assert readings() == 2
    assert Probe.objects.get(plan=Plan.QUICK).turning_count == 1
    assert Watcher.objects.get().batch == 7
    services.record([answer(interface, 60)], at(61), batch(6))
    assert readings() == 2


def test_an_answer_the_database_refuses_keeps_nobody_elses_back(caplog: pytest.LogCaptureFixture) -> None:
    fine, poisoned = known(), known()
    bad = Recorded(poisoned.pk, Plan.QUICK, at(0), result(True, said="\ud800"))
    services.record([bad, answer(fine, 0)], at(1), batch(1))
    assert Probe.objects.get(interface=fine, plan=Plan.QUICK).probed_at == at(0)
    left = Probe.objects.get(interface=poisoned, plan=Plan.QUICK)
    assert (left.probed_at, left.due_at) == (None, at(left.interval_s))
    assert f"interface {poisoned.pk} cannot be recorded" in caplog.text


def test_an_answer_to_what_is_no_longer_asked_is_left_out() -> None:
    gone, fine = known(), known()
    key = gone.pk
    gone.delete()
    services.record([Recorded(key, Plan.QUICK, at(0), result(True)), answer(fine, 0)], at(1))
    assert Probe.objects.get(plan=Plan.QUICK).probed_at == at(0)


def test_answers_that_waited_are_judged_in_their_order_and_told_late() -> None:
    interface = known()
    story = [(0, True), (30, True), (60, False), (70, False), (100, False), (130, True), (140, True)]
    services.record([answer(interface, second, ok) for second, ok in reversed(story)], at(600), batch(1))
    assert spells(interface) == [("up", at(0), at(60)), ("down", at(60), at(130)), ("up", at(130), None)]
    outage = Outage.objects.get()
    assert (outage.since, outage.until, outage.late) == (at(60), at(130), True)
    assert readings() == len(story)


def test_what_is_told_in_time_is_not_marked_late() -> None:
    interface = known()
    for second in (0, 10):
        services.record([answer(interface, second, ok=False)], at(second + 1), batch(second + 1))
    assert not Outage.objects.get().late


def test_an_answer_older_than_the_newest_is_filed_at_its_time_and_never_judged() -> None:
    interface = known()
    services.record([answer(interface, 100)], at(101), batch(1))
    before = Probe.objects.get(plan=Plan.QUICK)
    services.record([answer(interface, 50, ok=False), answer(interface, 60, ok=False)], at(102), batch(2))
    after = Probe.objects.get(plan=Plan.QUICK)
    assert readings() == 3
    assert (after.standing, after.result) == (before.standing, before.result)
    assert not Outage.objects.exists()


@pytest.mark.parametrize("jump", [3600, -3600])
def test_a_clock_that_is_set_makes_no_outage_no_unknown_and_no_stall(jump: int) -> None:
    interface = known()
    for number, second in enumerate((0, 30, 60)):
        services.record([answer(interface, second)], at(second + 1), batch(number + 1))
    later = 90 + jump
    services.record([answer(interface, later, watched=True)], at(later + 1), batch(4))
    assert spells(interface) == [("up", at(0), None)]
    assert not Outage.objects.exists()
    for number, second in enumerate((later + 30, later + 40)):
        services.record([answer(interface, second, ok=False, watched=True)], at(second + 1), batch(5 + number))
    assert Spell.objects.get(until=None).condition == "down"
    assert Outage.objects.get().until is None
    for number, second in enumerate((later + 70, later + 80)):
        services.record([answer(interface, second, watched=True)], at(second + 1), batch(7 + number))
    assert Spell.objects.get(until=None).condition == "up"
    assert Outage.objects.get().until is not None


def test_a_silence_of_the_watch_is_unknown_and_no_outage() -> None:
    interface = known()
    for number, second in enumerate((0, 30, 3600, 3610)):
        services.record([answer(interface, second)], at(second + 1), batch(number + 1))
    assert spells(interface) == [("up", at(0), at(30)), ("unknown", at(30), at(3600)), ("up", at(3600), None)]
    assert not Outage.objects.exists()


def test_another_cause_of_the_same_failure_is_told_in_the_spell_and_in_the_outage() -> None:
    interface = known()
    for number, code in enumerate(("ECONNREFUSED", "ECONNREFUSED", "ETIMEDOUT")):
        one = Recorded(interface.pk, Plan.QUICK, at(number * 10), result(False, code))
        services.record([one], at(number * 10 + 1), batch(number + 1))
    told = [Spell.objects.get().result, Outage.objects.get().last]
    assert [one["steps"][0]["code"] for one in told] == ["ETIMEDOUT"] * 2
    assert told[0]["diagnosis"]


def test_a_failure_that_goes_on_keeps_its_diagnosis() -> None:
    interface = known()
    for second in (0, 10, 40, 70):
        services.record([answer(interface, second, ok=False)], at(second + 1))
    assert Probe.objects.get(plan=Plan.QUICK).result["diagnosis"][0]["rule"] == "connection-refused"


def test_a_peer_that_flaps_for_an_hour_is_one_outage() -> None:
    interface = known()
    for number in range(180):
        moment = number * 20
        services.record([answer(interface, moment, ok=number % 2 == 0)], at(moment + 1), batch(number + 1))
    outage = Outage.objects.get()
    assert (outage.flapping, outage.until) == (True, None)
    assert Spell.objects.count() <= 3
