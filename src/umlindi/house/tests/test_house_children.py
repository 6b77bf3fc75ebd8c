"""What the supervisor keeps alive: restarted with back-off, logs bounded, nothing left when the parent dies."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from umlindi.house import children
from umlindi.house.children import Child, Service

SLEEP = ("-c", "import time; time.sleep(600)")
FAIL = ("-c", "import sys; sys.exit('no such archive')")
PARENT = """
import sys, time
from pathlib import Path
from umlindi.house.children import Child, Service
child = Child(Service("watch", (sys.executable, "-c", "import time; time.sleep(600)")), Path(sys.argv[1]), {})
child.start()
print(child._process.pid, flush=True)
time.sleep(600)
"""

Make = Callable[..., Child]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[Child] = []

    def child(*code: str) -> Child:
        made.append(Child(Service("watch", (sys.executable, *code)), tmp_path / "watch.log", os.environ))
        return made[-1]

    yield child
    for child_made in made:
        child_made.kill()
        child_made.wait(5)


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_a_log_is_for_its_owner_alone_and_so_is_its_older_part(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "LARGEST_LOG", 0)
    child = make("-c", "print('10.20.4.31 refuses', flush=True)")
    child.start()
    assert child.wait(10)
    child.tend(time.monotonic())
    parts = [child.log, child.log.with_suffix(".log.1")]
    assert [stat.S_IMODE(part.stat().st_mode) for part in parts] == [0o600, 0o600]
    assert "refuses" in parts[1].read_text()


def test_a_child_that_runs_needs_no_tending(make: Make) -> None:
    child = make(*SLEEP)
    child.start()
    assert child.tend(time.monotonic()) is None
    assert child.alive


def test_a_crash_is_said_once_with_its_log_and_then_waits_longer_each_time(make: Make) -> None:
    child = make(*FAIL)
    now, pauses = 1000.0, []
    child.start()
    for _ in range(8):
        until(lambda: not child.alive)
        said = child.tend(now)
        assert said is not None
        assert "watch ended (exit code 1, see " in said
        pauses.append(float(said.rpartition(" in ")[2].removesuffix(" s")))
        assert child.tend(now) is None
        assert child.tend(now + pauses[-1] - 0.01) is None
        assert not child.alive
        now += pauses[-1]
        assert child.tend(now) is None
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert "no such archive" in child.log.read_text()


def test_a_killed_child_is_named_by_its_signal_and_a_steady_one_starts_over_quickly(make: Make) -> None:
    child = make(*SLEEP)
    child.start()
    child._pause = 32.0
    assert child.tend(time.monotonic() + children.STEADY_SECONDS + 1) is None
    child.kill()
    until(lambda: not child.alive)
    said = child.tend(time.monotonic())
    assert said is not None
    assert "SIGKILL" in said
    assert said.endswith("in 1 s")


def test_a_log_is_bounded_while_its_writer_holds_it_open(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "LARGEST_LOG", 20_000)
    child = make("-u", "-c", "import time\nwhile True: print('x' * 99); time.sleep(0.0005)")
    child.start()
    for _ in range(20):
        until(lambda: child.log_size() > children.LARGEST_LOG)
        child.tend(time.monotonic())
        assert child.log_size() < children.LARGEST_LOG
    kept = sorted(path.name for path in child.log.parent.glob("watch.log*"))
    assert kept == ["watch.log", "watch.log.1"]
    assert b"\0" not in child.log.read_bytes()


def test_only_what_was_said_since_counts(make: Make) -> None:
    child = make("-c", "print('ready at last')")
    child.start()
    until(lambda: not child.alive)
    assert child.has_said("ready", 0)
    assert not child.has_said("ready", child.log_size())
    assert not child.has_said("last", 0)


def test_kill_9_of_the_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        assert child.is_running()
        parent.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_what_a_child_started_in_its_session_ends_with_it(make: Make) -> None:
    code = "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)"
    child = make("-c", code)
    child.start()
    until(lambda: child.log.read_text().strip().isdigit())
    grandchild = psutil.Process(int(child.log.read_text()))
    child.kill()
    until(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)
