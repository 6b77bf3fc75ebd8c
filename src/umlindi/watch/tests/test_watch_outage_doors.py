from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.accounts.services import create_token
from umlindi.core.actors import Actor
from umlindi.estate.models import Dependency, Interface
from umlindi.probes import Cause, Layer, ProbeResult, Severity, State, Step
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.watch import queries
from umlindi.watch.models import Outage
from umlindi.watch.rules.conditions import Condition
from umlindi.watch.services import outages
from umlindi.watch.services.outages import Turned, follow

pytestmark = pytest.mark.django_db

NOW = timezone.now()
HOUSE = Actor.house("test")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def result(code: str) -> ProbeResult:
    if not code:
        return ProbeResult("dicom", "ARCHIVE@host:104", (Step("tcp", State.OK, 1.0, Layer.TRANSPORT),))
    step = Step("tcp", State.FAILED, 1.0, Layer.TRANSPORT, code, f"said {code}", {}, Severity.FAILED)
    cause = Cause("r", "Nothing listens on `port 104`", 0.9, "why", "look", "Start the `listener`.")
    return ProbeResult("dicom", "ARCHIVE@host:104", (step,), diagnosis=(cause,))


def turn(interface: Interface, code: str, minutes: float) -> None:
    condition = Condition.DOWN if code else Condition.UP
    follow([Turned(interface, condition, ago(minutes), result(code))], ago(minutes - 0.5))


@pytest.fixture
def host() -> Interface:
    return make_interface(make_system(make_site(), name="PACS host", slug="host"), name="Metrics")


@pytest.fixture
def archive(host: Interface) -> Interface:
    system = make_system(host.system.site, name="Mthatha PACS", slug="pacs", serves="3 wards")
    Dependency.objects.create(system=system, needs=host.system)
    return make_interface(system, name="DICOM")


def person(host: Interface, role: Role = Role.CLIENT) -> User:
    return make_user(role, host.system.site.organisation)


def page_of(outage: Outage, user: User) -> str:
    client = Client()
    client.force_login(user)
    return " ".join(client.get(outage.get_absolute_url()).content.decode().split())


def program(user: User) -> APIClient:
    expires = NOW + timedelta(days=1)
    _, secret = create_token(
        actor_of(user), user, "test", rights=frozenset({"alert.view"}), expires_at=expires, now=NOW
    )
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_an_open_outage_says_what_is_out_why_and_what_to_do(host: Interface, archive: Interface) -> None:
    turn(host, "ECONNREFUSED", 38)
    turn(archive, "TIMEOUT", 37)
    page = page_of(Outage.objects.get(interface=host), person(host))
    assert "<em>PACS host Metrics refuses connections.</em>" in page
    assert re.search(r"Out <time [^>]+>since [^<]+</time> · \d+ min\.", page)
    assert "Nothing listens on <code>port 104</code>" in page
    assert "Start the <code>listener</code>." in page
    assert "Mthatha PACS (3 wards)" in page
    assert "Consequences <small>1</small>" in page
    assert "does not answer on the network" in page
    assert "it lasts" in page
    assert "said ECONNREFUSED" in page


def test_a_consequence_leads_to_its_cause(host: Interface, archive: Interface) -> None:
    turn(host, "ECONNREFUSED", 38)
    turn(archive, "TIMEOUT", 37)
    root = Outage.objects.get(interface=host)
    page = page_of(Outage.objects.get(interface=archive), person(host))
    assert f'<a href="{root.get_absolute_url()}">PACS host Metrics refuses connections</a>' in page
    assert "Mend that first" in page


def test_one_that_is_over_says_how_long_it_was_and_shows_both_ladders(host: Interface) -> None:
    turn(host, "ECONNREFUSED", 60)
    turn(host, "TIMEOUT", 50)
    turn(host, "", 20)
    page = page_of(Outage.objects.get(), person(host))
    assert "PACS host Metrics was down for 40 min." in page
    assert "Seen first" in page
    assert "Seen last" in page
    assert "said TIMEOUT" in page
    assert "Over" in page
    assert "hx-trigger" not in page.partition('id="live"')[2].partition(">")[0]


def test_an_outage_of_the_house_itself_is_told_with_what_is_known(host: Interface) -> None:
    outage = outages.report(
        "house:worker",
        "house",
        organisation=None,
        subject="The worker",
        headline="has not reported",
        since=ago(9),
        now=ago(8),
        evidence={"expected": "09:00"},
        fix="Start it.",
    )
    provider = make_user(Role.OPERATOR)
    page = page_of(outage, provider)
    assert "<em>The worker has not reported.</em>" in page
    assert "<dt>expected</dt><dd>09:00</dd>" in page
    client = Client()
    client.force_login(person(host))
    assert client.get(outage.get_absolute_url()).status_code == 404


def test_what_was_removed_from_the_estate_can_still_be_read(host: Interface) -> None:
    turn(host, "ECONNREFUSED", 60)
    user = person(host)
    host.system.delete()
    outages.sweep(ago(1))
    page = page_of(Outage.objects.get(), user)
    assert "because its system was removed from the estate" in page


