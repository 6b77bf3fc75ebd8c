"""Uptime's pages, API and command as people and programs meet them."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.accounts.services import create_token
from umlindi.cli import main
from umlindi.core.actors import Actor
from umlindi.estate.models import Interface, System
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.uptime import queries, services
from umlindi.uptime.models import ClosedMonth, Objective, Window
from umlindi.uptime.queries.book import Kind, zone
from umlindi.uptime.queries.subjects import Subject
from umlindi.uptime.rules.months import month_period
from umlindi.uptime.services import objectives
from umlindi.uptime.services.objectives import Promised
from umlindi.watch.models import Spell

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
OCTOBER = month_period(date(2026, 10, 1), zone())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AFTER = OCTOBER.end + 4 * DAY


@pytest.fixture
def system() -> System:
    """A PACS that was down for an hour of October 2026, half of it in a window."""
    organisation = make_organisation(slug="thusong", name="Thusong Provincial Hospital")
    pacs = make_system(make_site(organisation, slug="mthatha", name="Mthatha"), name="Mthatha PACS")
    interface, at = make_interface(pacs, name="Query"), OCTOBER.start + 9 * DAY
    for condition, since, until in (("up", OCTOBER.start, at), ("down", at, at + HOUR), ("up", at + HOUR, None)):
        Spell.objects.create(
            interface=interface, condition=condition, since=since, until=until, probed_at=until or AFTER
        )
    window = Window.objects.create(
        organisation=organisation,
        title="Upgrade to 1.12.6",
        reason="Security fixes",
        agreed_by="Sipho Gxowa",
        starts=at,
        ends=at + HOUR / 2,
        zone="Africa/Johannesburg",
        created_by="test",
    )
    window.systems.add(pacs)
    promised = Promised(Decimal("99.99"), "always", "together", frozenset({pacs}))
    objectives.promise_uptime(HOUSE, organisation, "Imaging", promised, OCTOBER.start)
    return pacs


@pytest.fixture
def browser(system: System) -> Client:
    client = Client()
    client.force_login(make_user(Role.ADMINISTRATOR, system.site.organisation))
    return client


@pytest.fixture
def program(system: System) -> Client:
    owner, now = make_user(Role.ADMINISTRATOR, system.site.organisation), timezone.now()
    rights = frozenset({"alert.view", "estate.view", "window.edit", "watch.edit"})
    _, secret = create_token(actor_of(owner), owner, "x", rights=rights, expires_at=now + DAY, now=now)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def words(text: str) -> str:
    """What a page says, without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize("closed", [False, True])
def test_the_month_shows_exactly_the_outage_raw_and_adjusted(browser: Client, system: System, closed: bool) -> None:
    if closed:
        services.close_months(HOUSE, AFTER)
    page = words(browser.get("/uptime/?period=2026-10").text)
    assert "October 2026: one of one objective is missed." in page
    assert "99.932 %" in page
    assert "99.865 %" in page
    assert "−25 min 32 s of 4 min 27 s" in page
    one = words(browser.get(f"/uptime/systems/{system.pk}/?period=2026-10").text)
    assert "Mthatha PACS, October 2026: 99.932 % up, 99.99 % was promised." in one
    assert "30 min outside agreed windows" in one
    assert "2 intervals" in one
    assert "not: Upgrade to 1.12.6" in one
    assert ("These figures are frozen." in one) == closed


def test_a_closed_month_reads_the_same_from_its_rows_as_it_was_worked_out(system: System) -> None:
    asked = queries.Asked.of_month(date(2026, 10, 1), AFTER)
    live = queries.uptime_page(HOUSE, asked, interfaces=True)
    services.close_months(HOUSE, AFTER)
    frozen = queries.uptime_page(HOUSE, asked, interfaces=True)
    assert [month.month for month in frozen.closed] == [date(2026, 10, 1)]
    assert {kind: [row.line.own for row in rows] for kind, rows in frozen.rows.items()} == {
        kind: [row.line.own for row in rows] for kind, rows in live.rows.items()
    }
    assert [row.verdict for row in frozen.objectives] == [row.verdict for row in live.objectives]
    subjects: dict[Kind, Subject] = {
        Kind.SYSTEM: system,
        Kind.INTERFACE: system.interfaces.get(),
        Kind.OBJECTIVE: Objective.objects.get(),
    }
    for kind, subject in subjects.items():
        page = queries.subject_page(HOUSE, kind, subject, asked)
        assert page.closed is not None
        assert [(one.condition, one.window) for one in page.stretches] == [("down", ""), ("down", "Upgrade to 1.12.6")]


