"""The power probe against a real upsd with its dummy driver, and against peers that misbehave."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from umlindi.hosts.ups import UpsTarget, probe
from umlindi.probes import Deadline, Grade, ProbeResult, State
from umlindi.testing import scripted
from umlindi.testing.peers import free_port
from umlindi.testing.steps import codes, step_of

NUT = Path("/lib/nut")
HEALTHY = {"ups.status": "OL", "battery.charge": "100", "battery.runtime": "1800", "ups.mfr": "Thusong"}


@contextmanager
def child(command: list[str], folder: Path) -> Iterator[None]:
    environment = os.environ | {
        "NUT_CONFPATH": str(folder),
        "NUT_STATEPATH": str(folder),
        "NUT_ALTPIDPATH": str(folder),
    }
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "--", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def upsd(folder: Path, *supplies: dict[str, str]) -> Iterator[int]:
    """A real upsd on a free port, with one dummy driver for each supply, named ups0, ups1…"""
    if not (NUT / "upsd").exists():
        pytest.skip("NUT is not installed")
    port, me = free_port(), os.environ.get("USER") or "root"
    sections = [f"[ups{number}]\n driver = dummy-ups\n port = ups{number}.dev\n" for number in range(len(supplies))]
    (folder / "ups.conf").write_text("maxretry = 1\n" + "".join(sections))
    (folder / "upsd.conf").write_text(f"LISTEN 127.0.0.1 {port}\n")
    (folder / "upsd.users").write_text("")
    for number, values in enumerate(supplies):
        lines = [f'{name}: "{value}"\n' for name, value in values.items()]
        (folder / f"ups{number}.dev").write_text("".join(lines))
    with ExitStack() as children:
        for number in range(len(supplies)):
            children.enter_context(child([str(NUT / "dummy-ups"), "-F", "-u", me, "-a", f"ups{number}"], folder))
        _wait(lambda: all((folder / f"dummy-ups-ups{number}").exists() for number in range(len(supplies))))
        children.enter_context(child([str(NUT / "upsd"), "-F", "-u", me], folder))
        _wait(lambda: _listens(port))
        yield port


def _listens(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def _wait(ready: object) -> None:
    ends = time.monotonic() + 10
    while not ready():  # type: ignore[operator]
        assert time.monotonic() < ends, "NUT did not start"
        time.sleep(0.05)


async def told(port: int, ups: str | None = None) -> ProbeResult:
    """The dummy driver says WAIT until it has read its file."""
    ends = time.monotonic() + 10
    while True:
        result = await probe(UpsTarget("127.0.0.1", port, ups, samples=1), Deadline(3))
        waiting = step_of(result, "status").evidence.get("flags") == ["WAIT"]
        starting = codes(result)["connect"] in {"ERR DRIVER-NOT-CONNECTED", "ERR DATA-STALE"}
        if not (waiting or starting) or time.monotonic() > ends:
            return result
        await asyncio.sleep(0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Short enough for a Unix socket's path."""
    short = Path("/tmp") / f"nut-{os.getpid()}-{tmp_path.name[-6:]}"
    short.mkdir(mode=0o700)
    yield short
    shutil.rmtree(short)


async def test_a_supply_on_mains_power_is_ok(folder: Path) -> None:
    with upsd(folder, HEALTHY) as port:
        result = await told(port)
        unknown = await told(port, "nosuch")
    assert result.grade is Grade.OK
    assert step_of(result, "status").evidence == {"flags": ["OL"], "charge": 100, "runtime_s": 1800}
    assert result.facts["ups.mfr"] == "Thusong"
    assert step_of(unknown, "connect").code == "ERR UNKNOWN-UPS"


async def test_several_supplies_are_named_and_each_is_judged(folder: Path) -> None:
    states = ["OB DISCHRG", "OB LB", "OL LB CHRG", "OL RB", "FSD OL", ""]
    with upsd(folder, *[HEALTHY | {"ups.status": state} for state in states]) as port:
        ambiguous = await told(port)
        judged = [await told(port, f"ups{number}") for number in range(len(states))]
    assert step_of(ambiguous, "connect").code == "AMBIGUOUS"
    assert [(result.grade.value, codes(result)["status"], codes(result)["battery"]) for result in judged] == [
        ("degraded", "on-battery", "ok"),
        ("failed", "low-battery", "ok"),
        ("degraded", "low-battery", "ok"),
        ("degraded", "ok", "replace-battery"),
        ("failed", "shutdown", "ok"),
        ("failed", "unknown-status", "ok"),
    ]
    assert "30 minutes" in step_of(judged[0], "status").meaning


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (scripted.silent, "TIMEOUT"),
        (scripted.closing, "CLOSED"),
        (scripted.saying(b"ERR ACCESS-DENIED\n"), "ERR ACCESS-DENIED"),
        (scripted.saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "NOT-NUT"),
        (scripted.saying(b"BEGIN LIST UPS\nEND LIST UPS\n"), "NO-UPS"),
        (scripted.saying(b'BEGIN LIST UPS\nUPS a "unclosed\n'), "NOT-NUT"),
        (scripted.saying(b"\xff\xfe\n"), "NOT-NUT"),
        (scripted.trickling(b"BEGIN"), "TIMEOUT"),
        (scripted.flooding(b"BEGIN LIST UPS\n" + b'UPS a "x"\n' * 1000), "TOO-LARGE"),
        (scripted.flooding(b"x" * 70000), "NOT-NUT"),
    ],
)
async def test_a_misbehaving_peer_has_a_code(talk: scripted.Talk, code: str) -> None:
    began = time.perf_counter()
    async with scripted.listening(talk) as port:
        result = await probe(UpsTarget("127.0.0.1", port, samples=1), Deadline(0.6))
    assert (step_of(result, "connect").code, step_of(result, "status").state) == (code, State.SKIPPED)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize("name", ["a b", "a\nLIST", "", 'a"'])
def test_a_name_that_could_carry_a_command_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="power supply"):
        UpsTarget("127.0.0.1", ups=name)
