"""Programs that are kept, frozen and starved; and simulated peers, each asked by the probe that asks the real one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from umlindi.demo.peers.clock import SKEW_SECONDS, Clock
from umlindi.demo.peers.gateway import Gateway
from umlindi.demo.peers.machine import MOUNT, Machine
from umlindi.demo.peers.power import UPS, Upsd
from umlindi.demo.peers.programs import NotReady, Program, Setup
from umlindi.demo.peers.ris import TEST_MESSAGE, Ris
from umlindi.hl7.probe import Hl7Target
from umlindi.hl7.probe import probe as probe_hl7
from umlindi.hosts.clock import TimeTarget
from umlindi.hosts.clock import probe as probe_clock
from umlindi.hosts.machine import MachineTarget
from umlindi.hosts.machine import probe as probe_machine
from umlindi.hosts.tls import TlsTarget
from umlindi.hosts.tls import probe as probe_tls
from umlindi.hosts.ups import UpsTarget
from umlindi.hosts.ups import probe as probe_ups
from umlindi.probes import Deadline, Grade
from umlindi.testing.peers import free_port

NONE: frozenset[str] = frozenset()
# Listens, and writes what it is sent to a file; prints whether the write went well.
WRITER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    peer, _ = listener.accept()
    data = peer.recv(100)
    if data:
        try:
            with open("kept", "wb") as file:
                file.write(data)
            peer.send(b"kept")
        except OSError as error:
            peer.send(error.__class__.__name__.encode())
    peer.close()
"""


def _writer(folder: Path, port: int) -> Callable[[frozenset[str]], Setup]:
    def setup(faults: frozenset[str]) -> Setup:
        return Setup(
            argv=(sys.executable, "-c", WRITER, str(port)),
            folder=folder,
            port=port,
            running="listener-down" not in faults,
            frozen="silent-host" in faults,
            longest_file=1 if "disk-full" in faults else None,
        )

    return setup


@asynccontextmanager
async def _program(folder: Path) -> AsyncIterator[Program]:
    program = Program("a/b/c", "writer", _writer(folder, free_port()), folder / "log.log")
    try:
        yield program
    finally:
        await program.stop()


async def _ask(program: Program) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    writer.write(b"something to keep")
    try:
        async with asyncio.timeout(0.7):
            return await reader.read()
    except TimeoutError:
        return b"silence"
    finally:
        writer.close()


async def test_a_program_takes_and_loses_each_fault(tmp_path: Path) -> None:
    async with _program(tmp_path) as program:
        await program.apply(NONE)
        before = program.pid
        assert await _ask(program) == b"kept"
        await program.apply(frozenset({"disk-full"}))
        assert await _ask(program) == b"OSError"
        await program.apply(frozenset({"silent-host"}))
        assert await _ask(program) == b"silence"
        await program.apply(NONE)
        assert await _ask(program) == b"kept"
        assert program.pid == before
        await program.apply(frozenset({"listener-down"}))
        assert program.pid is None
        with pytest.raises(ConnectionRefusedError):
            await _ask(program)


async def test_a_program_that_dies_unasked_is_started_again(tmp_path: Path) -> None:
    async with _program(tmp_path) as program:
        await program.apply(NONE)
        first = program.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(8):
            while program.pid in (None, first):
                await asyncio.sleep(0.1)


async def test_a_program_that_does_not_listen_is_not_ready(tmp_path: Path) -> None:
    setup = Setup(argv=(sys.executable, "-c", "raise SystemExit(3)"), folder=tmp_path, port=free_port())
    program = Program("a/b/c", "broken", lambda _: setup, tmp_path / "log.log")
    try:
        with pytest.raises(NotReady):
            await program.apply(NONE)
    finally:
        await program.stop()


async def test_a_frozen_program_is_stopped_all_the_same(tmp_path: Path) -> None:
    async with _program(tmp_path) as program:
        await program.apply(frozenset({"silent-host"}))
        pid = program.pid
        await program.stop()
        assert not psutil.pid_exists(pid or 0)


async def test_the_clock_is_right_until_it_is_skewed() -> None:
    clock = Clock("a/b/clock", free_port())
    try:
        await clock.apply(NONE)
        good = await probe_clock(TimeTarget("127.0.0.1", clock.port), Deadline(5))
        assert good.grade is Grade.OK
        await clock.apply(frozenset({"clock-skew"}))
        skewed = await probe_clock(TimeTarget("127.0.0.1", clock.port), Deadline(5))
        offset = skewed.step("offset")
        assert offset is not None
        assert offset.evidence["offset_s"] == pytest.approx(SKEW_SECONDS, abs=0.5)
    finally:
        await clock.stop()


@pytest.mark.parametrize(
    ("fault", "code"),
    [("", ""), ("certificate-expiring", "expires-soon"), ("certificate-expired", "certificate-expired")],
)
async def test_the_gateway_shows_the_certificate_of_its_fault_and_nothing_else_wrong(
    fault: str, code: str, tmp_path: Path
) -> None:
    gateway = Gateway("a/b/gateway", free_port(), free_port(), tmp_path)
    try:
        await gateway.apply(frozenset({fault} - {""}))
        target = TlsTarget("127.0.0.1", gateway.port, ca_file=str(gateway.authority.certificate_file))
        result = await probe_tls(target, Deadline(10))
    finally:
        await gateway.stop()
    failure = result.first_failure()
    assert (failure.code if failure else "") == code


async def test_the_authority_is_the_same_after_a_restart(tmp_path: Path) -> None:
    first = Gateway("a/b/gateway", free_port(), free_port(), tmp_path).authority.certificate_file.read_bytes()
    assert Gateway("a/b/gateway", free_port(), free_port(), tmp_path).authority.certificate_file.read_bytes() == first


async def test_the_ris_files_the_test_record_until_it_has_gone() -> None:
    ris = Ris("a/b/ris", free_port())
    target = Hl7Target("127.0.0.1", ris.port, message=TEST_MESSAGE)
    try:
        await ris.apply(NONE)
        assert (await probe_hl7(target, Deadline(5))).grade is Grade.OK
        await ris.apply(frozenset({"hl7-nack"}))
        refused = (await probe_hl7(target, Deadline(5))).first_failure()
        assert refused is not None
        assert refused.code == "AE/204"
    finally:
        await ris.stop()


async def test_our_own_ups_speaks_as_nut_does() -> None:
    upsd = Upsd("a/b/ups", free_port())
    target = UpsTarget("127.0.0.1", upsd.port, UPS)
    try:
        await upsd.apply(NONE)
        assert (await probe_ups(target, Deadline(5))).grade is Grade.OK
        await upsd.apply(frozenset({"ups-on-battery"}))
        status = (await probe_ups(target, Deadline(5))).step("status")
        assert status is not None
        assert status.code == "on-battery"
    finally:
        await upsd.stop()


async def test_the_host_shows_the_disk_of_its_fault(tmp_path: Path) -> None:
    machine = Machine("a/b/host", free_port(), tmp_path)
    target = MachineTarget(url=f"http://127.0.0.1:{machine.port}/metrics")
    codes = []
    try:
        for fault in ("", "disk-nearly-full", "disk-full"):
            await machine.apply(frozenset({fault} - {""}))
            step = (await probe_machine(target, Deadline(10))).step(f"disk:{MOUNT}")
            codes.append(step.code if step else None)
    finally:
        await machine.stop()
    assert codes == ["", "disk-nearly-full", "disk-full"]
