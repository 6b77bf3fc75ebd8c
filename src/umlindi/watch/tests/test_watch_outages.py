from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from umlindi.estate.models import Dependency, Interface, System
from umlindi.probes import Cause, Layer, ProbeResult, Severity, State, Step
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system
from umlindi.watch.models import Outage, Probe
from umlindi.watch.rules.conditions import Condition
from umlindi.watch.services import outages
from umlindi.watch.services.outages import Turned, follow

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
UP, DEGRADED, DOWN, UNKNOWN = Condition.UP, Condition.DEGRADED, Condition.DOWN, Condition.UNKNOWN


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def good() -> ProbeResult:
    return ProbeResult("dicom", "A@b:1", (Step("echo", State.OK, 3.0, Layer.DIMSE),))


def bad(
    step: str = "tcp", code: str = "ECONNREFUSED", rule: str = "refused", severity: Severity = Severity.FAILED
) -> ProbeResult:
    failed = Step(step, State.FAILED, 5.0, Layer.TRANSPORT, code, "no", {}, severity)
    cause = Cause(rule, f"Title of {rule}", 0.9, "why", "look", f"Fix of {rule}")
    return ProbeResult("dicom", "A@b:1", (failed,), diagnosis=(cause,) if rule else ())


def slow() -> ProbeResult:
    return bad("move", "SLOW", "slow-disk", Severity.DEGRADED)


def unasked() -> ProbeResult:
    why = "the secret thusong.orthanc cannot be read: No such file or directory"
    step = Step("settings", State.FAILED, None, Layer.WORKFLOW, "not-probeable", why, {}, Severity.FAILED)
    return ProbeResult("orthanc", "http://a", (step,))


def turn(
    interface: Interface, condition: Condition, minute: float, result: ProbeResult | None = None, **more: Any
) -> list[Outage]:
    shown = result or {UP: good(), DOWN: bad(), DEGRADED: slow(), UNKNOWN: good()}[condition]
    return follow([Turned(interface, condition, minutes(minute), shown, **more)], minutes(minute + 1))


def only(interface: Interface) -> Outage:
    return Outage.objects.get(interface=interface)


def hear_all() -> None:
    """What the pager does."""
    Outage.objects.update(heard=True)


@pytest.fixture
def archive() -> Interface:
    site = make_site(make_organisation(name="Thusong Radiology"))
    return make_interface(make_system(site, name="Mthatha PACS", serves="3 reading rooms"), name="DICOM")


def test_an_outage_opens_with_all_that_a_person_needs(archive: Interface) -> None:
    outage = turn(archive, DOWN, 0)[0]
    outage.refresh_from_db()
    assert str(outage) == "Mthatha PACS DICOM refuses connections"
    assert (outage.key, outage.kind, outage.condition) == (f"interface:{archive.pk}", "interface", "down")
    assert (outage.since, outage.detected_at, outage.until) == (minutes(0), minutes(1), None)
    assert (outage.organisation, outage.site) == (archive.system.site.organisation, archive.system.site)
    assert (outage.system, outage.interface) == (archive.system, archive)
    assert (outage.cause_rule, outage.cause, outage.fix) == ("refused", "Title of refused", "Fix of refused")
    assert outage.first == outage.last == bad().to_json()
    assert outage.affected == ["3 reading rooms"]
    assert (outage.because, outage.flapping, outage.late, outage.heard) == (None, False, False, False)


def test_it_ends_at_the_first_good_answer_and_keeps_the_last_bad_one(archive: Interface) -> None:
    turn(archive, DOWN, 0)
    turn(archive, DOWN, 3, bad("echo", "TIMEOUT", "hung"))
    hear_all()
    turn(archive, UP, 10)
    outage = only(archive)
    assert (outage.since, outage.until, outage.closed_at, outage.ended) == (minutes(0), minutes(10), minutes(11), "")
    assert outage.first["steps"][0]["step"] == "tcp"
    assert outage.last["steps"][0]["step"] == "echo"
    assert not outage.heard


def test_what_breaks_again_is_another_outage(archive: Interface) -> None:
    for minute in (0, 20):
        turn(archive, DOWN, minute)
        turn(archive, UP, minute + 10)
    spans = Outage.objects.order_by("since").values_list("since", "until")
    assert list(spans) == [(minutes(0), minutes(10)), (minutes(20), minutes(30))]