@pytest.mark.parametrize("closed", [False, True])
def test_where_the_period_began_before_the_first_answer_every_door_says_since_when(
    browser: Client, program: Client, system: System, closed: bool
) -> None:
    first = OCTOBER.start + 9 * DAY - HOUR / 4
    Spell.objects.filter(since=OCTOBER.start).update(since=first)
    if closed:
        services.close_months(HOUSE, AFTER)
    said = "measured since 9 Oct 23:45"
    index = words(browser.get("/uptime/?period=2026-10").text)
    assert f"The figures are {said} ." in index
    assert index.count(said) == 5, "its objective, organisation, site and system as well"
    subjects = {"objectives": Objective.objects.get().pk, "systems": system.pk, "sites": system.site_id}
    for kind, pk in subjects.items():
        assert f"The figures are {said} ." in words(browser.get(f"/uptime/{kind}/{pk}/?period=2026-10").text)
    told = program.get("/api/uptime/?period=2026-10").json()["rows"]
    assert {datetime.fromisoformat(row["measured_since"]) for row in told} == {first}
    spoken = CliRunner().invoke(main, ["uptime", "--period", "2026-10"]).output
    assert spoken.splitlines()[0] == said
    assert f"objective Imaging, Thusong Provincial Hospital, {said}" in spoken


def test_what_was_measured_before_the_period_says_nothing_of_it(browser: Client, program: Client) -> None:
    Spell.objects.filter(since=OCTOBER.start).update(since=OCTOBER.start - DAY)
    assert "measured since" not in browser.get("/uptime/?period=2026-10").text
    told = program.get("/api/uptime/?period=2026-10").json()["rows"]
    assert {row["measured_since"] for row in told} == {None}
    assert "measured since" not in CliRunner().invoke(main, ["uptime", "--period", "2026-10"]).output


def test_a_period_that_is_none_says_so_and_shows_the_running_month(browser: Client) -> None:
    for asked in ("period=2026-13", "from=2026-02-02&to=2026-02-01", "from=x"):
        answer = browser.get(f"/uptime/?{asked}")
        assert answer.status_code == 200
        assert 'class="errors all"' in answer.text


def test_the_csv_has_every_figure_exactly(browser: Client) -> None:
    text = browser.get("/uptime/uptime.csv?period=2026-10").text
    rows = {(row["kind"], row["name"]): row for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}
    assert {kind for kind, _ in rows} == {"organisation", "site", "system", "interface", "objective"}
    pacs = rows["system", "Mthatha PACS"]
    assert (pacs["raw_down_s"], pacs["adjusted_down_s"], pacs["agreed_windows_s"]) == ("3600", "1800", "1800")
    assert (pacs["raw_percent"], pacs["adjusted_percent"]) == ("99.865", "99.932")
    objective = rows["objective", "Imaging"]
    assert (objective["verdict"], objective["target"], objective["budget_left_s"]) == ("missed", "99.990", "-1532.34")


def typed(system: System, **given: Any) -> dict[str, Any]:
    starts = timezone.localtime() + DAY
    usual = {
        "title": "Upgrade",
        "reason": "Security fixes",
        "agreed_by": "Sipho Gxowa",
        "starts": f"{starts:%Y-%m-%dT%H:%M}",
        "ends": f"{starts + HOUR:%Y-%m-%dT%H:%M}",
        "systems": [system.pk],
        "recovery_grace": "15",
        "times": "1",
    }
    return usual | given


def test_a_window_is_agreed_seen_changed_and_cancelled(browser: Client, system: System) -> None:
    answer = browser.post("/uptime/windows/new/", typed(system), follow=True)
    window = Window.objects.latest("pk")
    assert answer.redirect_chain == [(f"/uptime/windows/{window.pk}/", 302)]
    assert "Sipho Gxowa" in answer.text
    browser.post(f"/uptime/windows/{window.pk}/edit/", typed(system, title="Bigger upgrade"))
    window.refresh_from_db()
    assert window.title == "Bigger upgrade"
    browser.post(f"/uptime/windows/{window.pk}/cancel/", {"reason": "vendor is ill"})
    window.refresh_from_db()
    assert window.state == "cancelled"
    assert browser.get(f"/uptime/windows/{window.pk}/edit/").status_code == 302


