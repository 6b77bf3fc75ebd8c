"""The page Now: what it says of each alert, to whom, and at what cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.alerts.models import Alert, AlertOutage, Page
from umlindi.alerts.queries.now import now_page
from umlindi.alerts.queries.rail import alarms
from umlindi.alerts.rules.unsaid import unsaid
from umlindi.core.actors import Actor
from umlindi.testing.estate import (
    make_alert,
    make_interface,
    make_organisation,
    make_outage,
    make_probe,
    make_site,
    make_system,
    make_user,
)

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
MINUTE = timedelta(minutes=1)


def reader(organisation: Organisation | None, role: Role = Role.OPERATOR) -> Client:
    client = Client()
    client.force_login(make_user(role, organisation))
    return client


def alert_at(organisation: Organisation, **given: Any) -> Alert:
    interface = make_interface(make_system(make_site(organisation)))
    make_probe(interface, condition="down")
    return make_alert(make_outage(interface), **given)


def test_an_alert_is_told_with_who_was_reached_and_how_long_is_left() -> None:
    organisation = make_organisation()
    alert = alert_at(organisation, cause="The listener is stopped", fix="Start the service", affected=["3 wards"])
    person, now = make_user(Role.OPERATOR, organisation), timezone.now()
    for number, state in enumerate(("delivered", "failed")):
        Page.objects.create(
            alert=alert, key=str(number), kind="page", user=person, to=f"Naledi {number}", severity="high", state=state,
            made_at=now, armed_at=now, due_at=now, delivered_at=now, reason="full" if state == "failed" else "",
        )  # fmt: skip
    said = reader(organisation).get("/").text
    for words in (alert.title, "The listener is stopped", "Start the service", "3 wards", "Naledi 0", "Critical"):
        assert words in said
    assert "Naledi 1: not delivered</span> full" in said
    assert f'data-until="{alert.answer_due_at.isoformat()}"' in said
    assert "One needs you within 5 min." in said


def test_nobody_reached_is_loud_and_what_a_window_mutes_is_silent() -> None:
    organisation = make_organisation()
    alert_at(organisation, nobody_reached=True, nobody_reason="No channel delivered.")
    muted = alert_at(organisation, muted=True, muted_by="MR upgrade")
    snoozed = alert_at(organisation, snoozed_until=timezone.now() + MINUTE, quiet_name="Sipho")
    page = now_page(HOUSE, timezone.now())
    assert {card.alert for card in page.quiet} == {muted, snoozed}
    assert [card.alert.nobody_reached for card in page.loud] == [True]
    said = reader(organisation).get("/").text
    assert "Nobody was reached." in said
    assert "window “MR upgrade”" in said
    assert "snoozed until" in said


def test_outages_come_before_degradations_and_the_worst_unanswered_first() -> None:
    organisation = make_organisation()
    low = alert_at(organisation, severity="low")
    held = alert_at(
        organisation, state="acknowledged", acknowledged_until=timezone.now() + MINUTE, acknowledged_reason="x",
        acknowledged_name="Sipho",
    )  # fmt: skip
    slow = alert_at(organisation, condition="degraded")
    worst = alert_at(organisation)
    assert [card.alert for card in now_page(HOUSE, timezone.now()).loud] == [worst, low, held, slow]


def test_what_fails_because_of_it_stands_on_its_card() -> None:
    organisation = make_organisation()
    alert = alert_at(organisation)
    root = alert.links.get().outage
    interface = make_interface(make_system(make_site(organisation)))
    hanging = make_outage(interface, because=root)
    AlertOutage.objects.create(alert=alert, outage=hanging, joined_at=timezone.now())
    page = now_page(HOUSE, timezone.now())
    assert [one.because for one in page.told] == [[hanging]]
    assert page.untold == []


def test_what_the_pager_has_not_taken_up_is_shown_and_after_a_minute_said_loudly() -> None:
    organisation = make_organisation()
    interface = make_interface(make_system(make_site(organisation)))
    now = timezone.now()
    outage = make_outage(interface, detected_at=now - MINUTE / 2)
    assert now_page(HOUSE, now).forgotten is None
    assert str(outage) in reader(organisation).get("/").text
    assert now_page(HOUSE, now + MINUTE).forgotten == outage
    assert now_page(HOUSE, now).down == 1


@pytest.mark.parametrize("address", ["/", "/wall/"])
def test_what_is_in_an_alert_of_several_organisations_does_not_look_well_to_one_of_them(address: str) -> None:
    """The alert is the provider's, and names systems of others: it does not exist here. What is broken does."""
    organisation = make_organisation()
    interface = make_interface(make_system(make_site(organisation)))
    make_probe(interface, condition="down")
    outage = make_outage(interface, detected_at=timezone.now() - 5 * MINUTE)
    make_alert(
        outage, organisation=None, site=None, system=None, key="everywhere", breadth="everywhere",
        title="9 systems everywhere do not answer", affected=["Frere PACS"],
    )  # fmt: skip
    said = reader(organisation).get(address).text
    assert str(outage) in said
    assert "with the provider" in said.lower()
    assert not [word for word in ("Frere", "everywhere", "Nobody is being told", ">Well<") if word in said]
    staff = reader(None).get(address).text
    assert "9 systems everywhere" in staff
    assert str(outage.headline) not in staff or address == "/"


