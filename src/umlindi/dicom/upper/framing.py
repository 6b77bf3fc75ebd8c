"""Cuts a stream of bytes into PDUs (PS3.8 9.3), never holding more than one PDU of permitted length."""

from __future__ import annotations

import struct
from typing import NamedTuple

from umlindi.dicom.malformed import AbortReason, ForeignProtocol, Malformed
from umlindi.dicom.upper.foreign import UNKNOWN, looks_like

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA_TF, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)
PDU_NAMES = {
    ASSOCIATE_RQ: "A-ASSOCIATE-RQ",
    ASSOCIATE_AC: "A-ASSOCIATE-AC",
    ASSOCIATE_RJ: "A-ASSOCIATE-RJ",
    P_DATA_TF: "P-DATA-TF",
    RELEASE_RQ: "A-RELEASE-RQ",
    RELEASE_RP: "A-RELEASE-RP",
    ABORT: "A-ABORT",
}
HEADER = struct.Struct(">BxI")
# 128 presentation contexts with 100 transfer syntaxes each need less.
ASSOCIATE_LIMIT = 1 << 20
_FOUR_BYTES = frozenset({ASSOCIATE_RJ, RELEASE_RQ, RELEASE_RP, ABORT})


class Pdu(NamedTuple):
    """One PDU as it came: its type, its variable field, and where in the stream it began."""

    kind: int
    body: bytes
    at: int


class Framer:
    """Bytes in, whole PDUs out. After it has raised, it is of no further use.

    `max_pdu` is the maximum length we announced: a P-DATA-TF longer than it is refused by its header alone.
    """

    def __init__(self, max_pdu: int) -> None:
        self._max_pdu = max_pdu
        self._buffer = bytearray()
        self.at = 0

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> Pdu | None:
        """The next whole PDU, or None. Raises `ForeignProtocol` or `Malformed` as soon as a header shows it."""
        if len(self._buffer) < HEADER.size:
            return None
        kind, length = HEADER.unpack_from(self._buffer)
        self._check(kind, length)
        end = HEADER.size + length
        if len(self._buffer) < end:
            return None
        pdu = Pdu(kind, bytes(memoryview(self._buffer)[HEADER.size : end]), self.at)
        del self._buffer[:end]
        self.at += end
        return pdu

    def pending(self) -> bytes:
        """The first six bytes, at most, of a PDU that has not come whole."""
        return bytes(self._buffer[: HEADER.size])

    def _check(self, kind: int, length: int) -> None:
        if kind in PDU_NAMES and self._permitted(kind, length):
            return
        first = self.pending()
        seems = looks_like(first) if self.at == 0 else UNKNOWN
        if kind not in PDU_NAMES and self.at > 0:
            raise Malformed(f"PDU type {kind:#04x} does not exist", AbortReason.UNRECOGNISED_PDU)
        if kind not in PDU_NAMES or seems != UNKNOWN:
            raise ForeignProtocol(first, seems)
        raise Malformed(f"{PDU_NAMES[kind]} claims {length} bytes")

    def _permitted(self, kind: int, length: int) -> bool:
        if kind in _FOUR_BYTES:
            return length == 4
        return length <= (self._max_pdu if kind == P_DATA_TF else ASSOCIATE_LIMIT)
