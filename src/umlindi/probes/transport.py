"""The rungs every networked probe begins with: resolve, TCP, TLS."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import statistics
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from umlindi.probes.deadline import Deadline
from umlindi.probes.errors import os_code, os_fault, tls_fault
from umlindi.probes.faults import Fault, Layer, Permanent
from umlindi.probes.ladder import Ladder

T = TypeVar("T")

CONNECT_AT_MOST = 5.0
HANDSHAKE_AT_MOST = 5.0
RESOLVE_AT_MOST = 5.0
_TOTAL_RETRANS = slice(100, 104)
"""Where `tcpi_total_retrans` lies in Linux's struct tcp_info (include/uapi/linux/tcp.h)."""
_GOODBYE_AT_MOST = 0.5
_SPEAKS_FIRST_AT_MOST = 0.5
_ANSWERS_HTTP_AT_MOST = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect. `others` are further addresses of the same name, tried where the first does not answer."""

    host: str
    ip: str
    port: int
    others: tuple[str, ...] = ()

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET


@dataclass(frozen=True, slots=True)
class Trust:
    """How a TLS peer is believed, and how we show ourselves. Paths are PEM files; `key` may lie in `certificate`."""

    ca_file: str | None = None
    verify: bool = True
    server_name: str | None = None
    certificate: str | None = None
    key: str | None = None

    def context(self) -> ssl.SSLContext:
        """A context of TLS 1.2 or later (BCP 195). Raises `Permanent` where a file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            files = " or ".join(filter(None, (self.ca_file, self.certificate, self.key)))
            raise Permanent(Layer.TLS, "certificate-file", f"{files} cannot be read as PEM") from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


VERIFIED = Trust()


