"""The doors: pings as a script knocks, and the pages as people open them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umlindi.accounts.models import Organisation
from umlindi.accounts.rules import Role
from umlindi.core.models import AuditEvent, Beat
from umlindi.heartbeats import services
from umlindi.heartbeats.models import Heartbeat, Ping
from umlindi.heartbeats.rules.states import Signal
from umlindi.heartbeats.services import Report
from umlindi.heartbeats.views import BODY_AT_MOST, PINGS_A_MINUTE
from umlindi.testing.estate import make_organisation, make_site, make_system, make_user
from umlindi.watch.models import Outage

pytestmark = pytest.mark.django_db


@pytest.fixture
def heartbeat() -> Heartbeat:
    return Heartbeat.objects.create(organisation=make_organisation(), name="Nightly", period=timedelta(days=1))


def url(heartbeat: Heartbeat, what: str = "") -> str:
    return f"/ping/{heartbeat.secret}{what}"


def knock(url: str, method: str = "GET", **given: Any) -> Any:
    """As curl does: no cookie, no token against forgery."""
    return Client(enforce_csrf_checks=True).generic(method, url, **given)


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize(
    ("what", "signal", "code"),
    [
        ("", "success", None),
        ("/start", "start", None),
        ("/fail", "fail", None),
        ("/log", "log", None),
        ("/0", "success", 0),
        ("/3", "fail", 3),
        ("/255", "fail", 255),
        ("/3221225786", "fail", 3221225786),
        ("/-1073741510", "fail", -1073741510),
    ],
)
def test_a_link_says_what_happened(heartbeat: Heartbeat, method: str, what: str, signal: str, code: int | None) -> None:
    answer = knock(url(heartbeat, what), method)
    assert answer.status_code == 200
    assert answer.content == (b"" if method == "HEAD" else b"OK\n")
    ping = Ping.objects.get()
    assert (ping.heartbeat, ping.signal, ping.exit_code, ping.source) == (heartbeat, signal, code, "127.0.0.1")


@pytest.mark.parametrize("what", ["/succes", "/1e3", "/+1", "/12345678901", "/1/2", "/٣", "/%00", "/start/"])
def test_a_link_that_says_nothing_known_is_not_found(heartbeat: Heartbeat, what: str) -> None:
    assert knock(url(heartbeat, what)).status_code == 404
    assert not Ping.objects.exists()


def test_an_unknown_link_says_nothing(heartbeat: Heartbeat) -> None:
    answer = knock(f"/ping/{uuid4()}")
    assert (answer.status_code, answer.content) == (404, b"not found\n")
    assert knock(url(heartbeat), "DELETE").status_code == 405


def test_a_ping_says_nothing_of_whose_it_is_and_sets_no_cookie(heartbeat: Heartbeat) -> None:
    answer = knock(url(heartbeat))
    told = str(answer.headers) + answer.content.decode()
    assert heartbeat.name not in told
    assert heartbeat.organisation.name not in told
    assert not answer.cookies


def test_a_ping_costs_one_transaction_of_three_statements(heartbeat: Heartbeat) -> None:
    knock(url(heartbeat))
    with CaptureQueriesContext(connection) as taken:
        knock(url(heartbeat))
    assert len([query for query in taken if "SAVEPOINT" not in query["sql"]]) == 3


def test_a_body_is_kept_as_far_as_it_is_read(heartbeat: Heartbeat) -> None:
    knock(url(heartbeat), "POST", data=b"12 GB written", content_type="text/plain")
    knock(url(heartbeat), "POST", data=b"x" * (BODY_AT_MOST * 10), content_type="application/octet-stream")
    newest, first = Ping.objects.all()
    assert first.body == "12 GB written"
    assert len(newest.body) == 2000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    st.binary(max_size=400), st.sampled_from(["", "text/plain", "application/json", "multipart/form-data; boundary=x"])
)
def test_any_body_is_taken(heartbeat: Heartbeat, body: bytes, kind: str) -> None:
    assert knock(url(heartbeat), "POST", data=body, content_type=kind).status_code in {200, 429}


def test_a_script_that_runs_wild_is_slowed_down_and_no_other(heartbeat: Heartbeat) -> None:
    for _ in range(PINGS_A_MINUTE):
        assert knock(url(heartbeat)).status_code == 200
    answer = knock(url(heartbeat))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    other = Heartbeat.objects.create(organisation=heartbeat.organisation, name="Other", period=timedelta(days=1))
    assert knock(url(other)).status_code == 200


def test_whoever_tries_links_is_slowed_down(heartbeat: Heartbeat) -> None:
    for _ in range(PINGS_A_MINUTE):
        assert knock(f"/ping/{uuid4()}").status_code == 404
    link = uuid4()
    with CaptureQueriesContext(connection) as taken:
        assert knock(f"/ping/{link}").status_code == 429
    assert not taken.captured_queries
    assert cache.get(f"ping:{link}") is None


def test_strangers_from_many_addresses_do_not_end_what_is_counted_of_one(heartbeat: Heartbeat) -> None:
    for _ in range(PINGS_A_MINUTE):
        knock(f"/ping/{uuid4()}")
    for number in range(200):
        knock(f"/ping/{uuid4()}", REMOTE_ADDR=f"10.1.0.{number}")
    assert knock(f"/ping/{uuid4()}").status_code == 429


def person(organisation: Organisation | None, role: Role = Role.ADMINISTRATOR) -> Client:
    client = Client()
    client.force_login(make_user(role, organisation))
    return client


def form(**told: Any) -> dict[str, Any]:
    values = {"name": "Backup", "period": "1 d", "cron": "", "timezone": "Africa/Johannesburg", "grace": "90 min"}
    return values | {"condition": "down", "next_step": "", "starts": "", "system": ""} | told


@pytest.mark.parametrize("starts", ["0001-01-01T00:00:00", "9999-01-01T00:00:00", "9999-12-31T23:59:00"])
def test_nothing_begins_at_the_ends_of_the_calendar_where_no_schedule_can_be_reckoned(starts: str) -> None:
    organisation = make_organisation()
    client = person(organisation)
    told = {"organisation": organisation.slug, "name": "A", "period": 60, "grace": 60, "starts": f"{starts}Z"}
    assert client.post("/api/heartbeats/", told, "application/json").status_code == 400
    assert client.post(f"/heartbeats/new/{organisation.slug}/", form(starts=starts[:16])).status_code == 422


def test_a_person_adds_changes_and_watches_a_heartbeat() -> None:
    organisation = make_organisation()
    system = make_system(make_site(organisation))
    client = person(organisation)
    answer = client.post(f"/heartbeats/new/{organisation.slug}/", form(system=system.pk))
    heartbeat = Heartbeat.objects.get()
    assert answer.headers["Location"] == f"/heartbeats/{heartbeat.pk}/"
    assert (heartbeat.system, heartbeat.grace) == (system, timedelta(minutes=90))
    page = client.get(answer.headers["Location"]).content.decode()
    assert f"http://testserver/ping/{heartbeat.secret}/$?" in page
    starts = "2026-12-01T02:00"
    by_cron = form(name="Backup at night", period="", cron=" 0  2 * * * ", starts=starts, system=system.pk)
    client.post(f"/heartbeats/{heartbeat.pk}/edit/", by_cron)
    heartbeat.refresh_from_db()
    assert (heartbeat.name, heartbeat.cron, heartbeat.period) == ("Backup at night", "0 2 * * *", None)
    assert heartbeat.starts is not None
    assert "Backup at night" in client.get(system.get_absolute_url()).content.decode()


def test_the_next_times_are_shown_before_anything_is_saved() -> None:
    organisation = make_organisation()
    client = person(organisation)
    asked = form(period="", cron="30 2 * * *", preview="1")
    answer = client.post(f"/heartbeats/new/{organisation.slug}/", asked)
    assert answer.status_code == 200
    assert [f"{at:%H:%M %Z}" for at in answer.context["upcoming"]] == ["02:30 SAST"] * 5
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"period": ""}, "period"),
        ({"cron": "0 2 * * *"}, "cron"),
        ({"period": "", "cron": "0 2 * *"}, "cron"),
        ({"period": "", "cron": "0 0 30 2 *"}, "cron"),
        ({"period": "soon"}, "period"),
        ({"period": "5 s"}, "period"),
        ({"grace": ""}, "grace"),
        ({"grace": "400 d"}, "grace"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"system": "999999"}, "system"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_stand_is_refused_at_its_field(told: dict[str, str], field: str) -> None:
    organisation = make_organisation()
    answer = person(organisation).post(f"/heartbeats/new/{organisation.slug}/", form(**told))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Heartbeat.objects.exists()


def test_another_organisations_system_is_not_offered() -> None:
    organisation, stranger = make_organisation(), make_system()
    answer = person(organisation).post(f"/heartbeats/new/{organisation.slug}/", form(system=stranger.pk))
    assert list(answer.context["form"].errors) == ["system"]


def test_the_link_is_for_those_who_may_report(heartbeat: Heartbeat) -> None:
    for role, shown in ((Role.VIEWER, False), (Role.OPERATOR, True), (Role.ADMINISTRATOR, True)):
        page = person(heartbeat.organisation, role).get(heartbeat.get_absolute_url()).content.decode()
        assert (str(heartbeat.secret) in page) is shown
        api = person(heartbeat.organisation, role).get(f"/api/heartbeats/{heartbeat.pk}/").json()
        assert (api["link"] is not None) is shown
        assert "secret" not in api


def test_pause_resume_renew_and_remove_by_their_buttons(heartbeat: Heartbeat) -> None:
    client, old = person(heartbeat.organisation), heartbeat.secret
    for verb in ("pause", "resume", "rotate"):
        answer = client.post(f"/heartbeats/{heartbeat.pk}/{verb}/", follow=True)
        assert answer.status_code == 200
    heartbeat.refresh_from_db()
    assert not heartbeat.paused
    assert heartbeat.secret != old
    client.post(f"/heartbeats/{heartbeat.pk}/remove/")
    assert not Heartbeat.objects.exists()
    verbs = AuditEvent.objects.filter(verb__startswith="heartbeat.").order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == [
        "heartbeat.paused",
        "heartbeat.resumed",
        "heartbeat.link_renewed",
        "heartbeat.removed",
    ]


def test_the_list_says_what_does_not_report_first(heartbeat: Heartbeat) -> None:
    client = person(heartbeat.organisation)
    assert "Everything that must report does" in client.get("/heartbeats/").content.decode()
    late = Heartbeat.objects.create(organisation=heartbeat.organisation, name="ZZ", period=timedelta(hours=1))
    services.ping(late.secret, Report(Signal.FAIL, 3), timezone.now())
    page = client.get("/heartbeats/")
    assert "One of two does not report as it should." in page.content.decode()
    assert [row.heartbeat for row in page.context["rows"]] == [late, heartbeat]
    one = client.get(late.get_absolute_url()).content.decode()
    assert "reported a failure with exit code 3" in one


def test_what_the_list_costs_does_not_grow(heartbeat: Heartbeat) -> None:
    client = person(heartbeat.organisation)

    def queries() -> int:
        with CaptureQueriesContext(connection) as taken:
            client.get("/heartbeats/")
        return len(taken)

    client.get("/heartbeats/")
    before = queries()
    for number in range(30):
        Heartbeat.objects.create(organisation=heartbeat.organisation, name=f"n{number}", period=timedelta(hours=1))
    assert queries() == before


def test_the_house_is_for_those_who_see_alerts_everywhere() -> None:
    assert person(make_organisation()).get("/heartbeats/house/").status_code == 403
    now = timezone.now()
    about = {"host": "ward-server", "pid": 1, "version": "0.2.0", "started_at": now, "at": now}
    for name in ("web", "watch", "worker", "pager"):
        Beat.objects.create(name=name, **about)
    services.tick(now)
    page = person(None, Role.VIEWER).get("/heartbeats/house/").content.decode()
    assert "Umlindi itself works" in page
    assert "ward-server" in page
    assert "core.verify_trail" in page


def test_the_api_does_what_the_pages_do() -> None:
    organisation = make_organisation()
    system = make_system(make_site(organisation))
    client, json = person(organisation), "application/json"
    asked = {"organisation": organisation.slug, "name": "Export", "period": 3600, "grace": 600, "system": system.pk}
    made = client.post("/api/heartbeats/", asked, json)
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["period"], row["grace"], row["system"], row["state"]) == (3600, 600, system.pk, "new")
    assert client.post("/api/heartbeats/", asked, json).json()["error"]["fields"].keys() == {"name"}
    assert client.get(row["link"].removeprefix("http://testserver")).status_code == 200
    address = f"/api/heartbeats/{row['id']}/"
    assert [ping["signal"] for ping in client.get(f"{address}pings/").json()] == ["success"]
    changed = client.put(address, {"name": "Export", "cron": "0 2 * * *", "grace": 600}, json)
    assert (changed.json()["cron"], changed.json()["period"]) == ("0 2 * * *", None)
    assert client.put(address, {"name": "Export", "grace": 600}, json).status_code == 400
    assert client.post(f"{address}pause/").json()["state"] == "paused"
    assert client.post(f"{address}resume/").json()["paused"] is False
    assert client.post(f"{address}rotate/").json()["link"] != row["link"]
    assert client.delete(address).status_code == 204
    assert client.get("/api/heartbeats/").json() == []


def test_a_system_of_a_stranger_is_unknown_to_the_api() -> None:
    organisation, stranger = make_organisation(), make_system()
    asked = {"organisation": organisation.slug, "name": "x", "period": 60, "grace": 60, "system": stranger.pk}
    answer = person(organisation).post("/api/heartbeats/", asked, "application/json")
    assert answer.json()["error"]["fields"].keys() == {"system"}


def test_an_outage_of_a_stranger_is_not_shown(heartbeat: Heartbeat) -> None:
    services.ping(heartbeat.secret, Report(Signal.FAIL), timezone.now())
    assert Outage.objects.count() == 1
    assert person(make_organisation()).get(heartbeat.get_absolute_url()).status_code == 404
    assert heartbeat.name not in person(make_organisation()).get("/heartbeats/").content.decode()