def test_only_news_is_told(archive: Interface) -> None:
    turn(archive, DEGRADED, 0)
    hear_all()
    turn(archive, DEGRADED, 1, slow())
    assert only(archive).heard
    turn(archive, DOWN, 2)
    worse = only(archive)
    assert (worse.heard, worse.condition, worse.headline) == (False, "down", "refuses connections")
    assert worse.first["steps"][0]["step"] == "move"
    hear_all()
    turn(archive, DOWN, 3, bad("tcp", "TIMEOUT", "firewall"))
    assert (only(archive).heard, only(archive).cause_rule) == (False, "firewall")


def test_an_outage_keeps_the_worst_it_came_to(archive: Interface) -> None:
    turn(archive, DOWN, 0)
    turn(archive, DEGRADED, 5)
    outage = only(archive)
    assert (outage.condition, outage.headline, outage.cause_rule) == ("down", "refuses connections", "slow-disk")
    assert outage.until is None


def test_what_cannot_be_asked_is_an_unknown_outage_that_says_what_to_do(archive: Interface) -> None:
    turn(archive, UNKNOWN, 0, unasked())
    outage = only(archive)
    assert (outage.condition, outage.cause_rule) == ("unknown", "not-probeable")
    assert "thusong.orthanc cannot be read" in outage.cause
    assert "secrets folder" in outage.fix
    turn(archive, DOWN, 5)
    assert (only(archive).condition, only(archive).cause_rule) == ("down", "refused")


def test_nobody_asking_is_no_outage_of_what_is_not_asked(archive: Interface) -> None:
    turn(archive, UNKNOWN, 0, good())
    assert not Outage.objects.exists()


def test_unknown_ends_nothing_and_says_nothing_against_what_was_seen(archive: Interface) -> None:
    turn(archive, DOWN, 0)
    hear_all()
    for result in (good(), unasked(), bad()):
        turn(archive, UNKNOWN, 5, result)
    outage = only(archive)
    assert (outage.until, outage.condition, outage.cause_rule, outage.heard) == (None, "down", "refused", True)
    assert outage.last == bad().to_json()


def test_a_flapping_peer_has_one_outage_until_it_is_steady(archive: Interface) -> None:
    turn(archive, DOWN, 0)
    hear_all()
    turn(archive, DOWN, 5, flapping=True)
    assert (only(archive).flapping, only(archive).heard) == (True, False)
    turn(archive, UP, 10, flapping=True)
    assert only(archive).until is None
    turn(archive, UP, 30)
    assert (only(archive).until, only(archive).flapping) == (minutes(30), False)


def test_one_that_only_comes_and_goes_is_degraded_and_says_so(archive: Interface) -> None:
    turn(archive, DEGRADED, 0, good(), flapping=True)
    outage = only(archive)
    assert (outage.condition, outage.headline, outage.flapping) == ("degraded", "comes and goes", True)


def test_answers_that_were_kept_while_the_database_was_away_are_followed_in_order(archive: Interface) -> None:
    told = [(DOWN, 0), (UP, 5), (DOWN, 8), (UP, 9)]
    results = {DOWN: bad(), UP: good()}
    follow([Turned(archive, one, minutes(at), results[one], late=True) for one, at in told], minutes(30))
    rows = Outage.objects.order_by("since")
    assert [(row.since, row.until, row.late) for row in rows] == [
        (minutes(0), minutes(5), True),
        (minutes(8), minutes(9), True),
    ]


def test_an_outage_never_begins_before_the_last_of_its_key_has_ended(archive: Interface) -> None:
    turn(archive, DOWN, 0)
    turn(archive, UP, 10)
    turn(archive, DOWN, 7)
    assert Outage.objects.get(until=None).since == minutes(10)


def test_an_outage_that_ends_before_it_began_lasted_no_time(archive: Interface) -> None:
    turn(archive, DOWN, 10)
    turn(archive, UP, 5)
    assert only(archive).until == minutes(10)
    turn(archive, DOWN, 10)
    assert Outage.objects.count() == 2


def test_the_database_refuses_two_open_outages_of_a_key(archive: Interface) -> None:
    outage = turn(archive, DOWN, 0)[0]
    outage.pk = None
    outage._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        outage.save()


