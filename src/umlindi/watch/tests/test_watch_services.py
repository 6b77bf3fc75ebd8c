from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
from umlindi.watch.models import Check, Probe, Spell
from umlindi.watch.rules.conditions import Change, Condition
from umlindi.watch.runner import Answer

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


def test_answers_alike_lengthen_one_spell() -> None:
    interface = make_interface()
    for minute in (0, 5, 10):
        services.observe(interface, good(), minutes(minute))
    spell = interface.spells.get()
    assert (spell.since, spell.until, spell.probed_at, spell.probes) == (minutes(0), None, minutes(10), 3)


def test_a_change_ends_one_spell_and_begins_the_next_at_the_same_moment() -> None:
    interface = make_interface()
    services.observe(interface, good(), minutes(0))
    services.observe(interface, bad(), minutes(5))
    assert spells(interface) == [("up", minutes(0), minutes(5)), ("down", minutes(5), None)]


def test_what_lies_between_two_distant_answers_is_unknown() -> None:
    interface = make_interface()
    services.observe(interface, good(), minutes(0))
    services.observe(interface, good(), minutes(5))
    services.observe(interface, good(), minutes(300))
    assert spells(interface) == [
        ("up", minutes(0), minutes(5)),
        ("unknown", minutes(5), minutes(300)),
        ("up", minutes(300), None),
    ]


def test_an_answer_older_than_the_newest_changes_nothing() -> None:
    interface = make_interface()
    services.observe(interface, good(), minutes(5))
    assert services.observe(interface, bad(), minutes(4)) is None
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
    services.observe(interface, good(), minutes(0))
    services.observe(interface, bad(), minutes(5))
    degraded = ProbeResult("dicom", "x", (Step("get", State.FAILED, 1.0, Layer.DIMSE, severity=Severity.DEGRADED),))
    services.observe(interface, degraded, minutes(10))
    now = queries.present(HOUSE, interface, minutes(11))
    assert (now.condition, now.since) == (Condition.DEGRADED, minutes(5))


def test_a_claimed_turn_is_nobody_elses_until_a_probe_must_have_ended() -> None:
    quick, patient = make_interface(settings={"timeout": 20}), make_interface(settings={"timeout": 300})
    assert services.give_turns(NOON) == 2
    assert services.give_turns(NOON) == 0
    assert set(services.claim_due(NOON, 10)) == {quick, patient}
    assert services.claim_due(minutes(1), 10) == []
    assert services.claim_due(minutes(2), 10) == [quick]
    assert set(services.claim_due(minutes(7), 10)) == {patient, quick}


def test_a_finished_turn_comes_round_after_the_interfaces_own_interval() -> None:
    interface = make_interface(settings={"interval": 60})
    services.give_turns(NOON)
    services.claim_due(NOON, 10)
    services.finish_turn(interface, Answer(interface.pk, NOON, good()))
    turn = Probe.objects.get()
    assert turn.claimed_until is None
    assert timedelta(seconds=57) <= turn.due_at - NOON <= timedelta(seconds=63)
    assert interface.spells.count() == 1


def test_a_disabled_interface_has_no_turn() -> None:
    make_interface(enabled=False)
    services.give_turns(NOON)
    assert services.claim_due(NOON, 10) == []


def test_asking_for_a_probe_puts_it_first_and_is_audited() -> None:
    interface = make_interface()
    services.give_turns(minutes(60))
    _, operator = person(Role.OPERATOR, interface.system.site.organisation)
    services.ask_now(operator, interface, NOON)
    assert services.claim_due(NOON, 10) == [interface]
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
    page = queries.now_page(stranger, NOON)
    assert (page.faults, page.estate) == ([], [])


def test_now_tells_a_fault_once_at_its_cause() -> None:
    site = make_site()
    host = make_system(site, name="PACS host", slug="host", kind="host")
    pacs = make_system(site, name="Mthatha PACS", slug="pacs")
    Dependency.objects.create(system=pacs, needs=host)
    for system in (host, pacs):
        services.observe(make_interface(system), bad(), NOON)
    page = queries.now_page(HOUSE, minutes(1))
    assert [card.system for card in page.faults] == [host]
    assert page.faults[0].because == [pacs]
    assert page.counts["down"] == 2


def test_now_is_read_in_a_bounded_number_of_queries(django_assert_max_num_queries: Any) -> None:
    site = make_site()
    for _ in range(40):
        services.observe(make_interface(make_system(site)), bad(), NOON)
    with django_assert_max_num_queries(9):
        queries.now_page(HOUSE, minutes(1))


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
        line = queries.now_page(operator, NOON).due[0]
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
    spell = services.observe(make_interface(), ladder.result(), NOON)
    assert spell is not None
    assert Spell.objects.get(pk=spell.pk).condition == Condition.DEGRADED
