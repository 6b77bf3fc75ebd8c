"""From an outage to a person: who is told, when, how often, and what stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from umlindi.accounts.queries import actor_of
from umlindi.alerts import services
from umlindi.alerts.models import Alert, Page
from umlindi.alerts.queries.preview import preview
from umlindi.core.models import AuditEvent
from umlindi.estate.models import System
from umlindi.oncall.models import Channel, PersonalRule
from umlindi.testing.alerts import fail, make_person, make_policy, make_rota, mend, turn, turns
from umlindi.testing.estate import make_site, make_system

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 24, 0, 10, tzinfo=UTC)


def seconds(number: float) -> datetime:
    return NIGHT + timedelta(seconds=number)


def minutes(number: float) -> datetime:
    return NIGHT + timedelta(minutes=number)


def archive() -> System:
    return make_system(make_site(name="Komani"), name="Komani PACS", kind="pacs", serves="3 reading rooms")


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def kinds(alert: Alert) -> list[str]:
    return list(alert.events.values_list("kind", flat=True))


def test_one_outage_is_one_alert_and_the_person_on_call_is_told_after_the_group_wait() -> None:
    naledi = make_person("Naledi")
    make_policy((0, [make_rota(naledi)]))
    fail([archive()], NIGHT)
    turn(seconds(1))
    assert Alert.objects.get().state == "pending"
    assert mail.outbox == []
    turn(seconds(17))
    alert = Alert.objects.get()
    assert (alert.state, alert.severity) == ("firing", "critical")
    assert [message.to for message in mail.outbox] == [["naledi0@example.org"]]
    assert mail.outbox[0].subject.startswith("[CRITICAL] Komani PACS")
    assert kinds(alert) == ["opened", "fired", "escalated", "delivered"]


def test_an_unanswered_alert_climbs_the_steps_and_repeats_as_often_as_its_policy_says() -> None:
    first, second = make_person("Naledi"), make_person("Sipho")
    make_policy((0, [first]), (5, [second]), repeats=2, repeat_after=15)
    fail([archive()], NIGHT)
    turns(seconds(1), 1)
    turns(minutes(1) + timedelta(seconds=16), 60, every=60)
    told = [(round((page.made_at - seconds(16)).total_seconds() / 60), page.to) for page in Page.objects.all()]
    naledi, sipho = str(first), str(second)
    assert told == [(0, naledi), (5, sipho), (15, naledi), (20, sipho), (30, naledi), (35, sipho)]
    assert len({page.key for page in Page.objects.all()}) == len(mail.outbox) == 6
    assert Alert.objects.get().due_at is None
    assert kinds(Alert.objects.get())[-1] == "unanswered"


def test_a_page_says_since_when_nobody_has_answered_to_whoever_it_goes() -> None:
    naledi = make_person("Naledi", channels=2)
    make_policy((0, [naledi]), (5, [make_person("Sipho")]), repeats=1, repeat_after=15)
    fail([archive()], NIGHT)
    turns(seconds(1), 21)
    bodies = [str(message.body) for message in mail.outbox if "naledi1" not in message.to[0]]
    since = ["Nobody has answered since 24 Nov, 02:10" in body for body in bodies]
    assert since == [False, True, True, True]
    services.acknowledge(actor_of(naledi), Alert.objects.get(), "driving there", minutes(22), minutes(60))
    turns(minutes(60), 1)
    assert "Nobody has answered" not in str(mail.outbox[-1].body)


def test_an_acknowledgement_stops_everything_until_its_deadline_and_then_pages_from_the_first_step() -> None:
    """Vector 12."""
    naledi = make_person("Naledi")
    make_policy((0, [naledi]), (5, [make_person("Sipho")]))
    system = archive()
    fail([system], NIGHT)
    turn(seconds(1))
    turn(seconds(17))
    services.acknowledge(actor_of(naledi), Alert.objects.get(), "driving there", minutes(2), minutes(60))
    turns(minutes(2), 57)
    assert len(mail.outbox) == 1
    turn(minutes(60))
    alert = Alert.objects.get()
    assert (alert.state, alert.cycle, len(mail.outbox)) == ("firing", 1, 2)
    assert mail.outbox[1].to == ["naledi0@example.org"]
    services.acknowledge(actor_of(naledi), alert, "still there", minutes(61))
    mend([system], minutes(70))
    turn(minutes(70))
    assert Alert.objects.get().state == "resolved"
    assert Alert.objects.get().acknowledged_until is None
    fail([system], minutes(80))
    turn(minutes(80))
    turn(minutes(81))
    assert Alert.objects.count() == 2
    assert len([subject for subject in subjects() if subject.startswith("[CRITICAL]")]) == 3


def test_whoever_was_paged_hears_once_that_it_is_over_and_nobody_else_does() -> None:
    make_policy((0, [make_person("Naledi", channels=2)]), (30, [make_person("Sipho")]))
    system = archive()
    fail([system], NIGHT)
    turns(seconds(1), 1)
    mend([system], minutes(10))
    turns(minutes(10), 5)
    over = [message for message in mail.outbox if str(message.subject).startswith("[OVER]")]
    assert [message.to for message in over] == [["naledi0@example.org"]]


def test_what_recovers_before_it_fires_wakes_nobody() -> None:
    make_policy((0, [make_person("Naledi")]))
    system = archive()
    fail([system], NIGHT)
    turn(seconds(1))
    mend([system], seconds(9))
    turns(seconds(10), 2)
    assert mail.outbox == []
    assert (Alert.objects.get().state, Alert.objects.get().clock) == ("resolved", "recovered")


def test_worse_than_what_was_acknowledged_pages_again() -> None:
    naledi = make_person("Naledi")
    make_policy((0, [naledi]))
    system = archive()
    fail([system], NIGHT, degraded=True)
    turns(seconds(1), 1)
    services.acknowledge(actor_of(naledi), Alert.objects.get(), "looking", minutes(2))
    fail([system], minutes(5))
    turn(minutes(5))
    alert = Alert.objects.get()
    assert (alert.state, alert.severity, len(mail.outbox)) == ("firing", "critical", 2)
    assert "worsened" in kinds(alert)


def test_a_policy_edited_in_an_alert_does_not_touch_it() -> None:
    """Law 3."""
    first, second = make_person("Naledi"), make_person("Sipho")
    policy = make_policy((0, [first]), (5, [first]))
    fail([archive()], NIGHT)
    turns(seconds(1), 1)
    policy.steps.all().delete()
    policy.repeats = 9
    policy.save()
    make_policy((0, [second]), severity="critical")
    turns(minutes(2), 40)
    assert {page.to for page in Page.objects.all()} == {str(first)}
    assert len(mail.outbox) == 2


def test_nobody_on_call_takes_the_next_step_at_once_and_says_so_until_somebody_is_reached() -> None:
    make_policy((0, [make_rota(None)]), (30, [make_rota(None, name="Second line")]), (60, [make_person("Sipho")]))
    fail([archive()], NIGHT)
    turn(seconds(1))
    turn(seconds(17))
    alert = Alert.objects.get()
    assert [message.to for message in mail.outbox] == [["sipho0@example.org"]]
    assert not alert.nobody_reached
    assert alert.events.filter(kind="nobody").first().text == "nobody is on call for First line"  # type: ignore[union-attr]


def test_without_any_policy_the_alert_says_so_and_takes_the_first_that_comes() -> None:
    fail([archive()], NIGHT)
    turns(seconds(1), 5)
    alert = Alert.objects.get()
    assert (alert.nobody_reached, alert.nobody_reason) == (True, "no escalation policy says whom to tell")
    assert alert.events.filter(kind="nobody").count() == 1
    make_policy((0, [make_person("Naledi")]))
    turns(minutes(6), 3)
    assert len(mail.outbox) == 1
    assert not Alert.objects.get().nobody_reached


def test_an_organisations_own_policy_goes_before_the_providers() -> None:
    system = archive()
    make_policy((0, [make_person("Naledi")]))
    make_policy((0, [make_person("Sipho")]), organisation=system.site.organisation)
    fail([system], NIGHT)
    turns(seconds(1), 1)
    assert [message.to for message in mail.outbox] == [["sipho0@example.org"]]


def test_a_channel_that_fails_for_good_brings_the_persons_next_way_and_then_the_next_step_at_once() -> None:
    first = make_person("Naledi", channels=0)
    for minute, address in ((0, "naledi@localhost"), (10, "naledi-too@localhost")):
        channel = Channel.objects.create(
            user=first, kind="apprise", name=address, secret="not encrypted by this house", shown="x"
        )
        PersonalRule.objects.create(user=first, severity="critical", channel=channel, minutes=minute)
    make_policy((0, [first]), (30, [make_person("Sipho")]))
    fail([archive()], NIGHT)
    turn(seconds(1))
    for second in range(17, 22):
        turn(seconds(second))
    assert [message.to for message in mail.outbox] == [["sipho0@example.org"]]
    failed = Page.objects.filter(state="failed")
    assert {page.attempts.get().outcome for page in failed} == {"permanent"}
    assert failed.count() == 2
    assert kinds(Alert.objects.get())[-1] == "delivered"


def test_snoozing_and_closing_are_silent_and_only_recovery_resolves() -> None:
    naledi = make_person("Naledi")
    make_policy((0, [naledi]), (5, [naledi]))
    system = archive()
    fail([system], NIGHT)
    turns(seconds(1), 1)
    services.snooze(actor_of(naledi), Alert.objects.get(), "after the list", minutes(30), minutes(2))
    turns(minutes(2), 27)
    assert len(mail.outbox) == 1
    turn(minutes(30))
    assert len(mail.outbox) == 2
    services.close(actor_of(naledi), Alert.objects.get(), "decommissioned next week", minutes(31))
    turns(minutes(31), 120, every=60)
    assert (len(mail.outbox), Alert.objects.get().state) == (2, "firing")
    mend([system], minutes(200))
    turn(minutes(200))
    assert Alert.objects.get().state == "resolved"
    verbs = AuditEvent.objects.order_by("seq").values_list("verb", "reason")
    assert list(verbs) == [("alert.snoozed", "after the list"), ("alert.closed", "decommissioned next week")]


def test_who_has_left_the_organisation_is_told_nothing_more_of_it() -> None:
    system, beside = archive(), make_site().organisation
    organisation = system.site.organisation
    naledi, sipho = make_person("Naledi", organisation), make_person("Sipho", organisation)
    policy = make_policy((0, [naledi]), (30, [sipho]), organisation=organisation)
    naledi.memberships.update(organisation=beside)
    fail([system], NIGHT)
    turn(seconds(1))
    turn(seconds(17))
    assert [message.to for message in mail.outbox] == [["sipho0@example.org"]]
    assert [step.reached[0].gap for step in preview(policy, "critical", NIGHT)] == [True, False]


def test_a_page_that_waits_is_taken_back_from_who_has_left_meanwhile() -> None:
    naledi = make_person("Naledi")
    make_policy((0, [naledi]))
    PersonalRule.objects.create(user=naledi, severity="critical", channel=Channel.objects.get(), minutes=10)
    fail([archive()], NIGHT)
    turns(seconds(1), 1)
    naledi.is_active = False
    naledi.save()
    turn(minutes(12))
    assert mail.outbox == []
    assert Page.objects.get().reason == f"{naledi} has left"


def test_a_minor_fault_waits_for_the_digest_in_one_mail_a_person() -> None:
    make_policy((0, [make_person("Naledi", channels=2)]))
    site = make_site(name="Komani")
    rooms = [make_system(site, name=f"CT {number}", kind="modality") for number in range(3)]
    fail(rooms, NIGHT, degraded=True)
    turns(seconds(1), 2)
    assert mail.outbox == []
    mend(rooms[:1], minutes(10))
    digest_at = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
    turn(digest_at - timedelta(seconds=1))
    turn(digest_at)
    turn(digest_at + timedelta(minutes=5))
    assert subjects() == ["Umlindi: 2 small matters for your attention"]
    assert "CT 0" not in str(mail.outbox[0].body)


def test_who_has_a_wish_to_answer_needs_a_reason_and_a_deadline_that_holds() -> None:
    naledi = make_person("Naledi")
    fail([archive()], NIGHT)
    turn(seconds(1))
    alert, actor = Alert.objects.get(), actor_of(naledi)
    with pytest.raises(services.NoReason):
        services.acknowledge(actor, alert, "  ", NIGHT)
    for until in (NIGHT, NIGHT + timedelta(days=7, seconds=1)):
        with pytest.raises(services.BadDeadline):
            services.acknowledge(actor, alert, "looking", NIGHT, until)
    assert services.acknowledge(actor, alert, "looking", NIGHT).acknowledged_until == NIGHT + timedelta(hours=1)