@pytest.fixture
def tower() -> dict[str, Interface]:
    """A viewer on an archive on a database and a host, on one link; each with an interface."""
    site = make_site()
    names = ("viewer", "archive", "database", "host", "link")
    systems = {name: make_system(site, name=name, slug=name) for name in names}
    for above, below in (
        ("viewer", "archive"),
        ("archive", "database"),
        ("archive", "host"),
        ("database", "host"),
        ("host", "link"),
    ):
        Dependency.objects.create(system=systems[above], needs=systems[below])
    return {name: make_interface(system) for name, system in systems.items()}


def causes_of(tower: dict[str, Interface]) -> dict[str, str | None]:
    rows = Outage.objects.filter(until=None).select_related("because__system", "system")
    return {
        row.system.name: row.because.system.name if row.because and row.because.system else None
        for row in rows
        if row.system
    }


def test_what_stands_on_something_broken_is_its_consequence_through_any_number_of_levels(
    tower: dict[str, Interface],
) -> None:
    everything = [Turned(one, DOWN, NOON, bad()) for one in tower.values()]
    follow(everything, minutes(1))
    assert causes_of(tower) == {
        "viewer": "link",
        "archive": "link",
        "database": "link",
        "host": "link",
        "link": None,
    }
    assert Outage.objects.get(system__name="link").affected == ["host", "archive", "database", "viewer"]


def test_a_cause_that_is_found_later_takes_what_is_open_already(tower: dict[str, Interface]) -> None:
    turn(tower["viewer"], DOWN, 0)
    turn(tower["archive"], DOWN, 1)
    assert causes_of(tower) == {"viewer": "archive", "archive": None}
    hear_all()
    turn(tower["host"], DOWN, 2)
    assert causes_of(tower) == {"viewer": "host", "archive": "host", "host": None}
    assert not Outage.objects.filter(heard=True).exists()


def test_when_a_cause_ends_what_is_still_out_is_told_anew(tower: dict[str, Interface]) -> None:
    follow([Turned(tower[name], DOWN, NOON, bad()) for name in ("viewer", "archive", "host")], minutes(1))
    turn(tower["viewer"], UP, 4)
    hear_all()
    turn(tower["host"], UP, 5)
    assert causes_of(tower) == {"archive": None}
    assert not Outage.objects.get(system__name="archive").heard
    closed = Outage.objects.get(system__name="viewer")
    assert closed.because is not None
    assert closed.heard


def test_when_one_of_two_causes_ends_the_other_holds(tower: dict[str, Interface]) -> None:
    site = tower["archive"].system.site
    other = make_interface(make_system(site, name="power", slug="power"))
    Dependency.objects.create(system=tower["archive"].system, needs=other.system)
    follow([Turned(one, DOWN, NOON, bad()) for one in (tower["archive"], tower["host"], other)], minutes(1))
    assert causes_of(tower)["archive"] == "host"
    turn(tower["host"], UP, 5)
    assert causes_of(tower)["archive"] == "power"


def test_what_broke_long_before_is_no_consequence(tower: dict[str, Interface]) -> None:
    turn(tower["archive"], DOWN, -60)
    turn(tower["host"], DOWN, 0)
    assert causes_of(tower) == {"archive": None, "host": None}


@pytest.mark.parametrize("condition", [DEGRADED, UNKNOWN])
def test_only_what_is_down_takes_others_with_it(tower: dict[str, Interface], condition: Condition) -> None:
    turn(tower["archive"], DOWN, 0)
    turn(tower["host"], condition, 0, unasked() if condition is UNKNOWN else None)
    assert causes_of(tower) == {"archive": None, "host": None}
    turn(tower["host"], DOWN, 1)
    assert causes_of(tower)["archive"] == "host"


def test_what_cannot_be_asked_is_nobodys_consequence(tower: dict[str, Interface]) -> None:
    turn(tower["host"], DOWN, 0)
    turn(tower["archive"], UNKNOWN, 0, unasked())
    assert causes_of(tower)["archive"] is None


def test_two_interfaces_of_one_system_do_not_cause_each_other(tower: dict[str, Interface]) -> None:
    second = make_interface(tower["host"].system)
    follow([Turned(one, DOWN, NOON, bad()) for one in (tower["host"], second, tower["archive"])], minutes(1))
    assert Outage.objects.filter(system=second.system, because=None).count() == 2
    turn(tower["host"], UP, 5)
    still = Outage.objects.get(system=tower["archive"].system).because
    assert still is not None
    assert still.interface == second


