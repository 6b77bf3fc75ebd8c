"""A small asyncio acceptor: Verification and storage. The destination of our own C-MOVE, and a peer for tests.

    async with listen("127.0.0.1", 0, "UMLINDI", storage(), keep) as listener:
        print(listener.port)

It is not a store-and-forward gateway: `keep` gets a whole object in memory and answers with its C-STORE status.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from umlindi.dicom import uids
from umlindi.dicom.aio import Received, received_of, store_response
from umlindi.dicom.dimse.command import RESPONSE, Command, CommandField
from umlindi.dicom.upper import Acceptor, Event, Message, ReleaseRequested, Requested, State
from umlindi.dicom.wire import Wire, fault_of
from umlindi.probes.errors import os_fault
from umlindi.probes.faults import Fault, Layer, Retriable

Keep = Callable[[Received], int]
Supported = Mapping[str, Sequence[str]]

MOST_ASSOCIATIONS = 256
# The ARTIM timer of PS3.8 9.1.5, and the same for a peer that falls silent in an association.
SILENCE_SECONDS = 30.0
_UNRECOGNISED_OPERATION = 0x0211
_REJECTED_PERMANENT, _REJECTED_TRANSIENT = 1, 2
_CALLED_AE_NOT_RECOGNISED = (_REJECTED_PERMANENT, 1, 7)
_LOCAL_LIMIT_EXCEEDED = (_REJECTED_TRANSIENT, 3, 2)


def storage(*sop_classes: str) -> dict[str, Sequence[str]]:
    """Verification, and these storage SOP classes (Secondary Capture where none is named), uncompressed."""
    return dict.fromkeys((uids.VERIFICATION, *(sop_classes or (uids.SECONDARY_CAPTURE,))), uids.UNCOMPRESSED)


@dataclass(slots=True)
class Listener:
    """An open listener. `ae` None answers to any called title. `faults` are those of associations that went wrong."""

    host: str
    ports: tuple[int, ...]
    ae: str | None
    supported: Supported
    keep: Keep
    faults: list[Fault] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def port(self) -> int:
        return self.ports[0]

    def wire(self) -> Wire:
        """The protocol of one more connection, with its task."""
        wire = Wire(Acceptor())
        task = asyncio.get_running_loop().create_task(self._serve(wire))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return wire

    async def stop(self) -> None:
        """End the associations that still stand."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, wire: Wire) -> None:
        try:
            calling = await self._admit(wire)
            while calling is not None and await self._answer(wire, calling):
                continue
        except Fault as fault:
            self.faults = [*self.faults[-99:], fault]
        finally:
            wire.hang_up()

    async def _admit(self, wire: Wire) -> str | None:
        """The calling AE title, or None where the association was rejected."""
        event = await _event(wire)
        if not isinstance(event, Requested):
            raise fault_of(event)
        machine = cast("Acceptor", wire.machine)
        if machine.closed:
            raise fault_of(await _event(wire))
        refusal = self._refusal(event)
        if refusal is None:
            machine.accept(self.supported)
            wire.flush()
            return event.calling
        machine.reject(*refusal)
        wire.flush()
        return None

    def _refusal(self, request: Requested) -> tuple[int, int, int] | None:
        if self.ae is not None and request.called != self.ae:
            return _CALLED_AE_NOT_RECOGNISED
        return _LOCAL_LIMIT_EXCEEDED if len(self._tasks) > MOST_ASSOCIATIONS else None

    async def _answer(self, wire: Wire, calling: str) -> bool:
        """Serve one event; False where it was the last."""
        event = await _event(wire)
        if isinstance(event, ReleaseRequested):
            _confirm_release(wire)
            return False
        if not isinstance(event, Message):
            raise fault_of(event)
        await wire.send(event.context.id, self._response(event, calling))
        return True

    def _response(self, message: Message, calling: str) -> Command:
        command = message.command
        if command.field == CommandField.C_STORE_RQ:
            return store_response(message, self.keep(received_of(message, calling)))
        recognised = command.field == CommandField.C_ECHO_RQ
        return Command(
            command.field | RESPONSE,
            responding_to=command.message_id,
            sop_class=command.sop_class,
            status=0 if recognised else _UNRECOGNISED_OPERATION,
        )


def _confirm_release(wire: Wire) -> None:
    """A peer that hung up right after its A-RELEASE-RQ waits for no answer: a normal end too."""
    if wire.machine.state is State.RELEASE_ASKED:
        wire.machine.confirm_release()
        wire.flush()


async def _event(wire: Wire) -> Event:
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            return await wire.event()
    except TimeoutError as error:
        said = f"the peer was silent for {SILENCE_SECONDS:g} s"
        raise Retriable(Layer.ASSOCIATION, "TIMEOUT", said) from error


@asynccontextmanager
async def listen(
    host: str, ports: int | Sequence[int], ae: str | None, supported: Supported, keep: Keep
) -> AsyncIterator[Listener]:
    """Listen for the length of the block; port 0 takes a free one. Raises a fault where a port cannot be had."""
    listener = Listener(host, (), ae, supported, keep)
    servers: list[asyncio.Server] = []
    try:
        for port in [ports] if isinstance(ports, int) else ports:
            servers.append(await _server(listener, host, port))
        listener.ports = tuple(server.sockets[0].getsockname()[1] for server in servers)
        yield listener
    finally:
        for server in servers:
            server.close()
        await listener.stop()


async def _server(listener: Listener, host: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.get_running_loop().create_server(listener.wire, host, port)
    except OSError as error:
        raise os_fault(error, f"listening on port {port}") from error
