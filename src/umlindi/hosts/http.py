"""One HTTP/1.1 request over a connection of our own, so that every fault keeps its layer and the deadline holds.

No proxy, no redirect, no cookie: a probe asks the peer it was told to ask.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import SplitResult, quote, unquote, urlsplit

import h11

from umlindi import __version__
from umlindi.probes import Deadline, Fault, Ladder, Layer, Permanent, Retriable
from umlindi.probes.errors import os_fault
from umlindi.probes.transport import Reached, Trust, looks_like, place, reach

LARGEST_BODY = 8 * 1024 * 1024
_CHUNK = 65536
_PORTS = {"http": 80, "https": 443}
_FIRST_KEPT = 64
_STATUS_MEANINGS = {
    400: "the peer does not understand the request",
    401: "the credential is missing or wrong",
    403: "the credential is known but not permitted to do this",
    404: "nothing is served at that path",
    406: "the peer cannot answer in the format asked for",
    407: "a proxy asks for a credential",
    429: "the peer limits the rate of requests",
    500: "the application met an error of its own",
    502: "the proxy cannot reach the application behind it",
    503: "the application is not ready or overloaded",
    504: "the application behind the proxy does not answer in time",
    507: "the peer's storage is full",
}
_RETRIABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 507})


@dataclass(frozen=True, slots=True)
class Credential:
    """A user with a password, or a bearer token. Neither password nor token is part of its text form."""

    user: str = ""
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Credential:
        """From `user:password` or `Bearer TOKEN`. Raises ValueError where it is neither."""
        kind, _, token = text.strip().partition(" ")
        if kind.lower() == "bearer" and token:
            return cls(bearer=token.strip())
        user, colon, password = text.strip().partition(":")
        if not colon or not user:
            raise ValueError("a credential is written user:password or Bearer TOKEN")
        return cls(user, password)

    def header(self) -> str:
        if self.bearer:
            return f"Bearer {self.bearer}"
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Url:
    """An http(s) URL taken apart. Path and query are kept as written."""

    tls: bool
    host: str
    port: int
    path: str
    query: str
    credential: Credential | None

    @classmethod
    def parse(cls, text: str) -> Url:
        """Raises ValueError, without repeating a password that stands in the text."""
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise ValueError("the URL cannot be read: its host or port is malformed") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("a URL begins with http:// or https:// and names a host")
        port = _PORTS[parts.scheme] if port is None else port
        return cls(parts.scheme == "https", parts.hostname, port, parts.path, parts.query, _userinfo(parts))

    def target(self, below: str) -> str:
        """What follows GET: a path below this URL's own, or the URL itself where `below` is empty."""
        whole = (
            f"{self.path.rstrip('/')}{below}" if below else f"{self.path or '/'}{'?' * bool(self.query)}{self.query}"
        )
        return quote(whole, safe="/?&=:;,%+*@!$'()~-._")

    @property
    def authority(self) -> str:
        return place(self.host, self.port)

    def __str__(self) -> str:
        """Without credential and query: both may be secret, and this is shown and stored."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.path or '/'}"


def _userinfo(parts: SplitResult) -> Credential | None:
    if not parts.username:
        return None
    return Credential(unquote(parts.username), unquote(parts.password or ""))


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Header names are in lower case. `body` may hold patient data: read it, never keep it."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Site:
    """A web server that was reached, and who we are to it."""

    url: Url
    peer: Reached
    credential: Credential | None = None

    async def get(self, path: str, deadline: Deadline, accept: str = "*/*", *, anonymous: bool = False) -> Answer:
        """GET a path below the URL's own; the URL itself where it is empty.

        Any status is an answer. Raises a fault where no whole answer comes.
        """
        credential = None if anonymous else self.credential
        request = _request(self.url, path, accept, credential)
        reply = _Reply()
        try:
            async with (
                deadline.guard(Layer.APPLICATION, "waiting for the web server"),
                self.peer.open(deadline) as pair,
            ):
                return await reply.read(*pair, request)
        except OSError as error:
            raise os_fault(error, "waiting for the web server") from error
        except Retriable as late:
            raise reply.explained(late) from late

    async def expect(self, path: str, deadline: Deadline, accept: str = "*/*", *, status: int = 200) -> Answer:
        """GET that must end in one status. Raises the status as a fault otherwise."""
        answer = await self.get(path, deadline, accept)
        if answer.status != status:
            raise status_fault(answer.status)
        return answer


async def reach_site(
    ladder: Ladder, url: Url, deadline: Deadline, *, trust: Trust, credential: Credential | None, samples: int = 3
) -> Site | None:
    """The transport rungs to a URL; None where one of them failed."""
    peer = await reach(ladder, url.host, url.port, deadline, trust=trust if url.tls else None, samples=samples)
    return Site(url, peer, credential or url.credential) if peer else None


def status_fault(status: int) -> Fault:
    """A status nobody expected, as `HTTP 401`."""
    kind = Retriable if status in _RETRIABLE_STATUS else Permanent
    return kind(Layer.APPLICATION, f"HTTP {status}", status_meaning(status), status=status)


def status_meaning(status: int) -> str:
    if status in _STATUS_MEANINGS:
        return _STATUS_MEANINGS[status]
    known = next((known.phrase for known in HTTPStatus if known == status), "no status of RFC 9110")
    return known.lower()


def _request(url: Url, path: str, accept: str, credential: Credential | None) -> h11.Request:
    headers = [
        ("Host", url.authority),
        ("User-Agent", f"Umlindi/{__version__}"),
        ("Accept", accept),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    if credential:
        headers.append(("Authorization", credential.header()))
    return h11.Request(method="GET", target=url.target(path), headers=headers)


class _Reply:
    """Reads one answer and remembers enough to say what a peer did that gave none."""

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_CHUNK)
        self._first = b""
        self._received = 0
        self._body = bytearray()

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request) -> Answer:
        writer.write((self._h11.send(request) or b"") + (self._h11.send(h11.EndOfMessage()) or b""))
        await writer.drain()
        try:
            return await self._answer(reader)
        except h11.RemoteProtocolError as error:
            raise self._nonsense() from error

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        head: h11.Response | None = None
        while True:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                await self._more(reader)
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                self._keep(event.data)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in head.headers}
                return Answer(head.status_code, headers, bytes(self._body))

    async def _more(self, reader: asyncio.StreamReader) -> None:
        data = await reader.read(_CHUNK)
        self._received += len(data)
        self._first = self._first or data[:_FIRST_KEPT]
        self._h11.receive_data(data)

    def _keep(self, data: bytes | bytearray) -> None:
        self._body += data
        if len(self._body) > LARGEST_BODY:
            meaning = f"the answer is larger than {LARGEST_BODY} bytes"
            raise Permanent(Layer.APPLICATION, "TOO-LARGE", meaning, bound=LARGEST_BODY)

    def _nonsense(self) -> Fault:
        if not self._received:
            return Retriable(Layer.APPLICATION, "CLOSED", "the peer closed the connection without answering")
        if self._first.startswith(b"HTTP/"):
            return Retriable(Layer.APPLICATION, "CLOSED", "the peer broke off within its answer")
        kind = looks_like(self._first)
        return Permanent(Layer.APPLICATION, "NOT-HTTP", f"the answer is not HTTP but {kind}", looks_like=kind)

    def explained(self, late: Retriable) -> Fault:
        """A time-out told by what did arrive."""
        if late.code != "TIMEOUT" or not self._received:
            return late
        if not self._first.startswith(b"HTTP/"[: len(self._first)]):
            return self._nonsense()
        meaning = f"the answer began ({self._received} bytes) but never ended"
        return Retriable(Layer.APPLICATION, "TIMEOUT", meaning, received=self._received, **late.evidence)