def probe_of(interface: Interface, plan: str = "full", **given: Any) -> Probe:
    return Probe.objects.create(interface=interface, plan=plan, **{"due_at": minutes(60)} | given)


def test_what_a_down_system_stands_on_is_asked_at_once_and_quickly(tower: dict[str, Interface]) -> None:
    for interface in tower.values():
        for plan in ("quick", "full", "canary"):
            probe_of(interface, plan)
    turn(tower["archive"], DOWN, 0)
    asked = Probe.objects.filter(due_at=minutes(1)).order_by("interface__system__name")
    assert [(probe.interface.system.name, probe.plan) for probe in asked] == [
        ("database", "quick"),
        ("host", "quick"),
        ("link", "quick"),
    ]


def test_what_is_being_asked_was_just_asked_or_is_disabled_is_left_alone(tower: dict[str, Interface]) -> None:
    probe_of(tower["database"], claimed_until=minutes(2))
    probe_of(tower["host"], probed_at=minutes(1) - timedelta(seconds=2))
    probe_of(tower["link"])
    Interface.objects.filter(pk=tower["link"].pk).update(enabled=False)
    turn(tower["archive"], DOWN, 0)
    assert set(Probe.objects.values_list("due_at", flat=True)) == {minutes(60)}
    turn(tower["viewer"], DEGRADED, 0)
    assert set(Probe.objects.values_list("due_at", flat=True)) == {minutes(60)}


def reported(key: str = "heartbeat:5", minute: float = 0, **given: Any) -> Outage:
    values = {"organisation": None, "subject": "Nightly backup", "headline": "has not been heard of", "since": NOON}
    return outages.report(key, "heartbeat", **values | given, now=minutes(minute))


def test_what_is_reported_twice_is_one_outage_and_no_news() -> None:
    first = reported(evidence={"expected": "02:00"})
    hear_all()
    again = reported(minute=5, evidence={"expected": "02:00"})
    assert (again.pk, again.heard) == (first.pk, True)
    worse = reported(minute=6, condition="down", cause="It ended with exit code 3", evidence={"exit": 3})
    assert (worse.pk, worse.heard, worse.first, worse.last) == (first.pk, False, {"expected": "02:00"}, {"exit": 3})


def test_what_is_reported_ends_once() -> None:
    reported()
    ended = outages.end("heartbeat:5", minutes(9), minutes(10))
    assert ended is not None
    assert Outage.objects.get().until == minutes(9)
    assert outages.end("heartbeat:5", minutes(11), minutes(12)) is None
    assert reported(minute=20, since=minutes(5)).since == minutes(9)


def test_a_script_on_a_broken_system_is_a_consequence_too(tower: dict[str, Interface]) -> None:
    system: System = tower["archive"].system
    reported(system=system, site=system.site, organisation=system.site.organisation)
    turn(tower["host"], DOWN, 1)
    assert causes_of(tower) == {"archive": "host", "host": None}
    turn(tower["viewer"], DOWN, 1)
    assert causes_of(tower)["viewer"] == "host"


def test_a_disabled_interface_is_out_no_more_and_the_outage_says_so(archive: Interface) -> None:
    turn(archive, DOWN, 0)
    assert outages.sweep(minutes(5)) == []
    Interface.objects.filter(pk=archive.pk).update(enabled=False)
    hear_all()
    outages.sweep(minutes(5))
    outage = only(archive)
    assert (outage.until, outage.ended, outage.heard) == (minutes(5), "its probing was switched off", False)


def test_what_was_removed_is_out_no_more_and_stays_in_the_record(archive: Interface) -> None:
    second = make_interface(archive.system)
    follow([Turned(one, DOWN, NOON, bad()) for one in (archive, second)], minutes(1))
    second.delete()
    outages.sweep(minutes(5))
    assert Outage.objects.get(interface=None).ended == "it was removed from the estate"
    archive.system.delete()
    outages.sweep(minutes(6))
    rows = list(Outage.objects.order_by("until"))
    assert [row.until for row in rows] == [minutes(5), minutes(6)]
    assert rows[1].ended == "its system was removed from the estate"
    assert str(rows[1]) == "Mthatha PACS DICOM refuses connections"


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_see_a_cause_and_its_consequence_at_once_see_both(tower: dict[str, Interface]) -> None:
    begun = threading.Event()

    def second() -> None:
        begun.set()
        turn(tower["archive"], DOWN, 0)
        connection.close()

    with transaction.atomic():
        turn(tower["host"], DOWN, 0)
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait()
        time.sleep(0.2)
    thread.join()
    assert causes_of(tower) == {"archive": "host", "host": None}


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_record_holds_together(tower: dict[str, Interface], seed: int) -> None:
    chance, interfaces = random.Random(seed), [*tower.values(), make_interface(tower["host"].system)]
    for minute in range(60):
        if chance.random() < 0.3:
            hear_all()
        before = {row.pk: row for row in Outage.objects.all()}
        batch = chance.sample(interfaces, chance.randint(1, len(interfaces)))
        told = [Turned(one, *_happened(chance, minute), flapping=chance.random() < 0.1) for one in batch]
        follow(told, minutes(minute))
        for row in Outage.objects.select_related("because"):
            _sound(row, before.get(row.pk))
    open_ = Outage.objects.filter(until=None)
    assert open_.count() == len(set(open_.values_list("key", flat=True)))


