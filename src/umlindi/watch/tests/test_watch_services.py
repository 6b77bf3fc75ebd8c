from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Dependency, Interface
from umlindi.probes import Ladder, Layer, ProbeResult, Severity, State, Step
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.watch import checking, queries, services
from umlindi.watch.models import Check, Outage, Probe, Spell
from umlindi.watch.rules.conditions import Change, Condition
from umlindi.watch.rules.plans import Plan
from umlindi.watch.runner import Answer
from umlindi.watch.services import Recorded

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
HOUSE = Actor.house("test")


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def good() -> ProbeResult:
    return ProbeResult("dicom", "ARCHIVE@host:104", (Step("echo", State.OK, 3.0, Layer.DIMSE),))


def bad(code: str = "A801") -> ProbeResult:
    step = Step("move", State.FAILED, 5.0, Layer.DIMSE, code, "move destination unknown", severity=Severity.FAILED)
    return ProbeResult("dicom", "ARCHIVE@host:104", (step,))


def nothing_tried() -> ProbeResult:
    step = Step("settings", State.FAILED, None, Layer.WORKFLOW, "not-probeable", "no secret", {}, Severity.FAILED)
    return ProbeResult("dicom", "ARCHIVE@host:104", (step,))


def spells(interface: Interface) -> list[tuple[str, datetime, datetime | None]]:
    return list(interface.spells.order_by("since", "pk").values_list("condition", "since", "until"))


def person(role: Role, organisation: Any = None) -> tuple[User, Actor]:
    user = make_user(role, organisation)
    return user, actor_of(user)


def hear(interface: Interface, *answers: tuple[float, ProbeResult]) -> None:
    for minute, result in answers:
        services.observe(interface, result, minutes(minute))


def hear_down(interface: Interface, minute: float = 0) -> None:
    """Enough bad answers to be believed, the first of them then."""
    hear(interface, (minute, bad()), (minute + 0.1, bad()))


def test_answers_alike_are_one_spell() -> None:
    interface = make_interface()
    hear(interface, (0, good()), (5, good()), (10, good()))
    assert spells(interface) == [("up", minutes(0), None)]
    assert Probe.objects.get(interface=interface, plan="full").probed_at == minutes(10)


def test_a_change_is_believed_at_the_second_answer_and_dated_back_to_the_first() -> None:
    interface = make_interface()
    hear(interface, (0, good()), (5, bad()))
    assert spells(interface) == [("up", minutes(0), None)]
    hear(interface, (6, bad()))
    assert spells(interface) == [("up", minutes(0), minutes(5)), ("down", minutes(5), None)]


def test_what_lies_between_two_distant_answers_is_unknown() -> None:
    interface = make_interface()
    hear(interface, (0, good()), (5, good()), (300, good()), (301, good()))
    assert spells(interface) == [
        ("up", minutes(0), minutes(5)),
        ("unknown", minutes(5), minutes(300)),
        ("up", minutes(300), None),
    ]


def test_an_answer_older_than_the_newest_changes_nothing() -> None:
    interface = make_interface()
    hear(interface, (5, good()), (4, bad()), (3, bad()))
    assert spells(interface) == [("up", minutes(5), None)]


def test_an_interface_that_cannot_be_probed_is_unknown_and_says_why() -> None:
    interface = make_interface()
    services.observe(interface, nothing_tried(), NOON)
    now = queries.present(HOUSE, interface, NOON)
    assert now.condition is Condition.UNKNOWN
    assert now.steps[0]["meaning"] == "no secret"


def test_an_old_answer_is_not_the_present() -> None:
    interface = make_interface()
    services.observe(interface, good(), minutes(0))
    assert queries.present(HOUSE, interface, minutes(1)).condition is Condition.UP
    assert queries.present(HOUSE, interface, minutes(60)).condition is Condition.UNKNOWN


def test_bad_since_reaches_back_over_degraded_and_down() -> None:
    interface = make_interface()
    degraded = ProbeResult("dicom", "x", (Step("get", State.FAILED, 1.0, Layer.DIMSE, severity=Severity.DEGRADED),))
    hear(interface, (0, good()), (5, bad()), (6, bad()), (10, degraded), (10.5, degraded))
    now = queries.present(HOUSE, interface, minutes(11))
    assert (now.condition, now.since) == (Condition.DEGRADED, minutes(5))


