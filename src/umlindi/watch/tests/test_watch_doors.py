"""The pages, the API and the command of watch, as their users meet them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.accounts.services import create_token
from umlindi.cli import main
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Interface
from umlindi.probes import Layer, ProbeResult, Severity, State, Step
from umlindi.testing.estate import make_interface, make_organisation, make_user
from umlindi.testing.peers import free_port
from umlindi.watch import services
from umlindi.watch.jobs import check_estate, morning
from umlindi.watch.models import Check, Probe

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused() -> Interface:
    """An interface on a port that nobody listens on."""
    return make_interface(host="127.0.0.1", port=free_port(), called="ARCHIVE")


def signed_in(role: Role, interface: Interface) -> tuple[Client, User]:
    user = make_user(role, interface.system.site.organisation)
    client = Client()
    client.force_login(user)
    return client, user


def start(client: Client, interface: Interface) -> Check:
    organisation = interface.system.site.organisation
    response = client.post(reverse("watch:check_start"), {"organisation": organisation.slug})
    assert response.status_code == 302
    return Check.objects.get()


def test_a_check_is_begun_run_by_the_worker_read_and_signed(refused: Interface) -> None:
    client, user = signed_in(Role.OPERATOR, refused)
    check = start(client, refused)
    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args) == ("watch.run_check", {"check_id": check.pk})
    assert "0 of 1" in client.get(check.get_absolute_url()).content.decode()

    check_estate(**job.args)
    page = client.get(check.get_absolute_url()).content.decode()
    assert "refuses connections" in page
    assert "no service listens on port" in page

    response = client.post(reverse("watch:check_sign", args=[check.pk]), {"remarks": "Rang the server room."})
    assert response.status_code == 302
    check.refresh_from_db()
    assert (check.signed_by, check.remarks) == (user, "Rang the server room.")
    assert "Rang the server room." in client.get(check.get_absolute_url()).content.decode()


def test_a_check_run_twice_probes_nothing_twice(refused: Interface) -> None:
    client, _ = signed_in(Role.OPERATOR, refused)
    check = start(client, refused)
    check_estate(check.pk)
    check_estate(check.pk)
    assert check.lines.count() == 1


def test_a_check_whose_worker_died_is_taken_up_where_it_stood(refused: Interface) -> None:
    other = make_interface(refused.system, host="127.0.0.1", port=free_port())
    check = services.start_check(actor_of(make_user(Role.OPERATOR)), refused.system.site.organisation, timezone.now())
    check.lines.create(interface=refused, condition="up", change="same", since=check.started_at, result={"steps": []})
    check_estate(check.pk)
    assert set(check.lines.values_list("interface", "condition")) == {(refused.pk, "up"), (other.pk, "down")}


def test_the_document_of_a_check_is_a_pdf(refused: Interface) -> None:
    client, _ = signed_in(Role.OPERATOR, refused)
    check = start(client, refused)
    check_estate(check.pk)
    response = client.get(reverse("watch:check_pdf", args=[check.pk]))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")


def test_a_systems_page_tells_what_went_wrong_lately(refused: Interface) -> None:
    client, _ = signed_in(Role.VIEWER, refused)
    now = timezone.now()
    down, up = ProbeResult("dicom", "x", (step("ECONNREFUSED"),)), ProbeResult("dicom", "x", (step(),))
    for minute, result in ((-10, down), (-9, down), (-7, up), (-6, up)):
        services.observe(refused, result, now + timedelta(minutes=minute))
    page = client.get(refused.system.get_absolute_url()).content.decode()
    assert "refuses connections" in page
    stranger = Client()
    stranger.force_login(make_user(Role.VIEWER, make_organisation()))
    assert stranger.get(refused.system.get_absolute_url()).status_code == 404


def step(code: str = "") -> Step:
    state, severity = (State.FAILED, Severity.FAILED) if code else (State.OK, None)
    return Step("tcp", state, 1.0, Layer.TRANSPORT, code, "", {}, severity)


def test_signing_too_early_changes_nothing_and_says_why(refused: Interface) -> None:
    client, _ = signed_in(Role.OPERATOR, refused)
    check = start(client, refused)
    url = reverse("watch:check_sign", args=[check.pk])
    assert "still running" in client.post(url, follow=True).content.decode()
    check.refresh_from_db()
    assert check.signed_at is None


def test_a_viewer_reads_but_neither_runs_nor_signs(refused: Interface) -> None:
    operator, _ = signed_in(Role.OPERATOR, refused)
    check = start(operator, refused)
    viewer, _ = signed_in(Role.VIEWER, refused)
    assert viewer.get(check.get_absolute_url()).status_code == 200
    assert viewer.post(reverse("watch:check_sign", args=[check.pk])).status_code == 403
    assert viewer.post(reverse("watch:check_start"), {"organisation": "x"}).status_code == 403


def test_nobody_signs_where_their_role_is_only_elsewhere(refused: Interface) -> None:
    organisation = refused.system.site.organisation
    user = make_user(Role.VIEWER, organisation)
    user.memberships.create(role=Role.OPERATOR, organisation=make_organisation())
    check = services.start_check(actor_of(make_user(Role.OPERATOR)), organisation, timezone.now())
    client = Client()
    client.force_login(user)
    assert client.post(reverse("watch:check_sign", args=[check.pk])).status_code == 403


def test_asking_for_a_probe_gives_the_turn_at_once(refused: Interface) -> None:
    client, _ = signed_in(Role.OPERATOR, refused)
    later = timezone.now() + timedelta(hours=1)
    services.give_probes([refused], later)
    response = client.post(reverse("watch:probe", args=[refused.pk]))
    assert response.status_code == 302
    assert not Probe.objects.filter(due_at__gte=later).exists()
    assert AuditEvent.objects.filter(verb="probe.asked").exists()


def test_now_narrows_to_an_organisation_and_hides_a_strangers(refused: Interface) -> None:
    client, _ = signed_in(Role.VIEWER, refused)
    stranger = make_organisation()
    slug = refused.system.site.organisation.slug
    assert str(refused.system) in client.get("/", {"org": slug}).content.decode()
    assert client.get("/", {"org": stranger.slug}).status_code == 404


def test_the_morning_job_opens_a_check_for_everybody_with_sites(refused: Interface) -> None:
    make_organisation()
    morning(timezone.now())
    assert list(Check.objects.values_list("organisation", flat=True)) == [refused.system.site.organisation_id]
    assert ProcrastinateJob.objects.filter(task_name="watch.run_check").count() == 1


def api(user: User, rights: set[str]) -> dict[str, Any]:
    now = timezone.now()
    expires = now + timedelta(days=1)
    _, secret = create_token(actor_of(user), user, "monitor", rights=frozenset(rights), expires_at=expires, now=now)
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


def test_the_api_tells_the_present_and_starts_a_check(refused: Interface, client: Client) -> None:
    user = make_user(Role.OPERATOR, refused.system.site.organisation)
    header = api(user, {"estate.view", "check.view", "check.run"})
    now = client.get("/api/now/", **header).json()
    assert [(one["interface"], one["condition"]) for one in now] == [(refused.pk, "unknown")]
    organisation = refused.system.site.organisation.slug
    started = client.post("/api/checks/", {"organisation": organisation}, content_type="application/json", **header)
    assert started.status_code == 201
    check_estate(started.json()["id"])
    lines = client.get(f"/api/checks/{started.json()['id']}/", **header).json()["lines"]
    assert lines[0]["result"]["diagnosis"][0]["rule"] == "connection-refused"


def test_a_token_never_signs(refused: Interface, client: Client) -> None:
    user = make_user(Role.OPERATOR, refused.system.site.organisation)
    check = services.start_check(actor_of(user), refused.system.site.organisation, timezone.now())
    services.finish_check(actor_of(user), check, timezone.now())
    response = client.post(f"/api/checks/{check.pk}/sign/", **api(user, {"check.view", "check.run"}))
    assert response.status_code == 403
    assert response.json()["error"]["message"] == "A token signs nothing: a person does."
    check.refresh_from_db()
    assert check.signed_at is None


def command(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["check", *words])
    return result.exit_code, result.output


def test_the_command_says_what_is_wrong_and_files_nothing(refused: Interface) -> None:
    code, said = command()
    assert code == 2
    assert "0 of 1 interfaces work." in said
    assert "ECONNREFUSED" in said
    assert "Start the service" in said
    assert refused.probes.get(plan="full").result["steps"]
    assert not Check.objects.exists()


def test_a_recorded_command_files_a_check_of_every_organisation_to_be_signed(refused: Interface) -> None:
    other = make_interface(host="127.0.0.1", port=free_port())
    code, said = command("--record", "--json")
    assert code == 2
    filed = Check.objects.filter(finished_at__isnull=False, signed_at=None)
    assert {check.organisation for check in filed} == {
        interface.system.site.organisation for interface in (refused, other)
    }
    assert all(check.lines.count() == 1 for check in filed)
    assert "to be signed" in said


def test_a_recorded_command_is_never_narrowed(refused: Interface) -> None:
    code, said = command("--record", "--site", "a/b")
    assert code == 2
    assert "--record" in said
    assert not Check.objects.exists()


def test_a_narrowed_command_is_no_morning_check(refused: Interface) -> None:
    make_interface(host="127.0.0.1", port=free_port())
    code, said = command("--system", refused.system.path, "--json")
    document = json.loads(said)
    assert code == 2
    assert document["counts"] == {"up": 0, "degraded": 0, "down": 1, "unknown": 0}
    assert [line["system"] for line in document["lines"]] == [refused.system.path]
    assert document["lines"][0]["next"]
    assert not Check.objects.exists()
    assert refused.probes.get(plan="full").result["steps"]


@pytest.mark.parametrize("words", [("--site", "nobody/nowhere"), ("--site", "one"), ("--system", "a/b")])
def test_the_command_names_what_it_cannot_find(refused: Interface, words: tuple[str, ...]) -> None:
    code, said = command(*words)
    assert code in {1, 2}
    assert words[1] in said


@pytest.mark.parametrize(
    ("referer", "to"),
    [
        ("http://testserver/estate/", "http://testserver/estate/"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_a_probe_on_demand_leads_back_to_a_page_of_ours(refused: Interface, referer: str, to: str) -> None:
    client, _ = signed_in(Role.OPERATOR, refused)
    response = client.post(reverse("watch:probe", args=[refused.pk]), headers={"Referer": referer})
    assert (response.status_code, response.headers["Location"]) == (302, to)


def test_an_organisation_that_no_text_can_name_is_not_there(refused: Interface) -> None:
    client, _ = signed_in(Role.ADMINISTRATOR, refused)
    assert client.get(reverse("now"), {"org": "\0"}).status_code == 404
    assert client.get(reverse("api-estate-export"), {"organisation": "\0"}).status_code == 404
    assert client.post(reverse("watch:check_start"), {"organisation": "\0"}).status_code == 404