def place(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets (RFC 3986 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def in_thread(call: Callable[[], T]) -> T:
    """Run a blocking call in a daemon thread of its own.

    Unlike asyncio's executor, nothing waits for it when a deadline abandons it: a dead name server or database
    driver must not hold up the end of the process.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(settle: Callable[[], None]) -> None:
        if not future.done():
            settle()

    def work() -> None:
        try:
            value = call()
        except Exception as error:  # noqa: BLE001 - handed over whole to the awaiting side
            _hand_over(loop, deliver, lambda error=error: future.set_exception(error))  # type: ignore[misc]
        else:
            _hand_over(loop, deliver, lambda: future.set_result(value))

    threading.Thread(target=work, daemon=True, name="umlindi-probe").start()
    return await future


def _hand_over(
    loop: asyncio.AbstractEventLoop, deliver: Callable[[Callable[[], None]], None], settle: Callable[[], None]
) -> None:
    """A loop that closed in the meantime (RuntimeError) has nobody left to tell."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(deliver, settle)


async def resolve(ladder: Ladder, host: str, port: int, deadline: Deadline) -> Address | None:
    """Step `resolve`: name to addresses, in the order the machine prefers. None where the step failed."""
    with ladder.step("resolve", Layer.TRANSPORT) as rung:
        ips = await _lookup(host, port, deadline)
        rung.says("", ips[0], addresses=ips)
        return Address(host, ips[0], port, tuple(ips[1:]))
    return None


async def _lookup(host: str, port: int, deadline: Deadline) -> list[str]:
    literal = host.strip("[]")
    if _is_literal(literal):
        return [literal]
    async with deadline.guard(Layer.TRANSPORT, f"looking up {host}", RESOLVE_AT_MOST):
        try:
            found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            raise os_fault(error, f"looking up {host}") from error
        except UnicodeError as error:
            raise Permanent(Layer.TRANSPORT, "EAI_NONAME", f"{host!r} is not a host name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def tcp(ladder: Ladder, address: Address, deadline: Deadline, samples: int = 3) -> Address | None:
    """Step `tcp`: connect and close a few times, one after another; None where the step failed.

    Evidence: `samples`, `lost` (connects that failed after one had succeeded), `retransmitted` (connects whose first
    SYN was lost and sent again), `min_ms`, `median_ms`, `max_ms`. `ms` of the step is the median. The
    address returned is the one that answered.
    """
    with ladder.step("tcp", Layer.TRANSPORT) as rung:
        answered, first = await _first_connect(address, deadline)
        more = [each for _ in range(samples - 1) if (each := await _another(answered, deadline)) is not None]
        times, late = [first.ms, *(each.ms for each in more)], sum(each.again for each in (first, *more))
        lost = samples - len(times)
        rung.ms = statistics.median(times)
        facts = {"ip": answered.ip, "samples": samples, "lost": lost, "retransmitted": late, **_spread(times)}
        if lost or late:
            rung.complains("LOSS", f"{lost + late} of {samples} connection requests were lost", **facts)
        else:
            rung.says("", f"median of {samples}", **facts)
        return answered
    return None


def _spread(times: list[float]) -> dict[str, float]:
    named = {"min_ms": min(times), "median_ms": statistics.median(times), "max_ms": max(times)}
    return {name: round(ms, 3) for name, ms in named.items()}


@dataclass(frozen=True, slots=True)
class Connect:
    """One connect: how long it took, and whether its SYN had to be sent again.

    The kernel says so; a slow connect alone may be a busy machine of our own.
    """

    ms: float
    again: bool


async def _first_connect(address: Address, deadline: Deadline) -> tuple[Address, Connect]:
    """Try every address of the name; the fault raised is that of the last."""
    candidates = (address.ip, *address.others)
    for ip in candidates[:-1]:
        candidate = replace(address, ip=ip, others=())
        try:
            return candidate, await _connect(candidate, deadline, CONNECT_AT_MOST / len(candidates))
        except Fault:
            continue
    last = replace(address, ip=candidates[-1], others=())
    return last, await _connect(last, deadline, CONNECT_AT_MOST)


async def _another(address: Address, deadline: Deadline) -> Connect | None:
    try:
        return await _connect(address, deadline, CONNECT_AT_MOST / 2)
    except Fault:
        return None


async def _connect(address: Address, deadline: Deadline, at_most: float) -> Connect:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    doing = f"connecting to {address.ip} port {address.port}"
    async with deadline.guard(Layer.TRANSPORT, doing, at_most):
        try:
            with socket.socket(address.family, socket.SOCK_STREAM) as plain:
                plain.setblocking(False)
                await loop.sock_connect(plain, (address.ip, address.port))
                return Connect((time.perf_counter() - began) * 1000, _sent_again(plain))
        except OSError as error:
            raise os_fault(error, doing) from error


def _sent_again(connected: socket.socket) -> bool:
    told = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TOTAL_RETRANS.stop)
    return any(told[_TOTAL_RETRANS])


@asynccontextmanager
async def connection(
    address: Address, deadline: Deadline, context: ssl.SSLContext | None = None, server_name: str | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """An open stream, TLS where a context is given; closed on the way out however the block ends."""
    doing = f"connecting to {address.ip} port {address.port}"
    name = _askable(server_name or address.host) if context else None
    bound = (Layer.TLS, "waiting for the TLS answer", HANDSHAKE_AT_MOST) if context else (Layer.TRANSPORT, doing)
    async with deadline.guard(*bound):
        try:
            reader, writer = await asyncio.open_connection(
                address.ip, address.port, ssl=context, server_hostname=name, family=address.family
            )
        except OSError as error:
            raise _connect_fault(error, doing, handshake=context is not None) from error
        except UnicodeError as error:
            # What Python's ssl makes of a subjectAltName that is no text.
            raise Permanent(Layer.TLS, "bad-certificate", "the certificate's names cannot be read") from error
    try:
        yield reader, writer
    finally:
        await _hang_up(writer)


def _askable(name: str) -> str:
    """A name as TLS can ask for it. asyncio would find out too late, and lose the socket."""
    try:
        name.encode("idna")
    except UnicodeError as error:
        meaning = f"no certificate can be for {name[:80]!r}: labels have 1 to 63 characters"
        raise Permanent(Layer.TLS, "hostname-mismatch", meaning) from error
    return name


def _connect_fault(error: OSError, doing: str, handshake: bool) -> Fault:
    """A peer that closes in mid-handshake is met by asyncio as a connection lost, without a TLS error."""
    if handshake and os_code(error) == "CLOSED":
        return tls_fault(ssl.SSLEOFError())
    return os_fault(error, doing)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close politely, but do not wait for a peer that will not say goodbye."""
    writer.close()
    try:
        async with asyncio.timeout(_GOODBYE_AT_MOST):
            await writer.wait_closed()
    except OSError:
        writer.transport.abort()


@asynccontextmanager
async def handshake(
    address: Address, deadline: Deadline, context: ssl.SSLContext, server_name: str | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """`connection` over TLS; a port that does not answer as TLS is told by what it speaks instead, asked once."""
    async with AsyncExitStack() as stack:
        try:
            streams = await stack.enter_async_context(connection(address, deadline, context, server_name))
        except Fault as fault:
            spoken = await _spoken(address, deadline) if fault.code in _NO_TLS_ANSWER and deadline.left() else ""
            if not spoken:
                raise
            meaning = f"the peer does not speak TLS on this port: this is {spoken}"
            raise Permanent(Layer.TLS, "NOT-TLS", meaning, **fault.evidence, looks_like=spoken) from fault
        yield streams


async def _spoken(address: Address, deadline: Deadline) -> str:
    """What a port says in plain text, unasked or to one HTTP request; empty where it says nothing or speaks TLS."""
    try:
        async with connection(address, deadline) as (reader, writer):
            first = await _first_bytes(reader, deadline, _SPEAKS_FIRST_AT_MOST)
            if not first:
                writer.write(b"GET / HTTP/1.0\r\n\r\n")
                first = await _first_bytes(reader, deadline, _ANSWERS_HTTP_AT_MOST)
    except Fault:
        return ""
    # A TLS server answers plain text with an alert, or in plain HTTP by naming what it expects.
    speaks_tls = first.startswith((b"\x15\x03", b"\x16\x03")) or b"HTTPS" in first or b"SSL-enabled" in first
    return "" if not first or speaks_tls else looks_like(first)


async def _first_bytes(reader: asyncio.StreamReader, deadline: Deadline, at_most: float) -> bytes:
    """What comes first, none where time ran out or the peer hung up."""
    try:
        async with asyncio.timeout(deadline.within(at_most)):
            return await reader.read(1024)
    except OSError:
        return b""


async def tls(
    ladder: Ladder, address: Address, context: ssl.SSLContext, deadline: Deadline, server_name: str | None = None
) -> bool:
    """Step `tls`: one handshake. Evidence: `version`, `cipher`, `not_after`. True where it succeeded."""
    return await _tls_step(ladder, address, lambda: context, deadline, server_name) is not None


async def _tls_step(
    ladder: Ladder,
    address: Address,
    make: Callable[[], ssl.SSLContext],
    deadline: Deadline,
    server_name: str | None,
) -> ssl.SSLContext | None:
    with ladder.step("tls", Layer.TLS) as rung:
        context = make()
        async with handshake(address, deadline, context, server_name) as (_, writer):
            shaken = writer.get_extra_info("ssl_object")
            cipher = shaken.cipher()
            told = {"version": shaken.version(), "cipher": cipher[0] if cipher else None, **_last_day(shaken)}
            rung.says("", shaken.version(), **told)
        return context
    return None


def _last_day(shaken: ssl.SSLObject) -> dict[str, str]:
    """`not_after` of the peer's certificate; an unverified one is not read by Python's ssl."""
    ends = (shaken.getpeercert() or {}).get("notAfter")
    if not isinstance(ends, str):
        return {}
    return {"not_after": datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC).isoformat()}


@dataclass(frozen=True, slots=True)
class Reached:
    """A peer that the transport rungs got through to, ready for `open`."""

    address: Address
    context: ssl.SSLContext | None = None
    server_name: str | None = None

    def open(
        self, deadline: Deadline
    ) -> AbstractAsyncContextManager[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        return connection(self.address, deadline, self.context, self.server_name)


async def reach(
    ladder: Ladder, host: str, port: int, deadline: Deadline, *, trust: Trust | None = None, samples: int = 3
) -> Reached | None:
    """Steps `resolve`, `tcp` and, where `trust` is given, `tls`; those above a failed one are skipped because of it."""
    rungs = [("resolve", Layer.TRANSPORT), ("tcp", Layer.TRANSPORT), *([("tls", Layer.TLS)] if trust else [])]
    found = await resolve(ladder, host, port, deadline)
    address = await tcp(ladder, found, deadline, samples) if found else None
    if address is None:
        skip_all(ladder, rungs[1 if found is None else 2 :])
        return None
    if trust is None:
        return Reached(address)
    context = await _tls_step(ladder, address, trust.context, deadline, trust.server_name)
    return Reached(address, context, trust.server_name) if context else None


def skip_all(ladder: Ladder, rungs: Iterable[tuple[str, Layer]]) -> None:
    """Skip what stands on the step that failed first."""
    for name, layer in rungs:
        ladder.skip(name, layer, f"{ladder.broken} failed")


# Codes of a handshake after which it is worth asking what else the port speaks.
_NO_TLS_ANSWER = frozenset({"TIMEOUT", "NOT-TLS"})
# First bytes by which a protocol is known, longest first where they overlap.
_SIGNATURES = (
    (b"HTTP/", "HTTP"),
    (b"<!DOCTYPE", "a web page"),
    (b"SSH-", "SSH"),
    (b"220 ", "FTP or SMTP"),
    (b"\x16\x03", "TLS"),
    (b"\x15\x03", "TLS (an alert)"),
    (b"\x07\x00\x00\x00\x00\x04", "DICOM (A-ABORT)"),
    (b"\x03\x00\x00\x00\x00\x04", "DICOM (A-ASSOCIATE-RJ)"),
    (b"\x0b", "MLLP"),
    (b"MSH", "HL7 without MLLP framing"),
    (b"ERR ", "NUT"),
)


def looks_like(data: bytes) -> str:
    """Which protocol a peer's first bytes belong to, in words; never the bytes themselves, which may name a patient."""
    known = next((name for start, name in _SIGNATURES if data.startswith(start)), None)
    if known:
        return known
    return "some other text protocol" if data.isascii() and data.decode("ascii").isprintable() else "binary data"
