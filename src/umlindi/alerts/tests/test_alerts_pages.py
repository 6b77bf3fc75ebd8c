"""Answering an alert on its page, and saying who is told when."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.rules import Role
from umlindi.alerts.forms import MORNING, deadline
from umlindi.alerts.models import Alert, AlertEvent, AlertOutage, Page, Policy
from umlindi.core.models import AuditEvent
from umlindi.oncall.models import Channel, Rota
from umlindi.testing.estate import (
    make_alert,
    make_interface,
    make_organisation,
    make_outage,
    make_site,
    make_system,
    make_user,
)
from umlindi.testing.oncall import make_answerer, make_rota

pytestmark = pytest.mark.django_db

ANSWER = {"reason": "I ring the vendor", "until": "60"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def operator(organisation: Organisation | None) -> Client:
    return signed_in(make_user(Role.OPERATOR, organisation))


def owner_of(alert: Alert) -> Organisation:
    assert alert.organisation is not None
    return alert.organisation


def test_an_acknowledgement_says_who_why_and_until_when() -> None:
    alert = make_alert()
    answer = operator(owner_of(alert)).post(f"/alerts/{alert.pk}/answer/", ANSWER | {"verb": "acknowledge"})
    assert answer.status_code == 302
    alert.refresh_from_db()
    assert (alert.state, alert.acknowledged_reason) == ("acknowledged", "I ring the vendor")
    assert alert.acknowledged_until
    assert timedelta(minutes=59) < alert.acknowledged_until - timezone.now() <= timedelta(minutes=60)
    assert AuditEvent.objects.get(verb="alert.acknowledged").reason == "I ring the vendor"


@pytest.mark.parametrize(("verb", "field"), [("snooze", "snoozed_until"), ("close", "closed_at")])
def test_it_can_be_silenced(verb: str, field: str) -> None:
    alert = make_alert()
    operator(owner_of(alert)).post(f"/alerts/{alert.pk}/answer/", ANSWER | {"verb": verb})
    alert.refresh_from_db()
    assert getattr(alert, field) is not None


@pytest.mark.parametrize("wrong", [{"reason": ""}, {"reason": "   "}, {"until": "99999"}, {"verb": "delete"}])
def test_an_answer_without_a_reason_or_an_end_answers_nothing(wrong: dict[str, str]) -> None:
    alert = make_alert()
    client = operator(owner_of(alert))
    said = client.post(f"/alerts/{alert.pk}/answer/", ANSWER | {"verb": "acknowledge"} | wrong, follow=True).text
    assert Alert.objects.get().state == "firing"
    assert "message error" in said


def test_what_is_over_is_not_answered() -> None:
    alert = make_alert(state="resolved", resolved_at=timezone.now())
    client = operator(owner_of(alert))
    said = client.post(f"/alerts/{alert.pk}/answer/", ANSWER | {"verb": "acknowledge"}, follow=True).text
    assert "was over before you answered" in said
    assert Alert.objects.get().answered_at is None


def test_who_may_only_look_answers_nothing() -> None:
    alert = make_alert()
    viewer = signed_in(make_user(Role.VIEWER, owner_of(alert)))
    assert "/answer/" not in viewer.get(f"/alerts/{alert.pk}/").text
    assert viewer.post(f"/alerts/{alert.pk}/answer/", ANSWER | {"verb": "acknowledge"}).status_code == 403
    assert operator(make_organisation()).post(f"/alerts/{alert.pk}/answer/", ANSWER).status_code == 404


def test_a_remark_stays_in_the_timeline() -> None:
    alert = make_alert()
    client = operator(owner_of(alert))
    client.post(f"/alerts/{alert.pk}/remark/", {"text": "The vendor is on the way."})
    client.post(f"/alerts/{alert.pk}/remark/", {"text": " "})
    assert AlertEvent.objects.get().text == "The vendor is on the way."
    assert "The vendor is on the way." in client.get(f"/alerts/{alert.pk}/").text


def test_the_list_is_narrowed_by_state_severity_and_words() -> None:
    waiting = make_alert(title="PACS refuses", severity="critical")
    organisation = owner_of(waiting)
    make_alert(title="CT sleeps", severity="low", organisation=organisation, muted=True)
    make_alert(title="Old trouble", organisation=organisation, state="resolved", resolved_at=timezone.now())
    client = operator(organisation)

    def titles(query: str) -> set[str]:
        said = client.get(f"/alerts/{query}").text
        return {title for title in ("PACS refuses", "CT sleeps", "Old trouble") if title in said}

    assert titles("") == {"PACS refuses", "CT sleeps"}
    assert titles("?state=waiting") == {"PACS refuses"}
    assert titles("?state=silent") == {"CT sleeps"}
    assert titles("?severity=low") == {"CT sleeps"}
    assert titles("?state=recent&text=old") == {"Old trouble"}
    assert titles("?state=recent&text=pacs") == set()
    assert client.get("/alerts/?state=nonsense").status_code == 400


def test_until_the_morning_is_the_next_one() -> None:
    zone = ZoneInfo("Africa/Johannesburg")
    for now, day in ((datetime(2026, 11, 24, 3, 0, tzinfo=zone), 24), (datetime(2026, 11, 24, 7, 30, tzinfo=zone), 25)):
        assert deadline(MORNING, now) == datetime(2026, 11, day, 7, 30, tzinfo=zone)
    assert deadline("240", now) - now == timedelta(hours=4)


def _policy(**given: str) -> dict[str, str]:
    return {"name": "Night", "severity": "", "repeats": "1", "repeat_after": "15", "after-0": "0", **given}


def test_a_policy_is_made_of_its_steps_in_order_and_previewed() -> None:
    organisation = make_organisation()
    admin = make_user(Role.ADMINISTRATOR, organisation)
    Channel.objects.create(user=admin, kind="mail", name="Mail", address="n@clinic.example", shown="mail")
    empty = Rota.objects.create(organisation=organisation, name="Nobody's rota")
    client = signed_in(admin)
    steps = {"tell-0-0": f"user:{admin.pk}", "after-1": "10", "tell-1-0": f"rota:{empty.pk}"}
    answer = client.post(f"/alerts/policies/new/?org={organisation.slug}", _policy(**steps))
    policy = Policy.objects.get()
    assert answer.headers["Location"] == policy.get_absolute_url()
    assert [(step.after, str(step.targets.get())) for step in policy.steps.all()] == [(0, str(admin)), (10, str(empty))]
    said = client.get(policy.get_absolute_url()).text
    assert "has a step that reaches nobody" in said
    assert "Nobody on call" in said
    assert AuditEvent.objects.filter(verb="policy.added").exists()


def test_a_policy_cannot_tell_another_clients_people() -> None:
    organisation = make_organisation()
    stranger = make_user(Role.OPERATOR, make_organisation())
    client = signed_in(make_user(Role.ADMINISTRATOR, organisation))
    client.post(f"/alerts/policies/new/?org={organisation.slug}", _policy(**{"tell-0-0": f"user:{stranger.pk}"}))
    assert not Policy.objects.exists()
    assert str(stranger) not in client.get(f"/alerts/policies/new/?org={organisation.slug}").text


def test_a_policy_that_tells_nobody_is_not_saved() -> None:
    organisation = make_organisation()
    client = signed_in(make_user(Role.ADMINISTRATOR, organisation))
    said = client.post(f"/alerts/policies/new/?org={organisation.slug}", _policy()).text
    assert "somebody to tell" in said
    assert not Policy.objects.exists()


SURE = {
    "cause": "It lacks the move list",
    "confidence": 0.85,
    "fix": "Add it",
    "unsafe": "Do not restart it",
    "confirm": "Ask it",
}


def test_an_alerts_page_tells_the_same_diagnosis_as_its_card() -> None:
    alert = make_alert(make_outage(last={"steps": [], "diagnosis": [SURE]}), cause="Refuses C-MOVE")
    client = operator(owner_of(alert))
    for address in ("/", alert.get_absolute_url()):
        said = client.get(address).text
        for words in ("It lacks the move list", "85 %", "Add it", "Do not restart it", "How to be sure", "Ask it"):
            assert words in said
        assert "Refuses C-MOVE" not in said


def test_where_much_failed_at_once_one_systems_diagnosis_is_not_the_alerts() -> None:
    outage = make_outage(last={"steps": [], "diagnosis": [SURE]})
    alert = make_alert(outage, cause="Probably the link to the site", breadth="site")
    for address in ("/", alert.get_absolute_url()):
        said = operator(owner_of(alert)).get(address).text
        assert "Probably the link to the site" in said
        assert "It lacks the move list" not in said


def test_what_fails_because_of_it_is_named_once_and_with_whom_it_serves() -> None:
    organisation = make_organisation()
    site = make_site(organisation)
    root = make_outage(make_interface(make_system(site, name="Database")))
    ris = make_system(site, name="RIS", serves="Reception")
    alert = make_alert(root, affected=["RIS (Reception)", "CT 1"])
    for name in ("HL7", "Web"):
        hanging = make_outage(make_interface(ris, name=name), because=root)
        AlertOutage.objects.create(alert=alert, outage=hanging, joined_at=timezone.now())
    client = operator(organisation)
    for address in ("/", alert.get_absolute_url()):
        affects = client.get(address).text.split("<dt>Affects</dt>")[1].split("</div>")[0]
        assert affects.count("RIS") == 1
        assert ">RIS (Reception)</a> fails because of it.</p>CT 1<" in affects


@pytest.mark.parametrize(("who", "said"), [("told", "you"), ("on call", "you"), ("neither", "an answer")])
def test_an_alert_waits_for_who_was_told_or_is_on_call_and_else_for_an_answer(who: str, said: str) -> None:
    now = timezone.now()
    alert = make_alert(due_at=now + timedelta(minutes=5))
    person = make_answerer(owner_of(alert))
    if who == "on call":
        make_rota(owner_of(alert), person)
    elif who == "told":
        Page.objects.create(
            alert=alert, key="1", kind="page", user=person, to="Naledi", severity="critical", state="delivered",
            made_at=now, armed_at=now, due_at=now, delivered_at=now,
        )  # fmt: skip
    assert f"It waits for {said}." in signed_in(person).get(alert.get_absolute_url()).text


def test_heartbeats_and_the_house_are_found_where_alerts_and_systems_are() -> None:
    client = operator(make_organisation())
    for address in ("/alerts/", "/estate/"):
        assert 'href="/heartbeats/"' in client.get(address).text
    assert 'href="/heartbeats/house/"' not in client.get("/alerts/").text
    assert 'href="/heartbeats/house/"' in operator(None).get("/alerts/").text


def test_who_was_reached_by_one_channel_was_reached_though_another_failed() -> None:
    now = timezone.now()
    alert = make_alert(due_at=now + timedelta(minutes=5))
    person = make_answerer(owner_of(alert))
    for number, state in enumerate(("delivered", "failed")):
        Page.objects.create(
            alert=alert, key=str(number), kind="page", user=person, to="Naledi", severity="critical", state=state,
            made_at=now, armed_at=now, due_at=now, delivered_at=now if state == "delivered" else None, reason="NO-SMTP",
        )  # fmt: skip
    told = signed_in(person).get(alert.get_absolute_url()).text.split("<dt>Told</dt>")[1].split("</div>")[0]
    assert "not delivered" not in told


def test_the_page_of_an_alert_that_is_over_says_so_and_how_its_clock_ended() -> None:
    now = timezone.now()
    alert = make_alert(state="resolved", resolved_at=now, clock="met", answered_at=now, answered_by="Naledi Mokoena")
    said = operator(owner_of(alert)).get(alert.get_absolute_url()).text
    assert "What was broken" in said
    assert "Acknowledged in time: Naledi Mokoena" in said
