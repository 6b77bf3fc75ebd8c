"""A time server: answers NTP requests (RFC 5905 §7.3) from this machine's clock, or from one gone wrong."""

from __future__ import annotations

import asyncio
import os
import struct
import time
from typing import cast

SKEW_SECONDS = 440.0
_UNIX_IN_NTP = 2_208_988_800
_SHORTEST = 48
_SERVER_MODE = 4
_STRATUM = 2


class Clock:
    """A UDP responder on loopback. `clock-skew` puts it more than seven minutes ahead; `listener-down` ends it."""

    real = False

    def __init__(self, system: str, port: int) -> None:
        self.system = system
        self.name = "time server (NTP peer of our own)"
        self.port = port
        self._transport: asyncio.DatagramTransport | None = None
        self._protocol = _Responder()

    @property
    def pid(self) -> int | None:
        return os.getpid() if self._transport else None

    async def apply(self, faults: frozenset[str]) -> None:
        """Take the faults that are to be in force from now on."""
        self._protocol.ahead = SKEW_SECONDS if "clock-skew" in faults else 0.0
        if "listener-down" in faults:
            await self.stop()
        elif self._transport is None:
            loop = asyncio.get_running_loop()
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: self._protocol, local_addr=("127.0.0.1", self.port)
            )

    async def stop(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None


class _Responder(asyncio.DatagramProtocol):
    ahead = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Python 3.11's datagram transport is no asyncio.DatagramTransport by inheritance.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        if len(data) >= _SHORTEST:
            self._transport.sendto(reply(data, time.time() + self.ahead), addr)


def reply(request: bytes, now: float) -> bytes:
    """A server's answer at a moment (Unix seconds): the client's transmit time comes back as the origin."""
    version = request[0] >> 3 & 7
    stamp = _stamp(now)
    head = struct.pack("!BBbbII4s", version << 3 | _SERVER_MODE, _STRATUM, request[2], -20, 0x40, 0x40, b"GPS\0")
    return head + _stamp(now - 30) + request[40:48] + stamp + stamp


def _stamp(moment: float) -> bytes:
    seconds = moment + _UNIX_IN_NTP
    return struct.pack("!II", int(seconds) & 0xFFFFFFFF, int(seconds % 1 * 2**32))
