"""The TLS probe tells chain, name, expiry and versions apart, each whatever the others say."""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.hosts.tls import TlsTarget, covers, probe
from umlindi.probes import Deadline, Grade, ProbeResult, Severity, State, transport
from umlindi.testing import scripted
from umlindi.testing.certificates import Authority, server_context
from umlindi.testing.steps import codes, step_of


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def probed(context: ssl.SSLContext, seconds: float = 5, **given: object) -> ProbeResult:
    async with scripted.listening(scripted.closing, context) as port:
        return await probe(TlsTarget("127.0.0.1", port, samples=1, **given), Deadline(seconds))  # type: ignore[arg-type]


async def test_a_good_listener_is_ok(authority: Authority) -> None:
    result = await probed(server_context(authority.issue()), ca_file=authority.ca_file)
    assert result.grade is Grade.OK
    assert step_of(result, "versions").evidence == {
        "accepted": ["TLSv1.2", "TLSv1.3"],
        "refused": ["TLSv1.0", "TLSv1.1"],
        "unknown": [],
    }


async def test_expiry_is_read_from_a_chain_that_nobody_trusts(authority: Authority) -> None:
    result = await probed(server_context(authority.issue(ends=10.5)))
    assert step_of(result, "chain").code == "unknown-ca"
    expiry = step_of(result, "expiry")
    assert (expiry.code, expiry.severity, expiry.evidence["days_left"]) == ("expires-soon", Severity.DEGRADED, 10)
    assert datetime.fromisoformat(expiry.evidence["not_after"]).tzinfo is not None


async def test_an_expired_certificate_does_not_make_its_chain_look_untrusted(authority: Authority) -> None:
    result = await probed(server_context(authority.issue(starts=-30, ends=-2.5)), ca_file=authority.ca_file)
    assert codes(result)["chain"] == "ok"
    expiry = step_of(result, "expiry")
    assert (result.grade, expiry.code, expiry.evidence["days_left"]) == (Grade.FAILED, "certificate-expired", -3)


@pytest.mark.parametrize(("days", "code"), [(29.5, "expires-soon"), (30.5, "ok"), (0.5, "expires-soon")])
async def test_the_warning_begins_at_its_days(authority: Authority, days: float, code: str) -> None:
    result = await probed(server_context(authority.issue(ends=days)), ca_file=authority.ca_file, warn_days=30)
    assert codes(result)["expiry"] == code


async def test_a_certificate_of_tomorrow_and_another_name_fail_each_on_its_own(authority: Authority) -> None:
    result = await probed(server_context(authority.issue(["pacs.example"], starts=1)), ca_file=authority.ca_file)
    said = codes(result)
    assert (said["chain"], said["name"], said["expiry"]) == ("ok", "hostname-mismatch", "certificate-not-yet-valid")
    assert step_of(result, "name").evidence == {"expected": "127.0.0.1", "names": ["pacs.example"]}


async def test_the_name_asked_for_may_differ_from_the_host(authority: Authority) -> None:
    context = server_context(authority.issue(["*.hospital.example"]))
    result = await probed(context, ca_file=authority.ca_file, server_name="pacs.hospital.example")
    assert result.grade is Grade.OK


async def test_a_retired_version_is_a_complaint(authority: Authority) -> None:
    context = server_context(authority.issue())
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    result = await probed(context, ca_file=authority.ca_file)
    versions = step_of(result, "versions")
    assert (result.grade, versions.code) == (Grade.DEGRADED, "old-protocol")
    assert versions.evidence["accepted"] == ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


async def test_a_listener_of_retired_versions_only_is_still_read(authority: Authority) -> None:
    context = server_context(authority.issue(ends=5))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    said = codes(await probed(context, ca_file=authority.ca_file))
    assert (said["chain"], said["expiry"], said["versions"]) == ("ok", "expires-soon", "old-protocol")


@pytest.mark.parametrize(
    ("talk", "code"), [(scripted.silent, "TIMEOUT"), (scripted.saying(b"SSH-2.0-x\r\n"), "NOT-TLS")]
)
async def test_without_a_handshake_nothing_above_is_judged(talk: scripted.Talk, code: str) -> None:
    async with scripted.listening(talk) as port:
        result = await probe(TlsTarget("127.0.0.1", port, samples=1), Deadline(0.5))
    assert step_of(result, "handshake").code == code
    assert {step_of(result, name).state for name in ("chain", "name", "expiry", "versions")} == {State.SKIPPED}


LABEL = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)


@given(labels=st.lists(LABEL, min_size=2, max_size=4), other=LABEL)
def test_a_wildcard_stands_for_one_whole_label(labels: list[str], other: str) -> None:
    domain = ".".join(labels)
    assert covers(f"*.{domain}", f"{other}.{domain}".upper())
    assert not covers(f"*.{domain}", domain)
    assert not covers(f"*.{domain}", f"{other}.{other}.{domain}")
    assert not covers(f"*.{other}", f"{labels[0]}.{other}")
    assert covers(domain, f"{domain}.")


def test_addresses_are_compared_as_addresses() -> None:
    assert covers("::1", "[0:0::1]")
    assert not covers("*.0.0.1", "127.0.0.1")


@pytest.mark.parametrize(
    "names",
    [b"\x30\x04\x82\x02\xff\xfe", b"\x30\x05\x87\x03abc", b"\x30\x02\xa3\x00"],
    ids=["no ASCII", "no address", "an X.400 address"],
)
async def test_names_that_cannot_be_read_are_the_certificates_fault(authority: Authority, names: bytes) -> None:
    result = await probed(server_context(authority.issue(names)), ca_file=authority.ca_file)
    assert step_of(result, "name").code == "bad-certificate"
    assert step_of(result, "expiry").state is State.OK


@pytest.mark.parametrize("name", [".example", "é" * 70, "x" * 300])
async def test_a_name_that_no_certificate_can_have_is_a_fault(authority: Authority, name: str) -> None:
    result = await probed(server_context(authority.issue()), ca_file=authority.ca_file, server_name=name)
    assert step_of(result, "handshake").state is State.FAILED


async def waiting_for_a_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A plain web server: silent until the end of a request."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-x\r\n")
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(("talk", "spoken"), [(waiting_for_a_line, "HTTP"), (greeting, "SSH")])
async def test_a_port_without_tls_is_told_by_what_it_speaks_long_before_the_deadline(
    talk: scripted.Talk, spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_AT_MOST", 0.3)
    began = time.perf_counter()
    async with scripted.listening(talk) as port:
        result = await probe(TlsTarget("127.0.0.1", port, samples=1), Deadline(20))
    handshake = step_of(result, "handshake")
    assert (handshake.code, handshake.evidence["looks_like"]) == ("NOT-TLS", spoken)
    assert handshake.meaning.endswith(f"this is {spoken}")
    assert time.perf_counter() - began < 5


async def test_a_silent_port_says_what_was_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HANDSHAKE_AT_MOST", 0.3)
    async with scripted.listening(scripted.silent) as port:
        result = await probe(TlsTarget("127.0.0.1", port, samples=1), Deadline(20))
    handshake = step_of(result, "handshake")
    assert (handshake.code, "while waiting for the TLS answer" in handshake.meaning) == ("TIMEOUT", True)
