"""The trail as people read it and take it away: scoped, filtered, recorded."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor
from umlindi.core.audit import record
from umlindi.core.exporting import as_csv
from umlindi.core.models import AuditEvent
from umlindi.core.queries import PAGE, Filters, events, trail_page
from umlindi.core.services import verify_trail
from umlindi.testing.estate import make_organisation, make_system, make_user

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("watch")


@pytest.fixture
def here() -> Organisation:
    organisation = make_organisation()
    there = make_system()
    with transaction.atomic():
        record(HOUSE, "organisation.changed", organisation, before={"name": "Old"}, after={"name": "New"})
        record(HOUSE, "system.changed", there, reason="firmware")
        record(Actor(name="N. Dlamini"), "role.granted", organisation, reason="quarterly review")
    return organisation


def _taken(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


def _auditor(client: Client, organisation: Organisation | None) -> Client:
    client.force_login(make_user(Role.AUDITOR, organisation))
    return client


def test_an_auditor_of_one_organisation_reads_its_events_and_no_others(client: Client, here: Organisation) -> None:
    page = _auditor(client, here).get("/audit/").text
    assert "2 events; the chain has not been verified yet." in " ".join(page.split())
    assert "firmware" not in page
    hidden = AuditEvent.objects.get(reason="firmware").seq
    assert client.get(f"/audit/{hidden}/").status_code == 404
    shown = client.get("/audit/1/").text
    assert '<td data-head="before">Old</td><td data-head="after">New</td>' in shown


def test_the_page_says_what_the_last_verification_found(client: Client, here: Organisation) -> None:
    verify_trail(HOUSE, timezone.now())
    assert "; the chain was whole when verified" in _auditor(client, here).get("/audit/").text
    with transaction.atomic():
        found = {"events": 4, "whole": False, "breaks": [{"seq": 2, "what": "event 2 was removed"}]}
        record(HOUSE, "audit.verified", here, after=found)
    page = client.get("/audit/").text
    assert "the chain is broken at one place" in page
    assert "Event 2 was removed." in page


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), 3),
        (Filters(actor="dlamini"), 1),
        (Filters(verb="role"), 1),
        (Filters(object="system"), 1),
        (Filters(text="FIRM"), 1),
        (Filters(organisation=-1), 0),
        (Filters(first=date(2020, 1, 1), last=timezone.localdate()), 3),
        (Filters(first=timezone.localdate() + timedelta(days=1)), 0),
        (Filters(last=timezone.localdate() - timedelta(days=1)), 0),
    ],
)
@pytest.mark.usefixtures("here")
def test_filters_cut_the_trail(filters: Filters, expected: int) -> None:
    assert events(HOUSE, filters).count() == expected


def test_a_wrong_filter_is_said_and_filters_nothing(client: Client, here: Organisation) -> None:
    assert _auditor(client, here).get(f"/audit/?before={'9' * 5000}").status_code == 200
    page = client.get("/audit/?first=yesterday&before=x").text
    assert "Enter a valid date." in page
    assert "2 events" in page


def test_every_event_is_on_exactly_one_page(here: Organisation) -> None:
    with transaction.atomic():
        for _ in range(2 * PAGE + 5):
            record(HOUSE, "organisation.changed", here)
    seen: list[int] = []
    below: int | None = None
    while (page := trail_page(HOUSE, Filters(), below)).older:
        seen += [event.seq for event in page.events]
        below = page.older
    seen += [event.seq for event in page.events]
    assert seen == list(AuditEvent.objects.values_list("seq", flat=True))


def test_an_export_holds_what_the_page_shows_and_is_recorded(client: Client, here: Organisation) -> None:
    _auditor(client, here)
    answer = client.get("/audit/export/csv/?verb=organisation")
    rows = list(csv.DictReader(io.StringIO(_taken(answer))))
    assert [(row["seq"], row["verb"], json.loads(row["after"])) for row in rows] == [
        ("1", "organisation.changed", {"name": "New"})
    ]
    answer = client.get("/audit/export/json/")
    exported = json.loads(_taken(answer))
    assert [event["seq"] for event in exported] == [1, 3]
    taken = AuditEvent.objects.filter(verb="audit.exported").order_by("seq")
    assert [event.after for event in taken] == [{"form": "csv", "verb": "organisation"}, {"form": "json"}]
    assert client.get("/audit/export/xml/").status_code == 404


def test_an_empty_export_is_still_json(client: Client) -> None:
    client.force_login(make_user(Role.AUDITOR, make_organisation()))
    answer = client.get("/audit/export/json/")
    assert json.loads(_taken(answer)) == []


@pytest.mark.parametrize("evil", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)"])
def test_a_spreadsheet_runs_nothing_from_the_trail(evil: str) -> None:
    with transaction.atomic():
        event = record(Actor(name=evil), "x", make_organisation(), reason=evil)
    line = next(csv.DictReader(io.StringIO("".join(as_csv([event])))))
    assert line["actor_name"] == line["reason"] == f"'{evil}"


def test_the_api_pages_and_filters_alike(client: Client, here: Organisation) -> None:
    _auditor(client, here)
    assert [event["seq"] for event in client.get("/api/audit/").json()] == [3, 1]
    assert [event["seq"] for event in client.get("/api/audit/?before=3").json()] == [1]
    assert client.get("/api/audit/?verb=role").json()[0]["reason"] == "quarterly review"
    assert client.get("/api/audit/?first=yesterday").json()["error"]["fields"]["first"]
    assert client.get("/api/audit/2/").status_code == 404


def test_a_reader_everywhere_reads_everything(here: Organisation) -> None:
    everywhere = actor_of(make_user(Role.AUDITOR))
    assert events(everywhere, Filters()).count() == 3
    assert events(actor_of(make_user(Role.VIEWER, here)), Filters()).count() == 0
