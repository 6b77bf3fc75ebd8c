"""DICOM endpoints that do no more than they are asked for: every address of the loopback network, on one port.

For benchmarks: one process answers some thousand echoes a second, and can be told to be dead at single addresses.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Iterator

A_ASSOCIATE_RQ, P_DATA, A_RELEASE_RQ = 1, 4, 5
VERIFICATION = b"1.2.840.10008.1.1"
A_RELEASE_RP = struct.pack(">BxI4x", 6, 4)


class Answerer(asyncio.Protocol):
    """One association: accepted, each C-ECHO answered, released (PS3.8 9.3). Nothing else is spoken."""

    manners: dict[str, str]

    def __init__(self, manners: dict[str, str]) -> None:
        self.manners = manners
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._manner = self.manners.get(transport.get_extra_info("sockname")[0], "answer")
        if self._manner == "reset":
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.close()

    def data_received(self, data: bytes) -> None:
        if self._manner == "hang":
            return
        self._heard += data
        while len(self._heard) >= 6 and len(self._heard) >= 6 + (length := struct.unpack(">2xI", self._heard[:6])[0]):
            pdu, self._heard = self._heard[: 6 + length], self._heard[6 + length :]
            self._transport.write(answer_to(pdu))
            if pdu[0] == A_RELEASE_RQ:
                self._transport.close()


def answer_to(pdu: bytes) -> bytes:
    if pdu[0] == A_ASSOCIATE_RQ:
        return accept(pdu)
    return echo_response(pdu) if pdu[0] == P_DATA else A_RELEASE_RP


def accept(request: bytes) -> bytes:
    """Verification in the first of its transfer syntaxes; every other context is refused (PS3.8 9.3.3)."""
    contexts = (content for kind, content in _items(request[74:]) if kind == 0x20)
    user = _item(0x51, struct.pack(">I", 16384)) + _item(0x52, b"1.2.3.4")
    items = [_item(0x10, b"1.2.840.10008.3.1.1.1"), *map(_answered, contexts), _item(0x50, user)]
    body = b"\x00\x01\x00\x00" + request[10:74] + b"".join(items)
    return struct.pack(">BxI", 2, len(body)) + body


def _answered(context: bytes) -> bytes:
    parts = list(_items(context[4:]))
    abstract = next(content for kind, content in parts if kind == 0x30)
    syntax = next(content for kind, content in parts if kind == 0x40)
    return _item(0x21, bytes([context[0], 0, 0 if abstract == VERIFICATION else 3, 0]) + _item(0x40, syntax))


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, length = struct.unpack(">BxH", data[at : at + 4])
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def echo_response(request: bytes) -> bytes:
    """C-ECHO-RSP with status 0000 to the message id of the request (PS3.7 9.3.5), implicit VR little endian."""
    context, command = request[10], request[12:]
    at = command.index(b"\x00\x00\x10\x01\x02\x00\x00\x00")
    message_id = command[at + 8 : at + 10]
    sop_class = VERIFICATION + b"\x00"
    elements = [
        b"\x00\x00\x02\x00" + struct.pack("<I", len(sop_class)) + sop_class,
        b"\x00\x00\x00\x01\x02\x00\x00\x00\x30\x80",
        b"\x00\x00\x20\x01\x02\x00\x00\x00" + message_id,
        b"\x00\x00\x00\x08\x02\x00\x00\x00\x01\x01",
        b"\x00\x00\x00\x09\x02\x00\x00\x00\x00\x00",
    ]
    body = b"".join(elements)
    whole = b"\x00\x00\x00\x00\x04\x00\x00\x00" + struct.pack("<I", len(body)) + body
    value = bytes([context, 0x03]) + whole
    return struct.pack(">BxII", 4, len(value) + 4, len(value)) + value


async def serve(port: int) -> None:
    """Be every endpoint until standard input closes. A line there sets an address's manner: answer, reset, hang."""
    manners: dict[str, str] = {}
    server = await asyncio.get_running_loop().create_server(lambda: Answerer(manners), "0.0.0.0", port, backlog=4096)
    async with server:
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            manner, address = line.split()
            manners[address] = manner