def test_times_are_typed_by_the_clock_of_the_site(browser: Client, system: System) -> None:
    berlin = make_system(make_site(system.site.organisation, timezone="Europe/Berlin"))
    browser.post("/uptime/windows/new/", typed(berlin, starts="2031-07-01T20:00", ends="2031-07-01T22:00"))
    assert Window.objects.latest("pk").starts == datetime(2031, 7, 1, 18, tzinfo=UTC)
    browser.post(
        "/uptime/windows/new/",
        typed(berlin, starts="2031-12-01T20:00", ends="2031-12-01T22:00", systems=[berlin.pk, system.pk]),
    )
    assert Window.objects.latest("pk").starts == datetime(2031, 12, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"starts": "2020-01-01T08:00"}, "agreed before it begins"),
        ({"starts": "soon"}, "Write a day and a time"),
        ({"systems": []}, "Choose at least one system or site"),
        ({"times": "54"}, "less than or equal to 53"),
    ],
)
def test_what_cannot_be_agreed_is_said_beside_its_field(
    browser: Client, system: System, wrong: dict[str, Any], said: str
) -> None:
    answer = browser.post("/uptime/windows/new/", typed(system, **wrong))
    assert said in answer.text
    assert Window.objects.count() == 1


def test_before_it_is_agreed_the_form_shows_all_that_it_would_cover(browser: Client, system: System) -> None:
    ris = make_system(system.site, name="RIS on top")
    ris.depends_on.add(system)
    chosen = {"preview": "1", "systems": [system.pk]}
    whole = browser.post("/uptime/windows/new/", chosen).text
    assert "<h1>Agree on a window</h1>" in whole, "without script the form comes back with it"
    assert "RIS on top" in words(whole)
    shown = browser.post("/uptime/windows/new/", chosen, headers={"HX-Request": "true"}).text
    assert "2 systems" in words(shown)
    assert "RIS on top" in shown
    assert "Africa/Johannesburg" in shown
    assert Window.objects.count() == 1


def test_once_begun_the_page_offers_its_end_alone(browser: Client, system: System) -> None:
    window = Window.objects.get()
    Window.objects.update(starts=timezone.now() - HOUR, ends=timezone.now() + HOUR)
    page = browser.get(f"/uptime/windows/{window.pk}/edit/").text
    assert 'name="ends"' in page
    assert 'name="title"' not in page
    later = timezone.localtime() + 3 * HOUR
    browser.post(
        f"/uptime/windows/{window.pk}/edit/", {"ends": f"{later:%Y-%m-%dT%H:%M}", "change_reason": "index rebuild"}
    )
    window.refresh_from_db()
    assert window.ends == later.replace(second=0, microsecond=0)
    browser.post(f"/uptime/windows/{window.pk}/cancel/", {"reason": "done"})
    window.refresh_from_db()
    assert window.state == "closed"


def test_an_objective_is_promised_changed_and_ended(browser: Client, system: System) -> None:
    asked = {"name": "RIS", "target": "99.5", "hours": "site", "counts": "mean", "systems": [system.pk]}
    browser.post("/uptime/objectives/new/", asked)
    row = Objective.objects.get(name="RIS")
    browser.post(f"/uptime/objectives/{row.pk}/edit/", asked | {"target": "99.7"})
    assert [terms.target for terms in row.terms.all()] == [Decimal("99.7")]
    assert "There is an objective of this name" in browser.post("/uptime/objectives/new/", asked).text
    browser.post(f"/uptime/objectives/{row.pk}/end/", {"reason": "contract over"})
    row.refresh_from_db()
    assert row.ended_at is not None


def test_a_closed_month_is_corrected_beside_what_stands(browser: Client) -> None:
    services.close_months(HOUSE, AFTER)
    month = ClosedMonth.objects.get()
    assert "is as it was closed." in browser.get(f"/uptime/months/{month.pk}/").text
    assert browser.post(f"/uptime/months/{month.pk}/correct/", {"reason": ""}).status_code == 422
    answer = browser.post(f"/uptime/months/{month.pk}/correct/", {"reason": "see incident 2041"}, follow=True)
    assert "see incident 2041" in answer.text
    assert ClosedMonth.objects.count() == 2


def post(program: Client, url: str, body: Any, method: str = "POST") -> Any:
    return program.generic(method, url, json.dumps(body), content_type="application/json")


def test_the_api_gives_figures_with_their_intervals(program: Client, system: System) -> None:
    told = program.get("/api/uptime/?period=2026-10&kind=system").json()
    assert [(row["name"], row["adjusted_percent"]) for row in told["rows"]] == [("Mthatha PACS", "99.932")]
    one = program.get(f"/api/uptime/systems/{system.pk}/?period=2026-10").json()
    assert [(each["condition"], each["window"]) for each in one["intervals"]] == [
        ("down", ""),
        ("down", "Upgrade to 1.12.6"),
    ]
    assert one["figures"]["raw_down_s"] == "3600"
    assert program.get("/api/uptime/?period=x").status_code == 400
    assert program.get("/api/uptime/?organisation=none").status_code == 404


