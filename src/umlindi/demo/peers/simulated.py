"""What every simulated peer has: it listens in the demo's own process, and can be down or silent."""

from __future__ import annotations

import asyncio
import os
import ssl
from contextlib import suppress

LOOPBACK = "127.0.0.1"
DOWN = frozenset({"listener-down", "mpps-down", "worklist-down"})
_CHUNK = 65536


class Listener:
    """A TCP listener of ours on loopback. Subclasses answer in `talk` and read `faults`.

    A fault of `DOWN` closes the socket; `silent-host` accepts and reads and never answers.
    """

    real = False

    def __init__(self, system: str, name: str, port: int) -> None:
        self.system = system
        self.name = name
        self.port = port
        self.faults: frozenset[str] = frozenset()
        self.tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        return os.getpid() if self._server else None

    async def apply(self, faults: frozenset[str]) -> None:
        """Take the faults that are to be in force from now on."""
        self.faults = faults
        if faults & DOWN:
            await self.stop()
        elif self._server is None:
            self._server = await asyncio.start_server(self._answer, LOOPBACK, self.port, ssl=self.tls)

    async def stop(self) -> None:
        """Close the listener and hang up on whoever is connected."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection; it is closed afterwards."""
        raise NotImplementedError

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await (self._swallow(reader) if "silent-host" in self.faults else self.talk(reader, writer))
        finally:
            writer.close()

    async def _swallow(self, reader: asyncio.StreamReader) -> None:
        while await reader.read(_CHUNK):
            pass


class Relay(Listener):
    """Passes bytes on to another loopback port, as slowly as `slow_rate` (bytes a second) under `slow-retrieval`."""

    def __init__(self, system: str, name: str, port: int, to_port: int, slow_rate: int = 110_000) -> None:
        super().__init__(system, name, port)
        self._to_port = to_port
        self._slow_rate = slow_rate

    async def apply(self, faults: frozenset[str]) -> None:
        """The archive's own being down or silent is not the link's."""
        await super().apply(faults & {"slow-retrieval"})

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pump both ways until both sides have said all."""
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._to_port)
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            far_writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            if "slow-retrieval" in self.faults:
                await asyncio.sleep(len(data) / self._slow_rate)
            writer.write(data)
            await writer.drain()
        with suppress(OSError, NotImplementedError):
            writer.write_eof()
