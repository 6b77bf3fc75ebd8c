"""Days on which the database is away, or answers nothing: whoever asks is told so, and soon."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connections
from django.db.backends.signals import connection_created
from django.test import Client, RequestFactory

from umlindi.house.children import die_with_parent
from umlindi.house.home import PASSABLE, Home
from umlindi.house.postgres import Cluster
from umlindi.house.testing import CARELESS
from umlindi.testing.peers import free_port
from umlindi.web import database, views

PING = "/ping/6aa8091b-cb93-4d50-9f85-ea40028c423d"
SAID = "The database does not answer"


def broke(error: Exception) -> None:
    raise error


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("address", "sort"),
    [
        ("/", "text/html"),
        ("/api/uptime/", "application/json"),
        (PING, "text/plain"),
        ("/metrics", "text/plain"),
        ("/health", "text/plain"),
    ],
)
def test_a_database_that_is_away_is_no_fault_of_ours_and_asked_for_nothing(
    error: type[Exception], address: str, sort: str
) -> None:
    """Without the mark that gives a test the database, any query in the answer would fail."""
    try:
        broke(error("gone"))
    except error:
        answer = views.failed(RequestFactory().get(address))
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer["Content-Type"].startswith(sort)
    assert SAID.lower() in answer.content.decode().lower()


def test_a_bug_of_ours_is_still_said_to_be_one() -> None:
    try:
        broke(RuntimeError("bug"))
    except RuntimeError:
        answer = views.failed(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something in Umlindi itself failed" in answer.content.decode()


@pytest.mark.django_db
def test_whatever_breaks_on_the_way_to_a_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A middleware's look at the session is where it usually breaks."""

    def gone(*_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("umlindi.accounts.middleware.SessionLimits._limit", gone)
    monkeypatch.setattr("django.contrib.auth.models.AnonymousUser.is_authenticated", True)
    answer = Client(raise_request_exception=False).get("/")
    assert answer.status_code == 503
    assert answer["Cache-Control"] == "private, no-store"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A house of its own, whose database may be stopped. pytest's folders let no other user through."""
    root = Path(tempfile.mkdtemp(prefix="umlindi-house-"))
    root.chmod(PASSABLE)
    home = Home(root)
    home.prepare()
    made = Cluster(home, CARELESS)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(root)


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """All of its processes stand still, and none of them closes a connection."""
    main = psutil.Process(int((cluster.folder / "postmaster.pid").read_text().splitlines()[0]))
    there = [main, *main.children(recursive=True)]
    for process in there:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in there:
            process.send_signal(signal.SIGCONT)


def test_a_connection_gives_up_a_server_that_stands_still(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        database.bound(connection, 0.5)
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
        began = time.monotonic()
        with frozen(cluster), pytest.raises(psycopg.OperationalError, match=r"has not answered for 0.5 s"):
            connection.execute("SELECT 1")
        assert time.monotonic() - began < 3
        assert connection.closed


def test_in_the_web_server_every_connection_does(monkeypatch: pytest.MonkeyPatch) -> None:
    told = connections.settings["default"] | {"OPTIONS": {"connect_timeout": 10}}
    monkeypatch.setitem(connections.settings, "default", told)
    heard: list[object] = []
    monkeypatch.setattr(connection_created, "connect", lambda receiver, **_: heard.append(receiver))
    database.wait_no_longer()
    assert told["OPTIONS"] == {"connect_timeout": database.CONNECT_S, "options": "-c statement_timeout=20s"}
    assert heard == [database._bound]


@contextmanager
def web(cluster: Cluster) -> Iterator[int]:
    """The port of a web server on that house."""
    port = free_port()
    env = {**os.environ, "UMLINDI_HOME": str(cluster.home.root), "DATABASE_URL": cluster.url()}
    env |= {"DJANGO_SETTINGS_MODULE": "umlindi.config.settings"}
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], check=True, env=env)
    command = [sys.executable, "-m", "umlindi", "web", "--port", str(port)]
    process = subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent())  # noqa: PLW1509
    try:
        ends = time.monotonic() + 60
        while asked(port, "/health")[0] != 200:
            assert time.monotonic() < ends, "the web server does not come up"
            time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


def asked(port: int, address: str) -> tuple[int, str, str]:
    """Status, Retry-After and body; 0 where nobody listens. With a session, as a browser that was signed in has."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", address, headers={"Cookie": "umlindi_session=abcdefghijklmnop"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Retry-After", ""), answer.read().decode()
    except ConnectionRefusedError:
        return 0, "", ""
    finally:
        connection.close()


@pytest.mark.e2e
def test_pages_say_that_the_database_is_stopped_or_stands_still_and_come_back_with_it(cluster: Cluster) -> None:
    doors = {"/": SAID, "/api/uptime/": '"database_away"', PING: SAID.lower(), "/metrics": SAID.lower()}
    doors["/health"] = SAID.lower()
    with web(cluster) as port:
        with frozen(cluster):
            began = time.monotonic()
            status, again, body = asked(port, "/")
            assert (status, again) == (503, "10")
            assert SAID in body
            assert time.monotonic() - began < database.SILENT_S + database.CONNECT_S + 10
        cluster.stop()
        for address, words in doors.items():
            status, again, body = asked(port, address)
            assert (address, status, again) == (address, 503, "10")
            assert words in body
        cluster.start()
        assert asked(port, "/health")[0] == 200
        assert asked(port, PING)[0] == 404
