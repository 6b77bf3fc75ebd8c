"""One supervisor a home, and a port that is really free."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from umlindi.house.errors import HomeBusy, PortTaken
from umlindi.house.gate import LOOPBACK, check_port, only_one
from umlindi.house.home import Home

HOLD = """
import sys
from pathlib import Path
from umlindi.house.gate import only_one
from umlindi.house.home import Home
with only_one(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(home: Home) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(home.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_supervisor_is_refused_and_told_who_has_the_home(home: Home) -> None:
    with (
        holder(home) as first,
        pytest.raises(HomeBusy, match=rf"already runs in .*\(process {first.pid}\)"),
        only_one(home),
    ):
        pytest.fail("two supervisors in one home")


def test_kill_9_of_the_holder_blocks_nobody(home: Home) -> None:
    with holder(home) as first:
        os.kill(first.pid, signal.SIGKILL)
        first.wait(5)
        with only_one(home):
            assert (home.run / "up.lock").read_text() == str(os.getpid())


def test_a_taken_port_is_named_with_its_holder() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"Port {port} is taken by .*\(process {os.getpid()}\): .*--port"):
            check_port(port)
    check_port(port)


def test_a_port_taken_on_every_address_is_taken_on_ours() -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken, pytest.raises(PortTaken):
        check_port(taken.getsockname()[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_a_port_below_1024_is_said_to_an_ordinary_user() -> None:
    os.seteuid(65534)
    try:
        with pytest.raises(PortTaken, match="This user may not use port 81: choose one above 1023"):
            check_port(81)
    finally:
        os.seteuid(0)
