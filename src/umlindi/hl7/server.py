"""An MLLP listener (asyncio): one block in, one block out, in order, per connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from umlindi.hl7.mllp import LONGEST, Framer, TooLong, frame

# Takes the content of one block; what it returns is sent back, None leaves the sender without an answer.
Answer = Callable[[bytes], Awaitable[bytes | None]]
_CHUNK = 65536


class MllpServer:
    """Listens while its `async with` block runs.

    `answer` is awaited before the next block of that connection is looked at, so order is kept; it must have made
    the message durable before it returns an acknowledgement (design, law 7). Its exceptions close that connection
    unanswered and are passed to the event loop's handler.
    """

    def __init__(
        self,
        answer: Answer,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        longest: int = LONGEST,
    ) -> None:
        self._answer = answer
        self._where = (host, port)
        self._tls = tls
        self._longest = longest
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        host, port = self._where
        self._server = await asyncio.start_server(self._talk, host, port, ssl=self._tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port listened on, also where 0 was asked for."""
        if self._server is None:
            raise RuntimeError("the listener has not been started")
        return int(self._server.sockets[0].getsockname()[1])

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        if talk is not None:
            self._talks.add(talk)
            talk.add_done_callback(self._talks.discard)
        try:
            with suppress(OSError, TooLong, asyncio.CancelledError):
                await self._blocks(reader, writer)
        finally:
            writer.close()

    async def _blocks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = Framer(self._longest)
        while data := await reader.read(_CHUNK):
            for content in framer.receive(data):
                reply = await self._answer(content)
                if reply is not None:
                    writer.write(frame(reply))
                    await writer.drain()
