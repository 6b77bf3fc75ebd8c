"""Puts DIMSE messages together from the fragments of P-DATA-TFs (PS3.8 Annex E), within a bound."""

from __future__ import annotations

from collections.abc import Mapping

from umlindi.dicom.dimse.command import Command, decode
from umlindi.dicom.malformed import AbortReason, Malformed
from umlindi.dicom.upper.events import Context, Message
from umlindi.dicom.upper.pdu import Pdv

COMMAND_LIMIT = 1 << 16


class Assembler:
    """Holds one message at a time. `limit` bounds a data set, in bytes."""

    def __init__(self, contexts: Mapping[int, Context], limit: int) -> None:
        self._contexts = contexts
        self._limit = limit
        self._context: Context | None = None
        self._command: Command | None = None
        self._bytes = bytearray()

    def add(self, pdv: Pdv) -> Message | None:
        """The message that this fragment completes, or None. Raises `Malformed`."""
        context = self._context_of(pdv)
        self._bytes += pdv.data
        bound = self._limit if self._command else COMMAND_LIMIT
        if len(self._bytes) > bound:
            raise Malformed(f"a {'data set' if self._command else 'command set'} of more than {bound} bytes")
        if not pdv.last:
            return None
        return self._command_done(context) if pdv.command else self._message(context, bytes(self._bytes))

    def _context_of(self, pdv: Pdv) -> Context:
        context = self._contexts.get(pdv.context_id)
        if context is None:
            raise Malformed(f"data for presentation context {pdv.context_id}, which was not accepted")
        if self._context not in (None, context):
            raise Malformed("a message changes its presentation context")
        if pdv.command == (self._command is not None):
            awaited = "a data set" if self._command else "a command"
            raise Malformed(f"a fragment out of order: {awaited} was due", AbortReason.UNEXPECTED_PARAMETER)
        self._context = context
        return context

    def _command_done(self, context: Context) -> Message | None:
        command = decode(bytes(self._bytes))
        self._bytes = bytearray()
        self._command = command
        return None if command.has_dataset else self._message(context, None)

    def _message(self, context: Context, dataset: bytes | None) -> Message:
        command = self._command
        if command is None:
            raise Malformed("a data set without its command")
        self._context, self._command, self._bytes = None, None, bytearray()
        return Message(context, command, dataset)