def _happened(chance: random.Random, minute: int) -> tuple[Condition, datetime, ProbeResult]:
    condition = chance.choice([UP, UP, DEGRADED, DOWN, DOWN, UNKNOWN])
    results = {UP: [good()], DEGRADED: [slow()], DOWN: [bad(), bad("echo", "TIMEOUT", "hung")]}
    result = chance.choice(results.get(condition, [unasked(), good()]))
    return condition, minutes(minute - chance.random()), result


def _sound(row: Outage, before: Outage | None) -> None:
    """What holds of every outage at every moment, and what may not change unheard."""
    assert row.until is None or row.since <= row.until
    assert (row.until is None) == (row.closed_at is None)
    if row.until is None and row.because is not None:
        cause = row.because
        assert (cause.until, cause.because_id, cause.condition) == (None, None, "down")
        assert cause.system_id != row.system_id
    if before is None or not before.heard:
        assert not row.heard
        return
    told = ("condition", "because_id", "cause_rule", "flapping", "until")
    changed = any(getattr(row, name) != getattr(before, name) for name in told)
    assert row.heard is not changed
    if before.until is not None:
        assert not changed
    assert (row.since, row.first, row.key) == (before.since, before.first, before.key)


@pytest.mark.e2e
def test_ten_thousand_failures_are_followed_in_seconds() -> None:
    site = make_site()
    host = make_system(site, name="core switch", slug="core")
    systems = System.objects.bulk_create(
        [System(site=site, slug=f"s{n}", name=f"S{n}", kind="archive") for n in range(2000)]
    )
    Dependency.objects.bulk_create([Dependency(system=system, needs=host) for system in systems])
    Interface.objects.bulk_create(
        [Interface(system=systems[n % 2000], name=f"I{n}", kind="dicom", host="h", port=104) for n in range(10_000)]
    )
    rows = list(Interface.objects.select_related("system__site__organisation"))
    began = time.monotonic()
    follow([Turned(one, DOWN, NOON, bad()) for one in rows], minutes(1))
    turn(make_interface(host), DOWN, 1)
    assert Outage.objects.filter(because__isnull=False).count() == 10_000
    follow([Turned(one, UP, minutes(9), good()) for one in rows], minutes(10))
    assert Outage.objects.filter(until=None).count() == 1
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("kind", ["heartbeat", "budget", "house", "external"])
def test_a_report_that_is_missing_stops_nobody_and_what_another_watcher_saw_does(
    tower: dict[str, Interface], kind: str
) -> None:
    system: System = tower["archive"].system
    told = outages.Reported(
        key=f"{kind}:1", kind=kind, organisation=system.site.organisation, site=system.site, system=system,
        subject="archive", headline="did not report", since=NOON,
    )  # fmt: skip
    assert outages.report_all([told], NOON)[0].affected == (["viewer"] if kind == "external" else [])


def test_a_hanging_peer_whose_queue_is_full_of_our_probes_still_hangs(archive: Interface) -> None:
    turn(archive, DOWN, 0, bad("association", "TIMEOUT", "host-silent"))
    turn(archive, DOWN, 2, bad("tcp", "TIMEOUT", "connect-timeout"))
    told = only(archive)
    assert (told.cause_rule, told.last["diagnosis"][0]["rule"]) == ("host-silent", "host-silent")
    turn(archive, DOWN, 4, bad("tcp", "ECONNREFUSED", "connection-refused"))
    assert only(archive).cause_rule == "connection-refused"