def test_a_stranger_finds_no_outage_anywhere(host: Interface) -> None:
    turn(host, "ECONNREFUSED", 38)
    outage = Outage.objects.get()
    stranger = make_user(Role.ADMINISTRATOR, make_organisation())
    client = Client()
    client.force_login(stranger)
    assert client.get(outage.get_absolute_url()).status_code == 404
    assert program(stranger).get(f"/api/outages/{outage.pk}/").status_code == 404
    assert program(stranger).get("/api/outages/").json()["results"] == []
    assert queries.open_outages(actor_of(stranger)) == []
    assert not queries.outages_between(actor_of(stranger), ago(100), NOW).exists()


def test_open_outages_are_causes_with_their_consequences_worst_first(host: Interface, archive: Interface) -> None:
    other = make_interface(make_system(host.system.site, name="RIS"))
    slow = Step("find", State.FAILED, 9.0, Layer.DIMSE, "SLOW", "slow", {}, Severity.DEGRADED)
    follow([Turned(other, Condition.DEGRADED, ago(90), ProbeResult("dicom", "x", (slow,)))], ago(89))
    turn(host, "ECONNREFUSED", 38)
    turn(archive, "TIMEOUT", 37)
    found = queries.open_outages(actor_of(person(host)))
    assert [(one.outage.interface, [below.interface for below in one.consequences]) for one in found] == [
        (host, [archive]),
        (other, []),
    ]
    assert queries.open_outages(HOUSE, make_organisation()) == []


def test_what_reaches_into_a_time_is_found_by_place(host: Interface, archive: Interface) -> None:
    turn(host, "ECONNREFUSED", 100)
    turn(host, "", 80)
    turn(host, "ECONNREFUSED", 30)
    turn(archive, "TIMEOUT", 29)

    def between(start: float, end: float, **place: Any) -> list[tuple[Interface, float]]:
        rows = queries.outages_between(HOUSE, ago(start), ago(end), **place)
        return [(row.interface, round((NOW - row.since).total_seconds() / 60)) for row in rows if row.interface]

    assert between(200, 0) == [(archive, 29), (host, 30), (host, 100)]
    assert between(90, 85) == [(host, 100)]
    assert between(80, 30) == []
    assert between(10, 0, system=archive.system) == [(archive, 29)]
    assert between(10, 0, interface=host) == [(host, 30)]
    assert between(200, 0, site=make_site()) == []
    assert len(between(200, 0, site=host.system.site, organisation=host.system.site.organisation)) == 3


def test_the_api_lists_and_cuts_down(host: Interface, archive: Interface) -> None:
    turn(host, "ECONNREFUSED", 100)
    turn(host, "", 80)
    turn(archive, "TIMEOUT", 29)
    api = program(person(host))

    def listed(**asked: Any) -> list[str]:
        return [row["system"] for row in api.get("/api/outages/", asked).json()["results"]]

    assert listed() == [archive.system.path, host.system.path]
    assert listed(open=True) == [archive.system.path]
    assert listed(open=False) == [host.system.path]
    assert listed(system=host.system.path) == [host.system.path]
    assert listed(site=host.system.site.path, limit=1) == [archive.system.path]
    assert listed(limit=10**20) == listed()
    assert listed(organisation="nobody") == []
    assert listed(since=ago(50).isoformat()) == [archive.system.path]
    assert listed(until=ago(50).isoformat()) == [host.system.path]
    for wrong in ({"system": "pacs"}, {"since": "yesterday"}, {"open": "perhaps"}, {"site": "a/b\0"}):
        answer = api.get("/api/outages/", wrong)
        assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, list(wrong))


def test_the_api_tells_one_with_its_evidence(host: Interface, archive: Interface) -> None:
    turn(host, "ECONNREFUSED", 30)
    turn(archive, "TIMEOUT", 29)
    root, below = Outage.objects.get(interface=host), Outage.objects.get(interface=archive)
    api = program(person(host))
    told = api.get(f"/api/outages/{root.pk}/").json()
    assert told["consequences"] == [below.pk]
    assert told["first"]["steps"][0]["code"] == "ECONNREFUSED"
    assert told["site"] == host.system.site.path
    assert told["url"] == root.get_absolute_url()
    assert api.get(f"/api/outages/{below.pk}/").json()["because"] == root.pk
    assert "heard" not in told


@pytest.mark.parametrize("kind", ["heartbeat", "house", "budget", "external"])
def test_what_was_told_and_not_probed_speaks_of_no_step_that_failed(archive: Interface, kind: str) -> None:
    site = archive.system.site
    outages.report(
        f"{kind}:1", kind, organisation=site.organisation, site=site, system=archive.system, subject="The nightly dump",
        headline="did not report", since=ago(5), now=ago(4),
    )  # fmt: skip
    page = page_of(Outage.objects.get(), person(archive))
    assert "Not known: this was told to Umlindi" in page
    assert "The first step that failed" not in page
    assert ("3 wards" in page) is (kind == "external")