def give(*interfaces: Interface, at: datetime = NOON) -> int:
    return services.give_probes(interfaces, at)


def claimed(at: datetime, at_most: int = 10, **given: Any) -> list[tuple[int, str]]:
    return sorted((claim.interface, claim.plan.value) for claim in services.claim_due(at, at, at_most, **given))


def plain(**settings: object) -> Interface:
    """An interface with one plan."""
    return make_interface(kind="time", settings=settings)


def test_a_claimed_probe_is_nobody_elses_until_its_answer_must_have_come() -> None:
    short, patient = plain(timeout=20), plain(timeout=300)
    assert give(short, patient) == 2
    assert give(short, patient) == 0
    both = [(short.pk, "full"), (patient.pk, "full")]
    assert claimed(minutes(1)) == both
    assert claimed(minutes(1.3)) == []
    assert claimed(minutes(1.5)) == both[:1]
    assert claimed(minutes(7)) == both


def test_a_claimed_probe_is_taken_over_within_two_intervals() -> None:
    interface = make_interface(settings={"interval": 30})
    give(interface)
    assert (interface.pk, "quick") in claimed(NOON)
    assert (interface.pk, "quick") in claimed(minutes(0.5))


def test_what_a_process_lets_go_is_claimed_at_once() -> None:
    interface = plain()
    give(interface)
    claimed(NOON, who="one")
    services.let_go("another")
    assert claimed(NOON) == []
    services.let_go("one")
    assert claimed(NOON) == [(interface.pk, "full")]


def test_an_organisation_that_is_busy_gets_no_more() -> None:
    one, other = plain(), plain()
    give(one, other)
    busy = [one.system.site.organisation_id]
    assert claimed(minutes(1), busy=busy) == [(other.pk, "full")]


def test_an_answered_probe_comes_round_after_its_own_interval() -> None:
    interface = plain(interval=60)
    give(interface)
    claimed(NOON)
    hear(interface, (0, good()))
    probe = Probe.objects.get()
    assert probe.claimed_until is None
    assert timedelta(seconds=57) <= probe.due_at - NOON <= timedelta(seconds=63)


def test_a_first_answer_against_what_is_held_true_is_asked_again_soon() -> None:
    interface = plain(interval=60)
    hear(interface, (0, good()), (1, bad()))
    assert Probe.objects.get().due_at - minutes(1) <= timedelta(seconds=10)


def test_what_is_down_for_long_is_asked_less_often_but_within_two_intervals() -> None:
    interface = plain(interval=60)
    for minute in range(30):
        hear(interface, (minute, bad()))
    waits = Probe.objects.get().due_at - minutes(29)
    assert timedelta(seconds=66) < waits < timedelta(seconds=110)


def test_a_thousand_new_interfaces_are_spread_over_their_interval_and_one_alone_is_due_at_once() -> None:
    system = make_system()
    many = [make_interface(system, kind="time", settings={"interval": 60}) for _ in range(1000)]
    give(*many)
    due = sorted(Probe.objects.values_list("due_at", flat=True))
    assert due[0] >= NOON
    assert due[-1] < minutes(1)
    assert max((later - before).total_seconds() for before, later in pairwise(due)) < 0.1
    alone = plain(interval=60)
    give(alone)
    assert Probe.objects.get(interface=alone).due_at == NOON


def test_probes_follow_the_plans_of_an_interface() -> None:
    interface = make_interface(settings={"expect": ["echo", "store"]})
    give(interface)
    assert set(interface.probes.values_list("plan", flat=True)) == {"quick", "full", "canary"}
    interface.settings = {"interval": 600, "full_interval": 600}
    interface.save()
    give(interface)
    assert list(interface.probes.values_list("plan", "interval_s")) == [("full", 600)]


def test_a_plan_that_is_taken_away_takes_its_fault_with_it() -> None:
    interface = make_interface(settings={"expect": ["echo", "store"]})
    give(interface)
    step = Step("store", State.FAILED, 5.0, Layer.DIMSE, "A700", "out of resources", severity=Severity.FAILED)
    refused = ProbeResult("dicom", "ARCHIVE@host:104", (step,))
    for minute, plan, result in ((0, Plan.FULL, good()), (0, Plan.CANARY, refused), (1, Plan.CANARY, refused)):
        services.record([Recorded(interface.pk, plan, minutes(minute), result)], minutes(minute))
    assert Outage.objects.get().until is None
    interface.settings = {}
    interface.save()
    give(interface, at=minutes(2))
    assert queries.present(HOUSE, interface, minutes(2)).condition is Condition.UP
    assert Outage.objects.get().until == minutes(2)


