"""The first rungs: every way of not getting through has its own code, and nothing waits beyond the deadline."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from umlindi.probes import Deadline, Ladder, Permanent, ProbeResult, Retriable, State
from umlindi.probes.errors import os_code, os_fault
from umlindi.probes.transport import Address, Reached, Trust, in_thread, looks_like, reach, resolve, tcp
from umlindi.testing import scripted
from umlindi.testing.certificates import Authority, server_context
from umlindi.testing.steps import step_of


async def climbed(host: str, port: int, seconds: float = 3, **given: Any) -> tuple[Reached | None, ProbeResult]:
    ladder = Ladder("test", host)
    peer = await reach(ladder, host, port, Deadline(seconds), **given)
    return peer, ladder.result()


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_errno_has_its_name(number: int) -> None:
    assert os_code(OSError(number, "x")) == errno.errorcode[number]


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (socket.gaierror(socket.EAI_NONAME, "x"), "EAI_NONAME", Permanent),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "EAI_AGAIN", Retriable),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "ECONNREFUSED", Retriable),
        (TimeoutError(), "TIMEOUT", Retriable),
        (ConnectionResetError("lost"), "CLOSED", Retriable),
        (ssl.SSLEOFError(8, "x"), "CLOSED", Retriable),
    ],
)
def test_an_error_says_whether_to_try_again(error: OSError, code: str, kind: type) -> None:
    fault = os_fault(error, "testing")
    assert (fault.code, type(fault)) == (code, kind)


async def test_a_name_that_is_none_fails_at_resolve_and_skips_the_rest() -> None:
    peer, result = await climbed("nosuchhost.invalid", 104, trust=Trust())
    assert peer is None
    assert step_of(result, "resolve").code in {"EAI_NONAME", "EAI_AGAIN"}
    assert [step_of(result, name).meaning for name in ("tcp", "tls")] == ["resolve failed"] * 2


@pytest.mark.parametrize("host", ["a" * 70, "a..b", "-"])
async def test_an_impossible_name_is_a_result_and_no_crash(host: str) -> None:
    _, result = await climbed(host, 104)
    assert step_of(result, "resolve").state is State.FAILED


async def test_several_samples_are_told_with_their_spread() -> None:
    async with scripted.listening(scripted.silent) as port:
        peer, result = await climbed("localhost", port, samples=5)
    step = step_of(result, "tcp")
    evidence = step.evidence
    assert peer is not None
    assert peer.address.ip in {"127.0.0.1", "::1"}
    assert (evidence["samples"], evidence["lost"]) == (5, 0)
    assert evidence["min_ms"] <= evidence["median_ms"] <= evidence["max_ms"]
    assert step.ms == pytest.approx(evidence["median_ms"], abs=0.01)


async def test_a_second_address_is_tried_where_the_first_refuses() -> None:
    async with scripted.listening(scripted.silent) as port:
        ladder = Ladder("test", "x")
        answered = await tcp(ladder, Address("x", "::1", port, ("127.0.0.1",)), Deadline(3))
    assert answered is not None
    assert answered.ip == "127.0.0.1"


@pytest.fixture
def full_port() -> Iterator[int]:
    """A listener that accepts nobody and whose queue is full: connecting to it is met with silence."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(8):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield listener.getsockname()[1]
        for client in waiting:
            client.close()


async def test_a_host_that_drops_packets_is_a_timeout_within_the_deadline(full_port: int) -> None:
    began = time.perf_counter()
    _, result = await climbed("127.0.0.1", full_port, seconds=0.4)
    assert step_of(result, "tcp").code == "TIMEOUT"
    assert time.perf_counter() - began < 1.5


async def test_tls_failures_have_their_own_codes(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good = Trust(ca_file=authority.ca_file)

    async def code(pem: str, trust: Trust) -> str:
        async with scripted.listening(scripted.closing, server_context(pem)) as port:
            _, result = await climbed("127.0.0.1", port, trust=trust)
        return step_of(result, "tls").code

    assert await code(authority.issue(), good) == ""
    assert await code(authority.issue(), Trust()) == "unknown-ca"
    assert await code(authority.issue(), Trust(verify=False)) == ""
    assert await code(authority.issue(ends=-0.5), good) == "certificate-expired"
    assert await code(authority.issue(starts=1), good) == "certificate-not-yet-valid"
    assert await code(authority.issue(["pacs.example"]), good) == "hostname-mismatch"
    assert await code(authority.issue(["pacs.example"]), Trust(authority.ca_file, server_name="pacs.example")) == ""


@pytest.mark.parametrize(
    ("talk", "codes"),
    [
        (scripted.closing, {"CLOSED"}),
        (scripted.slamming, {"CLOSED", "ECONNRESET"}),
        (scripted.saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), {"NOT-TLS"}),
        (scripted.silent, {"TIMEOUT"}),
        (scripted.trickling(b"\x16\x03\x03\x40\x00"), {"TIMEOUT"}),
    ],
)
async def test_a_peer_without_tls_is_told_from_one_that_is_silent(talk: scripted.Talk, codes: set[str]) -> None:
    async with scripted.listening(talk) as port:
        _, result = await climbed("127.0.0.1", port, seconds=0.5, trust=Trust())
    assert step_of(result, "tls").code in codes


async def test_a_ca_file_that_is_none_is_a_failed_step(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nonsense")
    async with scripted.listening(scripted.silent) as port:
        _, result = await climbed("127.0.0.1", port, trust=Trust(ca_file=str(tmp_path / "ca.pem")))
    assert step_of(result, "tls").code == "certificate-file"


async def test_a_blocking_call_does_not_outlive_the_deadline_for_its_caller() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await in_thread(release.wait)
    release.set()
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(KeyError):
        await in_thread(lambda: os.environ["NO_SUCH_VARIABLE_HERE"])


async def test_a_slow_name_server_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(5) and [])
    ladder = Ladder("test", "x")
    began = time.perf_counter()
    assert await resolve(ladder, "slow.example", 104, Deadline(0.2)) is None
    release.set()
    assert step_of(ladder.result(), "resolve").code == "TIMEOUT"
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"HTTP/1.1 200", "HTTP"),
        (b"SSH-2.0-OpenSSH", "SSH"),
        (b"\x15\x03\x01\x00", "TLS (an alert)"),
        (b"MSH|^~", "HL7 without MLLP framing"),
        (b"hello", "some other text protocol"),
        (b"\x00\xff", "binary data"),
    ],
)
def test_a_protocol_is_known_by_its_first_bytes_and_never_quoted(data: bytes, kind: type | str) -> None:
    assert looks_like(data) == kind
