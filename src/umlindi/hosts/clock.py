"""Probing a clock by SNTP (RFC 4330, RFC 5905): how far a time server and this machine are apart."""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from dataclasses import dataclass
from typing import cast

from umlindi.probes import Deadline, Ladder, Layer, Permanent, ProbeResult, Retriable
from umlindi.probes.errors import os_fault
from umlindi.probes.transport import Address, place, resolve, skip_all

_PACKET = struct.Struct("!BBbb11I")
# Seconds between the NTP era (1900) and the Unix epoch, and the length of an era (RFC 5905 §6).
_UNIX_EPOCH = 2_208_988_800
_ERA = 2**32
_CLIENT_V4 = 0x23
_SAMPLE_AT_MOST = 2.0
# IHE Consistent Time (ITI-1): one second. Kerberos and most token checks give up at five minutes.
DEGRADED_ABOVE = 1.0
FAILED_ABOVE = 300.0
_UPPER = [("ntp", Layer.APPLICATION), ("offset", Layer.HOST)]


@dataclass(frozen=True, slots=True)
class TimeTarget:
    """An NTP server. `samples` are asked one after another; the one with the shortest delay is believed."""

    host: str
    port: int = 123
    samples: int = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange. `offset` is the server's clock minus ours, `delay` the round trip; both in seconds."""

    offset: float
    delay: float
    stratum: int
    synchronised: bool


async def probe(target: TimeTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, ntp (does it answer, is it itself synchronised), offset."""
    ladder = Ladder("time", place(target.host, target.port))
    address = await resolve(ladder, target.host, target.port, deadline)
    best = await _ntp(ladder, address, target.samples, deadline) if address else None
    if best is None:
        skip_all(ladder, _UPPER[1 if address else 0 :])
    else:
        _offset(ladder, best)
    return ladder.result()


async def _ntp(ladder: Ladder, address: Address, samples: int, deadline: Deadline) -> Sample | None:
    with ladder.step("ntp", Layer.APPLICATION) as rung:
        taken = [await _first(address, deadline)]
        taken += [sample for _ in range(samples - 1) if (sample := await _another(address, deadline))]
        best = min(taken, key=lambda sample: sample.delay)
        rung.ms = best.delay * 1000
        facts = {"samples": samples, "lost": samples - len(taken), "stratum": best.stratum}
        if best.synchronised:
            rung.says("", f"stratum {best.stratum}", **facts)
        else:
            rung.complains("unsynchronised", "the server says that its own clock is not synchronised", **facts)
        return best
    return None


def _offset(ladder: Ladder, best: Sample) -> None:
    """Evidence: `offset_s` (the server's clock minus this machine's) and `delay_s`."""
    evidence = {"offset_s": round(best.offset, 6), "delay_s": round(best.delay, 6)}
    apart = abs(best.offset)
    meaning = f"the clocks are {apart:.3f} s apart; the server is {'ahead' if best.offset > 0 else 'behind'}"
    with ladder.step("offset", Layer.HOST) as rung:
        rung.ms = best.delay * 1000
        if apart > FAILED_ABOVE:
            raise Permanent(Layer.HOST, "clock-skew", meaning, **evidence)
        if apart > DEGRADED_ABOVE:
            rung.complains("clock-skew", f"{meaning}; IHE Consistent Time permits 1 s", **evidence)
        else:
            rung.says("", meaning, **evidence)


async def _first(address: Address, deadline: Deadline) -> Sample:
    """The first sample decides whether there is an NTP server at all; a lost datagram gets a second chance."""
    return await _another(address, deadline) or await _sample(address, deadline)


async def _another(address: Address, deadline: Deadline) -> Sample | None:
    try:
        return await _sample(address, deadline)
    except Retriable as lost:
        if lost.code == "TIMEOUT":
            return None
        raise


async def _sample(address: Address, deadline: Deadline) -> Sample:
    loop = asyncio.get_running_loop()
    doing = f"asking {address.ip} port {address.port} for the time"
    async with deadline.guard(Layer.TRANSPORT, doing, _SAMPLE_AT_MOST):
        try:
            transport, exchange = await loop.create_datagram_endpoint(
                _Exchange, remote_addr=(address.ip, address.port), family=address.family
            )
            try:
                return await exchange.sample
            finally:
                transport.close()
        except OSError as error:
            raise os_fault(error, doing) from error


class _Exchange(asyncio.DatagramProtocol):
    """Sends one request when the socket opens and settles `sample` with the answer that belongs to it.

    The transmit time sent is random: the server echoes it, and so an answer that was not asked for, or is made up off
    the path, is recognised and ignored.
    """

    def __init__(self) -> None:
        self.sample: asyncio.Future[Sample] = asyncio.get_running_loop().create_future()
        self._nonce = secrets.randbits(64)
        self._sent = 0.0
        self._sent_ticks = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._sent, self._sent_ticks = time.time(), time.perf_counter()
        request = _PACKET.pack(_CLIENT_V4, 0, 0, 0, *[0] * 9, self._nonce >> 32, self._nonce & 0xFFFFFFFF)
        # Python 3.11's datagram transport is no asyncio.DatagramTransport by inheritance.
        cast("asyncio.DatagramTransport", transport).sendto(request)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        elapsed = time.perf_counter() - self._sent_ticks
        if self.sample.done():
            return
        if len(data) < _PACKET.size:
            self._fail(Permanent(Layer.APPLICATION, "NOT-NTP", "the answer is too short for NTP", bytes=len(data)))
            return
        fields = _PACKET.unpack(data[: _PACKET.size])
        if (fields[9] << 32 | fields[10]) != self._nonce:
            return
        self._read(fields, elapsed)

    def _read(self, fields: tuple[int, ...], elapsed: float) -> None:
        leap, mode, stratum = fields[0] >> 6, fields[0] & 7, fields[1]
        if mode != 4:
            self._fail(Permanent(Layer.APPLICATION, "NOT-NTP", f"the answer has NTP mode {mode}, not 4 (server)"))
            return
        if stratum == 0:
            code = fields[6].to_bytes(4, "big").decode("ascii", "replace").strip("\0")
            self._fail(Retriable(Layer.APPLICATION, f"KoD {code}", "the server asks us to stop (kiss-o'-death)"))
            return
        received, sent = (_unix(fields[at], fields[at + 1], self._sent) for at in (11, 13))
        delay = max(0.0, elapsed - (sent - received))
        offset = ((received - self._sent) + (sent - (self._sent + elapsed))) / 2
        self.sample.set_result(Sample(offset, delay, stratum, leap != 3 and stratum < 16))

    def _fail(self, fault: Permanent | Retriable) -> None:
        self.sample.set_exception(fault)

    def error_received(self, exc: Exception) -> None:
        """ICMP told that nobody listens, or that there is no way."""
        if not self.sample.done():
            self.sample.set_exception(exc)


def _unix(seconds: int, fraction: int, near: float) -> float:
    """An NTP time stamp as Unix time, in the era nearest to our own clock (the first ends on 2036-02-07)."""
    within = seconds - _UNIX_EPOCH + fraction / 2**32
    return within + _ERA * round((near - within) / _ERA)
