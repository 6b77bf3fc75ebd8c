"""One request, one answer: whatever the peer does ends in an answer or a named fault, and no secret is shown."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.hosts.http import Credential, Site, Url
from umlindi.probes import Deadline, Fault
from umlindi.probes.transport import Address, Reached
from umlindi.testing import scripted

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\nhi"


def site(port: int, url: str = "http://peer/root/", credential: Credential | None = None) -> Site:
    return Site(Url.parse(url), Reached(Address("peer", "127.0.0.1", port)), credential)


@pytest.mark.parametrize(
    ("text", "shown", "target"),
    [
        ("http://pacs", "http://pacs:80/", "/"),
        ("https://pacs/dicom-web", "https://pacs:443/dicom-web", "/dicom-web"),
        ("http://u:geheim@pacs:8042/a/?q=1", "http://pacs:8042/a/", "/a/?q=1"),
        ("http://[::1]:8042/", "http://[::1]:8042/", "/"),
    ],
)
def test_a_url_is_shown_without_its_secrets(text: str, shown: str, target: str) -> None:
    url = Url.parse(text)
    assert str(url) == shown
    assert url.target("") == target


def test_a_path_is_put_below_the_urls_own() -> None:
    assert Url.parse("http://pacs/orthanc/").target("/system") == "/orthanc/system"
    assert Url.parse("http://pacs").target("/system") == "/system"


@pytest.mark.parametrize(
    "text", ["pacs", "ftp://pacs", "http://", "http://pacs:99999", "http://u:geheim@", "http://u:geheim", "http://[x"]
)
def test_what_is_no_url_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError) as refusal:
        Url.parse(text)
    assert "geheim" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "header"), [("u:p:w", "Basic dTpwOnc="), ("Bearer  abc", "Bearer abc"), ("bearer abc\n", "Bearer abc")]
)
def test_a_credential_is_read_and_never_shown(text: str, header: str) -> None:
    credential = Credential.parse(text)
    assert credential.header() == header
    assert "p:w" not in repr(credential)
    assert "abc" not in repr(credential)


@pytest.mark.parametrize("text", ["", "user", ":password", "Bearer"])
def test_half_a_credential_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="user:password"):
        Credential.parse(text)


async def test_the_request_says_who_asks_whom() -> None:
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async with scripted.listening(talk) as port:
        answer = await site(port, credential=Credential("u", "p")).get("/x?limit=1", Deadline(2), "application/json")
    assert (answer.status, answer.content_type, answer.body) == (200, "text/plain", b"hi")
    lines = heard.decode().split("\r\n")
    assert lines[0] == "GET /root/x?limit=1 HTTP/1.1"
    assert {"Host: peer:80", "Accept: application/json", "Authorization: Basic dTpw"} <= set(lines)


async def fault_of(talk: scripted.Talk, seconds: float = 0.6) -> Fault:
    began = time.perf_counter()
    async with scripted.listening(talk) as port:
        with pytest.raises(Fault) as caught:
            await site(port).get("/", Deadline(seconds))
    assert time.perf_counter() - began < seconds + 1.5
    return caught.value


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (scripted.silent, "TIMEOUT"),
        (scripted.closing, "CLOSED"),
        (scripted.saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi"), "CLOSED"),
        (scripted.saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "NOT-HTTP"),
        (scripted.saying(b"\x15\x03\x01\x00\x02\x02\x16"), "NOT-HTTP"),
        (scripted.trickling(OK[:-1]), "TIMEOUT"),
        (scripted.trickling(b"\x07\x00"), "NOT-HTTP"),
        (scripted.flooding(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000), "TOO-LARGE"),
        (scripted.flooding(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), "CLOSED"),
    ],
)
async def test_a_misbehaving_web_server_has_a_code(talk: scripted.Talk, code: str) -> None:
    assert (await fault_of(talk, 2.0 if code == "TOO-LARGE" else 0.6)).code == code


@given(data=st.binary(max_size=120))
def test_any_bytes_at_all_end_in_an_answer_or_a_fault(data: bytes) -> None:
    async def ask() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        async with scripted.listening(scripted.saying(data)) as port:
            try:
                await site(port).get("/", Deadline(2))
            except Fault as fault:
                assert fault.code in {"CLOSED", "NOT-HTTP", "ECONNRESET"}

    asyncio.run(ask())