def test_what_is_disabled_is_not_asked_and_its_history_ends_with_its_last_answer() -> None:
    interface = make_interface()
    hear(interface, (0, good()), (5, good()))
    interface.enabled = False
    interface.save()
    services.keep_schedule(minutes(6))
    assert claimed(minutes(1000)) == []
    assert spells(interface) == [("up", minutes(0), minutes(5))]
    assert not Probe.objects.exists()


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_an_outage_of_what_is_taken_away_ends(how: str) -> None:
    interface = make_interface()
    hear_down(interface)
    if how == "disabled":
        Interface.objects.filter(pk=interface.pk).update(enabled=False)
    else:
        interface.delete()
    services.keep_schedule(minutes(6))
    assert Outage.objects.get().until == minutes(6)


def test_a_schedule_from_before_the_clock_was_set_back_is_brought_into_the_present() -> None:
    interface = plain(interval=60)
    give(interface, at=minutes(60))
    services.keep_schedule(NOON)
    assert NOON <= Probe.objects.get().due_at <= minutes(1)


def test_asking_for_a_probe_puts_it_first_and_is_audited() -> None:
    interface = plain()
    give(interface, at=minutes(60))
    _, operator = person(Role.OPERATOR, interface.system.site.organisation)
    services.ask_now(operator, interface, NOON)
    assert claimed(NOON) == [(interface.pk, "full")]
    assert AuditEvent.objects.get().verb == "probe.asked"


def test_a_viewer_may_not_ask_for_a_probe() -> None:
    interface = make_interface()
    _, viewer = person(Role.VIEWER, interface.system.site.organisation)
    with pytest.raises(Forbidden):
        services.ask_now(viewer, interface, NOON)


def finished_check(interface: Interface, result: ProbeResult, at: datetime) -> Check:
    organisation = interface.system.site.organisation
    check = services.start_check(HOUSE, organisation, at)
    reference = checking.reference_for(organisation, at)
    services.add_lines(check, [(interface, Answer(interface.pk, at, result))], reference)
    return services.finish_check(HOUSE, check, at)


def test_a_check_says_new_still_and_recovered_against_the_morning_before() -> None:
    interface = make_interface(settings={"interval": 86400})
    days = [NOON + timedelta(days=day) for day in range(4)]
    results = [good(), bad(), bad(), good()]
    changes = [
        finished_check(interface, result, day).lines.get().change for result, day in zip(results, days, strict=True)
    ]
    assert changes == [Change.FIRST, Change.NEW, Change.STILL, Change.RECOVERED]


def test_a_check_compares_with_the_day_before_even_when_run_twice_a_day() -> None:
    interface = make_interface(settings={"interval": 86400})
    yesterday = NOON - timedelta(days=1)
    finished_check(interface, good(), yesterday)
    finished_check(interface, bad(), minutes(0))
    again = finished_check(interface, bad(), minutes(30))
    assert again.lines.get().change == Change.NEW


def test_a_line_names_who_is_affected_and_what_to_do() -> None:
    site = make_site()
    host = make_system(site, name="PACS host", slug="host", kind="host")
    pacs = make_system(site, name="Mthatha PACS", slug="pacs", serves="3 reading rooms")
    Dependency.objects.create(system=pacs, needs=host)
    interface = make_interface(host)
    check = finished_check(interface, bad(), NOON)
    line = queries.check_page(HOUSE, check, NOON).new[0]
    assert line.row.affected == ["Mthatha PACS (3 reading rooms)"]
    assert line.causes[0]["rule"] == "move-destination-unknown"
    assert line.next == line.causes[0]["fix"] != ""
    assert line.headline == "refuses every retrieve"


