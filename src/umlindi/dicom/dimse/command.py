"""DIMSE command sets (PS3.7 Annex E): group 0000, always Implicit VR Little Endian (PS3.7 6.3.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from umlindi.dicom.malformed import Malformed


class CommandField(IntEnum):
    """PS3.7 E.1: a response is its request with the highest bit set."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    C_CANCEL_RQ = 0x0FFF
    C_STORE_RSP = 0x8001
    C_GET_RSP = 0x8010
    C_FIND_RSP = 0x8020
    C_MOVE_RSP = 0x8021
    C_ECHO_RSP = 0x8030


RESPONSE = 0x8000
NO_DATASET = 0x0101
DATASET_FOLLOWS = 0x0001
MEDIUM_PRIORITY = 0x0000


@dataclass(frozen=True, slots=True)
class Command:
    """A command set. None stands for an element that is absent; the group length is not kept.

    `remaining`, `completed`, `failed` and `warning` count sub-operations of C-MOVE and C-GET.
    """

    field: int
    message_id: int | None = None
    responding_to: int | None = None
    sop_class: str | None = None
    sop_instance: str | None = None
    priority: int | None = None
    dataset_type: int = NO_DATASET
    status: int | None = None
    move_destination: str | None = None
    offending_elements: bytes | None = None
    error_comment: str | None = None
    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None
    move_originator: str | None = None
    move_originator_id: int | None = None

    @property
    def has_dataset(self) -> bool:
        return self.dataset_type != NO_DATASET

    @property
    def is_response(self) -> bool:
        return bool(self.field & RESPONSE)


# Element of group 0000, attribute, VR; in the order they are encoded (PS3.7 Table E.1-1).
_ELEMENTS = (
    (0x0002, "sop_class", "UI"),
    (0x0100, "field", "US"),
    (0x0110, "message_id", "US"),
    (0x0120, "responding_to", "US"),
    (0x0600, "move_destination", "AE"),
    (0x0700, "priority", "US"),
    (0x0800, "dataset_type", "US"),
    (0x0900, "status", "US"),
    (0x0901, "offending_elements", "AT"),
    (0x0902, "error_comment", "LO"),
    (0x1000, "sop_instance", "UI"),
    (0x1020, "remaining", "US"),
    (0x1021, "completed", "US"),
    (0x1022, "failed", "US"),
    (0x1023, "warning", "US"),
    (0x1030, "move_originator", "AE"),
    (0x1031, "move_originator_id", "US"),
)
_BY_ELEMENT = {element: (name, vr) for element, name, vr in _ELEMENTS}
_HEAD = struct.Struct("<HHI")
_US_ELEMENT = struct.Struct("<HHIH")
_GROUP_LENGTH = struct.Struct("<HHII")


def encode(command: Command) -> bytes:
    """The command set with its group length."""
    parts = []
    for element, name, vr in _ELEMENTS:
        value = getattr(command, name)
        if value is None:
            continue
        if vr == "US":
            parts.append(_US_ELEMENT.pack(0, element, 2, value))
        else:
            encoded = _padded(value, vr)
            parts.append(_HEAD.pack(0, element, len(encoded)) + encoded)
    body = b"".join(parts)
    return _GROUP_LENGTH.pack(0, 0, 4, len(body)) + body


def _padded(value: str | bytes, vr: str) -> bytes:
    """Even length: UIDs with a null, text with a space (PS3.5 6.2)."""
    encoded = value if isinstance(value, bytes) else value.encode("latin-1")
    return encoded if len(encoded) % 2 == 0 else encoded + (b"\0" if vr == "UI" else b" ")


def decode(data: bytes) -> Command:
    """Read a command set; elements this room does not use are passed over. Raises `Malformed`."""
    values = {}
    for element, value in _elements(data):
        known = _BY_ELEMENT.get(element)
        if known:
            values[known[0]] = _value(element, known[1], value)
    if "field" not in values or "dataset_type" not in values:
        raise Malformed("a command set without Command Field or Command Data Set Type")
    return Command(**values)  # type: ignore[arg-type]


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        if len(data) - at < _HEAD.size:
            raise Malformed("a command element is cut off")
        group, element, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if group != 0:
            raise Malformed(f"an element of group {group:04X} in a command set")
        if len(data) - at < length:
            raise Malformed(f"command element 0000,{element:04X} claims {length} bytes")
        yield element, data[at : at + length]
        at += length


def _value(element: int, vr: str, value: bytes) -> int | str | bytes:
    if vr == "US":
        if len(value) != 2:
            raise Malformed(f"command element 0000,{element:04X} is not two bytes")
        return int.from_bytes(value, "little")
    if vr == "AT":
        return value
    return value.strip(b"\0 ").decode("latin-1")
