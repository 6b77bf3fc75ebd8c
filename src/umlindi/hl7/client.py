"""Sending one message over MLLP and waiting for its answer (asyncio)."""

from __future__ import annotations

import asyncio

from umlindi.hl7.mllp import Framer, TooLong, frame
from umlindi.probes import Deadline, Fault, Layer, Permanent, Retriable
from umlindi.probes.errors import os_fault
from umlindi.probes.transport import looks_like

_CHUNK = 65536
# An acknowledgement is a few hundred bytes; a query's answer may carry a page of results.
LONGEST_ANSWER = 1024 * 1024


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes, deadline: Deadline
) -> bytes:
    """Send the content of one block, return the content of the block that answers.

    Raises a fault with code `TIMEOUT` (accepted, never acknowledged), `CLOSED`, `NOT-HL7`, or the operating
    system's.
    """
    framer = Framer(LONGEST_ANSWER)
    try:
        async with deadline.guard(Layer.APPLICATION, "waiting for the acknowledgement"):
            writer.write(frame(content))
            await writer.drain()
            return await _answer(reader, framer)
    except OSError as error:
        raise os_fault(error, "waiting for the acknowledgement") from error
    except TooLong as error:
        raise Permanent(Layer.APPLICATION, "NOT-HL7", "the peer's answer does not end", bound=error.bound) from error
    except Retriable as late:
        raise _explained(late, framer) from late


async def _answer(reader: asyncio.StreamReader, framer: Framer) -> bytes:
    while data := await reader.read(_CHUNK):
        blocks = framer.receive(data)
        if blocks:
            return blocks[0]
        if framer.noise > LONGEST_ANSWER:
            raise _not_hl7(framer)
    if framer.noise:
        raise _not_hl7(framer)
    if framer.unfinished().inside:
        raise Retriable(Layer.APPLICATION, "CLOSED", "the peer closed the connection within its answer")
    raise Retriable(Layer.APPLICATION, "CLOSED", "the peer took the message and closed without acknowledging it")


def _not_hl7(framer: Framer) -> Fault:
    kind = looks_like(framer.first_noise)
    return Permanent(
        Layer.APPLICATION, "NOT-HL7", f"the answer is not MLLP but {kind}", bytes=framer.noise, looks_like=kind
    )


def _explained(late: Retriable, framer: Framer) -> Fault:
    """A time-out told by what did arrive: nothing, something else, or half a block."""
    if late.code != "TIMEOUT":
        return late
    if framer.noise:
        return _not_hl7(framer)
    left = framer.unfinished()
    if left.end_without_return:
        return Permanent(Layer.APPLICATION, "NOT-HL7", "the answer ends with 1C but lacks the 0D after it (MLLP)")
    if left.inside:
        meaning = f"the acknowledgement began ({left.length} bytes) but never ended"
        return Retriable(Layer.APPLICATION, "TIMEOUT", meaning, **late.evidence)
    meaning = f"accepted, never acknowledged: {late.meaning}"
    return Retriable(Layer.APPLICATION, "TIMEOUT", meaning, **late.evidence)