def test_all_well_says_for_how_long() -> None:
    organisation = make_organisation()
    interface = make_interface(make_system(make_site(organisation)))
    make_probe(interface)
    now = timezone.now()
    make_outage(interface, since=now - timedelta(hours=9), until=now - timedelta(hours=3), closed_at=now)
    said = reader(organisation).get("/").text
    assert "Everything works." in said
    assert "All well for 3 h." in said


def test_a_strangers_alerts_are_on_no_page_of_ours() -> None:
    ours, theirs = make_organisation(), make_organisation()
    alert = alert_at(theirs, title="Their PACS refuses")
    client = reader(ours)
    assert "Their PACS" not in client.get("/").text + client.get("/alerts/").text + client.get("/wall/").text
    assert client.get(f"/?org={theirs.slug}").status_code == 404
    assert client.get(f"/alerts/{alert.pk}/").status_code == 404
    assert alarms(actor_of(make_user(Role.VIEWER, ours))).open == 0
    assert alarms(HOUSE).open == 1


def test_one_organisation_can_be_chosen() -> None:
    ours, theirs = make_organisation(), make_organisation()
    alert_at(ours, title="Our PACS refuses")
    alert_at(theirs, title="Their PACS refuses")
    said = reader(None).get(f"/?org={ours.slug}").text
    assert "Our PACS refuses" in said
    assert "Their PACS refuses" not in said


def test_the_rail_counts_what_is_open_and_what_waits() -> None:
    organisation = make_organisation()
    alert_at(organisation)
    alert_at(organisation, muted=True)
    alert_at(organisation, state="resolved", resolved_at=timezone.now())
    client = reader(organisation)
    found = alarms(HOUSE)
    assert (found.open, found.unanswered) == (2, 1)
    for address in ("/alerts/count/", "/estate/"):
        assert 'data-open="2"' in client.get(address).text


def _queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize("address", ["/", "/alerts/", "/wall/"])
def test_more_systems_and_alerts_cost_no_more_queries(address: str) -> None:
    organisation = make_organisation()
    client = reader(organisation)
    for _ in range(2):
        alert_at(organisation)
    few = _queries(client, address)
    for _ in range(14):
        alert_at(organisation)
    assert _queries(client, address) == few <= 20


def test_a_big_estate_lists_its_worst_and_all_when_asked() -> None:
    organisation = make_organisation()
    for number in range(4):
        make_probe(make_interface(make_system(make_site(organisation))), condition="down" if number == 3 else "up")
    page = now_page(HOUSE, timezone.now(), most=2)
    assert page.estate.rows[0].condition == "down"
    assert (page.estate.systems, page.estate.left_out) == (4, 2)
    assert page.estate.counts == {"up": 3, "degraded": 0, "down": 1, "unknown": 0}


def test_an_answer_too_old_to_speak_for_the_present_is_unknown() -> None:
    probe = make_probe(interval_s=30, probed_at=timezone.now() - timedelta(hours=1))
    row = now_page(HOUSE, timezone.now()).estate.rows[0]
    assert row.system == probe.interface.system
    assert row.condition == "unknown"


@pytest.mark.parametrize("state", ["waiting", "delivered"])
def test_what_may_wait_shows_no_clock_and_calls_nobody(state: str) -> None:
    organisation = make_organisation()
    alert = alert_at(organisation, severity="low")
    person, later = make_user(Role.OPERATOR, organisation), timezone.now() + timedelta(hours=2)
    Page.objects.create(
        alert=alert, key="line", kind="line", user=person, to="Naledi", severity="low", state=state,
        made_at=later, armed_at=later, due_at=later, delivered_at=later if state == "delivered" else None,
    )  # fmt: skip
    client = reader(organisation)
    said = client.get("/").text + client.get("/alerts/").text + client.get(alert.get_absolute_url()).text
    assert not [word for word in ("data-until", "needs you", "is left to tell", "Nobody has answered") if word in said]
    assert ("Naledi, in the digest at " in said) is (state == "waiting")


@pytest.mark.parametrize("kind", ["heartbeat", "external", "budget", "house"])
def test_what_nobody_probes_has_no_ladder_no_button_and_words_of_its_own(kind: str) -> None:
    organisation = make_organisation()
    outage = make_outage(make_interface(make_system(make_site(organisation))), kind=kind, key=f"{kind}:1")
    outage.interface = None
    outage.save()
    alert = make_alert(outage)
    client = reader(organisation)
    for address in ("/", alert.get_absolute_url()):
        said = client.get(address).text
        assert escape(unsaid(kind).fix) in said
        assert escape(unsaid(kind).cause) in said
        assert not [word for word in ("Not recognised", "ladder", "Probe again", "ECONNREFUSED") if word in said]


def test_what_is_probed_has_its_ladder_and_its_button_though_its_cause_is_not_known() -> None:
    organisation = make_organisation()
    alert = alert_at(organisation)
    client = reader(organisation)
    for address in ("/", alert.get_absolute_url()):
        said = client.get(address).text
        assert not [word for word in ("Not recognised", "Probe again", "ECONNREFUSED") if word not in said]
