"""One association on one asyncio transport: feeds the state machine and hands out its events in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from umlindi.dicom.dimse.command import Command
from umlindi.dicom.upper import (
    Aborted,
    Acceptor,
    Closed,
    Event,
    Garbage,
    Message,
    Rejected,
    ReleaseRequested,
    Requestor,
    State,
    Violation,
    abort_meaning,
    reject_meaning,
)
from umlindi.probes.errors import os_fault
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable

# Reading pauses while this many events wait, so that a fast peer cannot fill our memory.
MOST_WAITING = 64
GOODBYE_AT_MOST = 2.0


class Wire(asyncio.Protocol):
    """The driver's half of an association. asyncio sets TCP_NODELAY on every TCP transport it makes."""

    def __init__(self, machine: Requestor | Acceptor) -> None:
        self.machine = machine
        self.bytes_received = 0
        self._transport: asyncio.Transport | None = None
        self._events: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost: Exception | None = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.flush()

    def data_received(self, data: bytes) -> None:
        self.bytes_received += len(data)
        self._events += self.machine.receive(data)
        self.flush()
        if len(self._events) > MOST_WAITING and self._transport:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._events += self.machine.receive_eof()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = exc
        if exc is None:
            self._events += self.machine.receive_eof()
        self._writable.set()
        self.closed.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def flush(self) -> None:
        """Give the transport what the machine has to send."""
        data = self.machine.to_send()
        if data and self._transport and not self._transport.is_closing():
            self._transport.write(data)

    async def send(self, context_id: int, command: Command, dataset: bytes | None = None) -> None:
        """Queue a message and wait until the transport takes more. Raises a fault where the peer has gone."""
        if self.machine.state is not State.ESTABLISHED:
            raise fault_of(await self._ending())
        self.machine.send_message(context_id, command, dataset)
        self.flush()
        await self._writable.wait()

    async def event(self) -> Event:
        """The next event, in order. Raises a transport fault where the connection broke."""
        while not self._events:
            if self.closed.is_set():
                raise self._broken()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        event = self._events.popleft()
        if len(self._events) == MOST_WAITING // 2 and self._transport and not self._transport.is_closing():
            self._transport.resume_reading()
        return event

    async def message(self) -> Message:
        """The next message; any other event is a fault."""
        event = await self.event()
        if isinstance(event, Message):
            return event
        raise fault_of(event)

    async def _ending(self) -> Event:
        """The event that ended the association, behind messages nobody waited for."""
        while isinstance(event := await self.event(), Message):
            continue
        return event

    def hang_up(self) -> None:
        """Abort the association if it still stands, and close at once: what a peer does not read is dropped."""
        self.machine.abort()
        self.flush()
        if self._transport and self._transport.get_write_buffer_size():
            self._transport.abort()
        elif self._transport:
            self._transport.close()

    async def closing(self) -> None:
        """Wait for the transport to end, but not for a peer that will not say goodbye."""
        try:
            async with asyncio.timeout(GOODBYE_AT_MOST):
                await self.closed.wait()
        except TimeoutError:
            if self._transport:
                self._transport.abort()

    def _broken(self) -> Fault:
        if isinstance(self._lost, OSError):
            return os_fault(self._lost, "during the association")
        return fault_of(Closed(0))

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


def fault_of(event: Event) -> Fault:
    """The fault that an event other than the awaited one stands for."""
    match event:
        case Rejected(result, source, reason):
            kind = Retriable if result == 2 else Permanent
            code = f"RJ {result}/{source}/{reason}"
            evidence = {"result": result, "source": source, "reason": reason}
            return kind(Layer.ASSOCIATION, code, reject_meaning(result, source, reason), **evidence)
        case Aborted(source, reason):
            said = abort_meaning(source, reason)
            return Retriable(Layer.ASSOCIATION, f"AB {source}/{reason}", said, source=source, reason=reason)
        case Garbage(_, _, looks_like):
            said = f"the peer does not speak DICOM: this looks like {looks_like}"
            return Permanent(Layer.ASSOCIATION, "GARBAGE", said, looks_like=looks_like)
        case Violation(at, reason, why):
            said = f"the peer breaks the DICOM protocol: {why}"
            return Permanent(Layer.ASSOCIATION, "GARBAGE", said, at=at, answered_abort=f"2/{reason}")
        case Closed() | ReleaseRequested():
            return _left_early(event)
    return Permanent(Layer.ASSOCIATION, "UNEXPECTED", f"{type(event).__name__} was not due")


def _left_early(event: Closed | ReleaseRequested) -> Fault:
    if isinstance(event, ReleaseRequested):
        return Retriable(Layer.ASSOCIATION, "CLOSED", "the peer released the association before the work was done")
    said = "the peer closed the connection without a word"
    return Retriable(Layer.ASSOCIATION, "CLOSED", said, pending_bytes=event.pending)