def test_the_api_agrees_on_windows(program: Client, system: System) -> None:
    starts = timezone.now() + DAY
    body = {
        "organisation": "thusong",
        "title": "Upgrade",
        "reason": "Security fixes",
        "agreed_by": "Sipho Gxowa",
        "starts": starts.isoformat(),
        "ends": (starts + HOUR).isoformat(),
        "systems": [system.pk],
        "times": 2,
    }
    first, second = post(program, "/api/windows/", body).json()
    assert first["series"] == second["series"]
    changed = post(program, f"/api/windows/{first['id']}/", {"title": "Bigger"}, "PATCH").json()
    assert (changed["title"], changed["systems"], changed["state"]) == ("Bigger", [system.pk], "planned")
    assert post(program, f"/api/windows/{first['id']}/", ["title"], "PATCH").status_code == 400
    assert post(program, f"/api/windows/{first['id']}/end/", {"reason": "x"}).status_code == 400
    cancelled = post(program, f"/api/windows/{first['id']}/cancel/", {"reason": "x", "rest": True}).json()
    assert [one["state"] for one in cancelled] == ["cancelled", "cancelled"]
    assert post(program, f"/api/windows/{first['id']}/", {"title": "x"}, "PATCH").status_code == 409
    refused = post(program, "/api/windows/", body | {"systems": [make_system().pk]})
    assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, ["systems"])


def test_the_api_promises(program: Client, system: System) -> None:
    body = {"organisation": "thusong", "name": "RIS", "target": "99.5", "systems": [system.pk]}
    made = post(program, "/api/objectives/", body)
    assert made.status_code == 201
    assert made.json()["terms"][0]["target"] == "99.500"
    url = f"/api/objectives/{made.json()['id']}/"
    assert post(program, url, body | {"target": "99.8"}, "PUT").json()["terms"][0]["target"] == "99.800"
    assert post(program, url, body | {"target": "100"}, "PUT").status_code == 400
    assert post(program, f"{url}end/", {"reason": "over"}).json()["ended_at"]


def test_another_organisation_s_windows_and_figures_do_not_exist(system: System) -> None:
    stranger = actor_of(make_user(Role.ADMINISTRATOR, make_organisation()))
    asked = queries.Asked.of_month(date(2026, 10, 1), AFTER)
    page = queries.uptime_page(stranger, asked, interfaces=True)
    assert not any(page.rows.values())
    assert [*queries.windows(stranger)] == []
    assert queries.availability(stranger, system, OCTOBER.start, OCTOBER.end, AFTER) is None


def test_other_rooms_get_a_subject_s_figures_with_what_made_them(system: System) -> None:
    for subject in (system.interfaces.get(), system, system.site, system.site.organisation):
        told = queries.availability(HOUSE, subject, OCTOBER.start, OCTOBER.end, AFTER)
        assert told is not None
        assert told.line.own.adjusted.down == HOUR / 2
        assert len(told.intervals) == 2
    assert queries.availability(HOUSE, make_system(), OCTOBER.start, OCTOBER.end, AFTER) is None


def test_the_command_says_what_was_missed(system: System) -> None:
    missed = CliRunner().invoke(main, ["uptime", "--period", "2026-10"])
    assert missed.exit_code == 2
    assert "missed       99.932 %" in missed.output.replace("\N{NO-BREAK SPACE}", " ")
    told = json.loads(CliRunner().invoke(main, ["uptime", "--period", "2026-10", "--org", "thusong", "--json"]).output)
    assert {row["kind"] for row in told["rows"]} == {"organisation", "site", "system", "interface", "objective"}
    assert CliRunner().invoke(main, ["uptime", "--period", "2020-01"]).exit_code == 3
    assert CliRunner().invoke(main, ["uptime", "--org", "none"]).exit_code == 1


def test_five_hundred_systems_are_read_in_a_fixed_number_of_queries(
    system: System, django_assert_max_num_queries: Any
) -> None:
    systems = System.objects.bulk_create(
        System(site=system.site, slug=f"s{n}", name=f"S{n}", kind="modality") for n in range(500)
    )
    rows = Interface.objects.bulk_create(Interface(system=one, name="DICOM", kind="dicom") for one in systems)
    Spell.objects.bulk_create(
        Spell(interface=row, condition="up", since=OCTOBER.start, until=None, probed_at=AFTER) for row in rows
    )
    asked = queries.Asked.of_month(date(2026, 10, 1), AFTER)
    with django_assert_max_num_queries(25):
        page = queries.uptime_page(HOUSE, asked)
    assert len(page.systems) == 501
