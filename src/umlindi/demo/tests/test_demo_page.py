"""The fault lab's page and verbs, over a state file as the demo's process writes it."""

from __future__ import annotations

import json
import sys
import threading
import time
import types
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from umlindi.accounts.models import Organisation
from umlindi.accounts.rules import Role
from umlindi.config.urls import urlpatterns
from umlindi.core.models import AuditEvent
from umlindi.demo import lab
from umlindi.demo.faults import FAULTS
from umlindi.demo.ground import write_atomically
from umlindi.testing.estate import make_organisation, make_user

pytestmark = pytest.mark.django_db
WHERE = "thusong/mthatha/ris"


def _write(home: Path, in_force: list[tuple[str, str]]) -> None:
    since = datetime.now(UTC).isoformat()
    told = {"pid": 1, "written": time.time(), "stopped": False, "peers": []}
    entries = [[slug, where, since] for slug, where in in_force]
    write_atomically(home / "demo" / "state.json", json.dumps({**told, "in_force": entries}))


@pytest.fixture
def home(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a demo, in a product that has the lab's door."""
    (tmp_path / "demo").mkdir()
    _write(tmp_path, [])
    module = types.ModuleType("umlindi_urls_with_lab")
    module.__dict__["urlpatterns"] = [*urlpatterns, path("lab/", include("umlindi.demo.urls"))]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.UMLINDI_HOME, settings.UMLINDI_DEMO, settings.ROOT_URLCONF = tmp_path, True, module.__name__
    return tmp_path


@pytest.fixture
def demo(home: Path) -> Iterator[None]:
    """Does what the demo's process does with wanted faults, and breaks nothing."""
    over = threading.Event()

    def obey() -> None:
        while not over.wait(0.05):
            _write(home, sorted(lab.wanted_breakages(home / "demo")))

    thread = threading.Thread(target=obey)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.fixture
def thusong() -> Organisation:
    return make_organisation(slug="thusong")


def _client(role: Role, organisation: Organisation | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, organisation))
    return client


def test_the_page_lists_every_fault_and_says_that_nothing_is_broken(home: Path) -> None:
    page = _client(Role.OPERATOR).get("/lab/").content.decode()
    assert "Nothing is broken on purpose." in page
    assert page.count('action="/lab/') == len(FAULTS)


def test_breaking_and_mending_are_done_and_on_the_trail(home: Path, demo: None, thusong: Organisation) -> None:
    client = _client(Role.OPERATOR, thusong)
    broken = client.post("/lab/hl7-nack/break/", follow=True).content.decode()
    assert "One thing is broken</em> on purpose" in broken
    assert lab.state(home).in_force.keys() == {("hl7-nack", WHERE)}
    mended = client.post("/lab/hl7-nack/mend/", {"system": WHERE}, follow=True).content.decode()
    assert "Nothing is broken on purpose." in mended
    events = AuditEvent.objects.filter(object_id="hl7-nack").order_by("seq")
    assert [event.verb for event in events] == ["demo.broken", "demo.mended"]
    assert {event.organisation_id for event in events} == {thusong.pk}


def test_a_stranger_sees_and_breaks_only_what_is_theirs(home: Path, demo: None, thusong: Organisation) -> None:
    client = _client(Role.OPERATOR, make_organisation(slug="ubuntu"))
    assert "RIS refuses" not in client.get("/lab/").content.decode()
    assert client.post("/lab/hl7-nack/break/").status_code == 404
    assert client.post("/lab/listener-down/break/", {"system": "thusong/komani/archive"}).status_code == 404
    assert not lab.wanted_breakages(home / "demo")
    assert not AuditEvent.objects.filter(verb="demo.broken").exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CLIENT, Role.AUDITOR])
def test_who_may_not_break_may_not_enter(role: Role, home: Path) -> None:
    client = _client(role)
    assert client.get("/lab/").status_code == 403
    assert client.post("/lab/hl7-nack/break/").status_code == 403


def test_an_unknown_fault_is_404_and_a_stopped_demo_is_told(home: Path) -> None:
    client = _client(Role.ADMINISTRATOR)
    assert client.post("/lab/gremlins/break/").status_code == 404
    (home / "demo" / "state.json").unlink()
    told = client.post("/lab/hl7-nack/break/", follow=True).content.decode()
    assert "could not be broken" in told
    assert "The demo estate is not running." in told


def test_whoever_has_not_signed_in_is_sent_to_do_so(home: Path) -> None:
    answer = Client().get("/lab/")
    assert answer.status_code == 302
    assert "/account/login/" in answer.headers["Location"]


def test_pages_are_read_by_those_who_may_break_things_everywhere_and_by_nobody_else(
    home: Path, thusong: Organisation
) -> None:
    rung = {"phone": "thandeka", "at": datetime.now(UTC).isoformat(), "title": "Mthatha PACS", "text": "is silent"}
    write_atomically(home / "demo" / "phones.json", json.dumps([rung]))
    assert "is silent" in _client(Role.OPERATOR).get("/lab/").content.decode()
    assert "is silent" not in _client(Role.OPERATOR, thusong).get("/lab/").content.decode()
