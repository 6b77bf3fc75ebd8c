"""`umlindi up` as a person and an init system meet it: one process to start, one to stop, nothing left behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from umlindi.house import postmaster
from umlindi.house.gate import LOOPBACK
from umlindi.house.home import PASSABLE
from umlindi.testing.product import Up

FIRST_START_SECONDS = 120
SECOND_START_SECONDS = 60
"""How long a busy machine is waited for; `./bench idle` says what a start takes."""
STOP_SECONDS = 12
SERVICES = ("web", "watch", "worker", "pager")


Start = Callable[..., Up]


def until(holds: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def left_behind(home: Path) -> list[str]:
    """Processes that speak of this home, or work in its data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ().get("UMLINDI_HOME", "")
            words = [*process.cmdline(), process.cwd(), environment]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(home) in word for word in words):
            found.append(" ".join(words))
    return found


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="umlindi-up-"))
    folder.chmod(PASSABLE)
    yield folder / "home of umlindi"
    postmaster.stop(folder / "home of umlindi" / "data" / "pg", ((signal.SIGKILL, 5.0),))
    shutil.rmtree(folder)


@pytest.fixture
def port() -> int:
    with socket.socket() as trial:
        trial.bind((LOOPBACK, 0))
        number: int = trial.getsockname()[1]
        return number


@pytest.fixture
def start(home: Path, port: int) -> Iterator[Start]:
    started: list[Up] = []

    def up(*options: str) -> Up:
        started.append(Up(home, port, *(options or ("--no-demo",))))
        return started[-1]

    yield up
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM, 30)


@pytest.fixture
def running(start: Start) -> Up:
    up = start()
    up.hear("^ready ", FIRST_START_SECONDS)
    return up


@pytest.mark.e2e
def test_the_first_start_gives_a_one_time_password_and_the_second_does_not(start: Start, home: Path) -> None:
    first = start()
    ready = first.hear("^ready ", FIRST_START_SECONDS)
    assert re.fullmatch(rf"ready http://localhost:{first.port}/  sign in as admin with .* password \S{{12,}}", ready)
    assert first.healthy()
    assert first.end(signal.SIGHUP) == 0
    second = start()
    assert second.hear("^ready ", SECOND_START_SECONDS) == f"ready http://localhost:{second.port}/"
    assert second.healthy()
    password = ready.rsplit(" ", 1)[1]
    assert not [log for log in (home / "logs").rglob("*.log*") if password in log.read_text("utf-8", "replace")]


@pytest.mark.e2e
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_every_way_of_stopping_leaves_nothing_behind(running: Up, home: Path, sent: signal.Signals) -> None:
    assert running.children().keys() == set(SERVICES)
    assert running.end(sent) == 0
    assert left_behind(home) == []
    assert not (home / "data" / "pg" / "postmaster.pid").exists()
    assert list((home / "run" / "pg").iterdir()) == []
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((LOOPBACK, running.port))


@pytest.mark.e2e
def test_a_second_one_in_the_same_home_is_refused_and_does_not_disturb_the_first(running: Up, start: Start) -> None:
    second = start()
    second.hear(rf"already runs in .*\(process {running.process.pid}\)", 10)
    assert second.ended(5) == 11
    assert running.healthy()


@pytest.mark.e2e
def test_kill_9_of_the_supervisor_blocks_nothing(running: Up, start: Start, home: Path) -> None:
    children = list(running.children().values())
    running.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    again = start()
    again.hear("PostgreSQL was still running", 10)
    again.hear("^ready ", SECOND_START_SECONDS)
    assert again.healthy()
    assert again.end(signal.SIGTERM) == 0
    assert left_behind(home) == []


@pytest.mark.e2e
def test_what_dies_is_started_again_and_said(running: Up) -> None:
    running.children()["watch"].kill()
    running.hear(r"watch ended \(SIGKILL, see .*watch\.log\); starting it again in 1 s", 5)
    until(lambda: "watch" in running.children(), 10)
    database = postmaster.live(running.home / "data" / "pg")
    assert database is not None
    os.kill(database.pid, signal.SIGKILL)
    running.hear("PostgreSQL is gone; starting it again", 10)
    running.hear("PostgreSQL started", 20)
    until(running.healthy, 20)


@pytest.mark.e2e
def test_a_taken_port_is_said_before_anything_starts(start: Start, port: int, home: Path, tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, port)):
        for folder in (home, tmp_path / "new"):
            refused = Up(folder, port, "--no-demo")
            refused.hear(rf"^umlindi: Port {port} is taken by ", 10)
            assert refused.ended(5) == 12
            assert left_behind(folder) == []
    assert not (tmp_path / "new").exists(), "a refused first start leaves no home"


@pytest.mark.e2e
def test_a_wrong_option_names_the_command_as_it_was_typed() -> None:
    refused = subprocess.run(
        [sys.executable, "-m", "umlindi", "up", "--colour"], capture_output=True, text=True, check=False, timeout=30
    )
    assert refused.returncode == 2
    assert refused.stderr.startswith("Usage: umlindi up ")


@pytest.mark.e2e
def test_the_demo_estate_comes_up_and_goes_with_everything_else(start: Start, home: Path) -> None:
    up = start("--demo")
    up.hear("the demo estate is up", FIRST_START_SECONDS)
    peers = psutil.Process(up.children()["demo"].pid).children(recursive=True)
    assert len(peers) > 3
    up.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(peers, timeout=5)
    assert [peer for peer in alive if peer.status() != psutil.STATUS_ZOMBIE] == []
    again = start("--demo")
    again.hear("the demo estate is up", FIRST_START_SECONDS)
    assert again.end(signal.SIGTERM) == 0
    assert left_behind(home) == []
