"""A DICOM application entity of our own that answers C-ECHO: a modality, or a stand-in for a program not installed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from umlindi.demo.peers.simulated import Listener
from umlindi.dicom import uids
from umlindi.dicom.dimse.command import Command, CommandField
from umlindi.dicom.upper import Acceptor, Message, ReleaseRequested, Requested

_IDLE_SECONDS = 30.0
_CHUNK = 65536
_PERMANENT, _SERVICE_USER = 1, 1
_CALLING, _CALLED = 3, 7
_SUCCESS, _UNRECOGNISED_OPERATION = 0x0000, 0x0211


class Entity(Listener):
    """Checks the called title as a real peer would; `callers` are the titles it knows, or None for anybody."""

    def __init__(self, system: str, name: str, ae: str, port: int, callers: Iterable[str] | None = None) -> None:
        super().__init__(system, name, port)
        self.ae = ae
        self._callers = None if callers is None else frozenset(callers)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One association."""
        machine = Acceptor()
        async with asyncio.timeout(_IDLE_SECONDS):
            while not machine.closed:
                data = await reader.read(_CHUNK)
                events = machine.receive(data) if data else machine.receive_eof()
                for event in events:
                    self._react(machine, event)
                writer.write(machine.to_send())
                await writer.drain()

    def _react(self, machine: Acceptor, event: object) -> None:
        match event:
            case Requested():
                self._decide(machine, event)
            case Message():
                self._respond(machine, event)
            case ReleaseRequested():
                machine.confirm_release()

    def _decide(self, machine: Acceptor, request: Requested) -> None:
        title = f"{self.ae}_OLD" if "wrong-called-ae" in self.faults else self.ae
        known = self._callers is None or request.calling.strip() in self._callers
        if request.called.strip() != title:
            machine.reject(_PERMANENT, _SERVICE_USER, _CALLED)
        elif not known or "calling-not-authorised" in self.faults:
            machine.reject(_PERMANENT, _SERVICE_USER, _CALLING)
        else:
            machine.accept({uids.VERIFICATION: uids.UNCOMPRESSED})

    def _respond(self, machine: Acceptor, message: Message) -> None:
        asked = message.command
        status = _SUCCESS if asked.field == CommandField.C_ECHO_RQ else _UNRECOGNISED_OPERATION
        answer = Command(asked.field | 0x8000, responding_to=asked.message_id, sop_class=asked.sop_class, status=status)
        machine.send_message(message.context.id, answer)