def test_only_a_finished_check_is_signed_and_only_once() -> None:
    interface = make_interface()
    organisation = interface.system.site.organisation
    user, operator = person(Role.OPERATOR, organisation)
    check = services.start_check(operator, organisation, NOON)
    with pytest.raises(services.NotFinished):
        services.sign(operator, check, "", NOON)
    services.finish_check(operator, check, NOON)
    signed = services.sign(operator, check, "Rang the CT room.", minutes(1))
    assert (signed.signed_by, signed.signed_name, signed.remarks) == (user, operator.name, "Rang the CT room.")
    with pytest.raises(services.AlreadySigned):
        services.sign(operator, check, "", minutes(2))
    verbs = AuditEvent.objects.order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["check.started", "check.finished", "check.signed"]


def test_who_has_no_name_does_not_sign() -> None:
    interface = make_interface()
    organisation = interface.system.site.organisation
    user = make_user(Role.OPERATOR, organisation, first_name="", last_name="")
    check = services.finish_check(HOUSE, services.start_check(HOUSE, organisation, NOON), NOON)
    with pytest.raises(services.Unnamed):
        services.sign(actor_of(user), check, "", NOON)
    check.refresh_from_db()
    assert check.signed_at is None


def test_a_program_cannot_sign_for_a_person() -> None:
    interface = make_interface()
    organisation = interface.system.site.organisation
    user, _ = person(Role.OPERATOR, organisation)
    check = services.finish_check(HOUSE, services.start_check(HOUSE, organisation, NOON), NOON)
    for actor in (HOUSE, actor_of(user, token_id=1)):
        with pytest.raises(Forbidden):
            services.sign(actor, check, "", NOON)


def test_a_stranger_sees_no_check_no_spell_and_no_present() -> None:
    interface = make_interface()
    check = finished_check(interface, bad(), NOON)
    _, stranger = person(Role.ADMINISTRATOR, make_organisation())
    assert not queries.checks(stranger).filter(pk=check.pk).exists()
    assert queries.presents(stranger, NOON) == []
    assert queries.estate_now(stranger, NOON).rows == []


def test_the_database_refuses_two_presents_of_one_interface() -> None:
    interface = make_interface()
    services.observe(interface, good(), NOON)
    for values in (
        {"since": minutes(9), "until": None, "probed_at": minutes(9)},
        {"since": minutes(-1), "until": minutes(1), "probed_at": minutes(0)},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Spell.objects.create(interface=interface, condition="down", **values)


def test_a_duty_shows_what_the_morning_still_asks() -> None:
    interface = make_interface()
    organisation = interface.system.site.organisation
    _, operator = person(Role.OPERATOR, organisation)

    def due() -> tuple[str, str]:
        line = queries.due_today(operator, NOON)[0]
        return line.state, line.text

    assert due() == ("warn", f"Morning check of {organisation} not run yet")
    check = finished_check(interface, good(), NOON)
    assert due()[0] == "warn"
    services.sign(operator, check, "", NOON)
    assert due() == ("ok", f"Morning check of {organisation} signed")


def test_an_archive_out_of_resources_is_explained_by_its_hosts_full_disk() -> None:
    site = make_site()
    host, pacs = make_system(site, kind="host"), make_system(site)
    Dependency.objects.create(system=pacs, needs=host)
    refusal = Step("store", State.FAILED, 5.0, Layer.DIMSE, "A700", "out of resources", {}, Severity.FAILED)
    out = ProbeResult("dicom", "ARCHIVE@host:104", (refusal,))
    archive = make_interface(pacs)
    services.observe(archive, out, NOON)
    alone = queries.present(HOUSE, archive, NOON).causes[0]["rule"]
    disk = Step("disk:/", State.FAILED, 1.0, Layer.HOST, "disk-full", "full", {"used_share": 0.99}, Severity.FAILED)
    services.observe(make_interface(host, kind="host"), ProbeResult("host", "host", (disk,)), NOON)
    services.observe(archive, out, minutes(1))
    assert (alone, queries.present(HOUSE, archive, minutes(1)).causes[0]["rule"]) == ("storing-fails", "storage-full")


def test_an_answer_that_no_database_would_store_is_recorded_all_the_same() -> None:
    ladder = Ladder("orthanc", "http://archive")
    ladder.facts.update(name="ARCHIVE\0", version="\ud800", load=float("nan"))
    with ladder.step("identity", Layer.APPLICATION) as rung:
        rung.complains("wrong\0", "another Orthanc\0 answers", found={"DicomAet\0": [float("inf")]})
    interface = make_interface()
    hear(interface, (0, ladder.result()), (1, ladder.result()))
    assert Spell.objects.get().condition == Condition.DEGRADED
