"""Probing an HL7 listener: connect, send one message, read its acknowledgement."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from umlindi.hl7 import ack
from umlindi.hl7.client import exchange
from umlindi.hl7.message import Message, NotHl7, escape, message, parse, parse_text
from umlindi.hl7.mllp import frame
from umlindi.hl7.tables import ACCEPTED, REFUSED, UNSUPPORTED
from umlindi.probes import Deadline, Ladder, Layer, Permanent, ProbeResult
from umlindi.probes.ladder import Rung
from umlindi.probes.transport import Trust, looks_like, place, reach, skip_all

_SAID_AT_MOST = 200
# A control id of ours, also one cut short: another's may be built on a record number.
_OURS = re.compile(r"UMLINDI[0-9a-f]{0,12}")
# ERR-2: segment^sequence^field^repetition^component^subcomponent, and nothing that could be somebody's data.
_LOCATION = re.compile(r"[A-Z][A-Z0-9]{2}(\^\d{0,3}){0,5}")


@dataclass(frozen=True, slots=True)
class Hl7Target:
    """An MLLP port and what to say to it.

    Without a `message` an application management query (NMQ^N01, HL7 v2.5 §14.3.1) is sent: it carries no patient,
    asks nothing of any record and changes nothing. A listener that answers it with 200 or 201 (type or event not
    supported) has shown that it reads and acknowledges HL7, and counts as well. A configured message is sent with its
    own MSH-7 and MSH-10 replaced, since a repeated control id may rightly be refused.
    """

    host: str
    port: int
    message: str | None = None
    tls: Trust | None = None
    sending: tuple[str, str] = ("UMLINDI", "")
    receiving: tuple[str, str] = ("", "")
    expect_ack: frozenset[str] = ACCEPTED
    samples: int = 3

    def __post_init__(self) -> None:
        """Raises `NotHl7` or UnicodeEncodeError (both ValueError) where the configured message cannot be sent."""
        if self.message is not None:
            frame(parse_text(self.message).encode())


async def probe(target: Hl7Target, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, tcp, tls (where asked for), message."""
    ladder = Ladder("hl7", place(target.host, target.port))
    peer = await reach(ladder, target.host, target.port, deadline, trust=target.tls, samples=target.samples)
    if peer is None:
        skip_all(ladder, [("message", Layer.APPLICATION)])
        return ladder.result()
    with ladder.step("message", Layer.APPLICATION) as rung:
        asked = _question(target, datetime.now(UTC))
        async with peer.open(deadline) as (reader, writer):
            content = await exchange(reader, writer, asked.encode(), deadline)
        _judge(target, asked, _read(content), rung)
    return ladder.result()


def _question(target: Hl7Target, now: datetime) -> Message:
    """The message to send, with a time and a control id of its own (MSH-10, at most 20 characters)."""
    asked = parse_text(target.message) if target.message else _harmless(target, now)
    control_id = f"UMLINDI{secrets.token_hex(6)}"
    return asked.heading(7, ack.hl7_time(now)).heading(10, control_id)


def _harmless(target: Hl7Target, now: datetime) -> Message:
    parties = map(escape, (*target.sending, *target.receiving))
    return message(
        ("MSH", *parties, "", "", "NMQ^N01^NMQ_N01", "", "P", "2.5"),
        ("NCK", ack.hl7_time(now)),
    )


def _read(content: bytes) -> ack.Acknowledgement:
    try:
        acknowledgement = ack.read(parse(content))
    except NotHl7 as error:
        seen = looks_like(content[:64])
        raise Permanent(Layer.DATA, "NOT-HL7", f"the answer is not HL7: {error}", looks_like=seen) from error
    if acknowledgement is None:
        raise Permanent(Layer.DATA, "NOT-HL7", "the answer has no MSA segment, so it acknowledges nothing")
    return acknowledgement


def _judge(target: Hl7Target, asked: Message, answer: ack.Acknowledgement, rung: Rung) -> None:
    """Record an acknowledgement; raise where it is negative or belongs to another message."""
    evidence = _evidence(target, asked, answer)
    if answer.control_id != asked.control_id:
        meaning = "the acknowledgement is for another message: MSA-2 does not echo our MSH-10"
        raise Permanent(Layer.WORKFLOW, "ACK-MISMATCH", meaning, **evidence)
    if answer.code in target.expect_ack:
        rung.says(answer.name, answer.meaning, **evidence)
    elif target.message is None and answer.error in UNSUPPORTED:
        rung.says(answer.name, "reads and acknowledges HL7; it knows no management query, which is common", **evidence)
    elif target.message is None and answer.code in REFUSED and not answer.error:
        rung.complains(answer.name, f"{answer.meaning}, without saying why; configure a test message", **evidence)
    else:
        raise ack.fault(answer, **evidence)


def _evidence(target: Hl7Target, asked: Message, answer: ack.Acknowledgement) -> dict[str, str]:
    """What was sent, and where the peer says the mistake is: `location` is ERR-2, `error` ERR-3, both only as codes.

    The peer's free text only where our own message named no patient it could repeat.
    """
    carries = "no patient" if target.message is None else "what its configured text names"
    told = {"sent": asked.header.raw(9), "control_id": asked.control_id, "carries": carries}
    if answer.error:
        told["error"] = answer.error
    if _OURS.fullmatch(answer.control_id):
        told["acknowledged"] = answer.control_id
    if _LOCATION.fullmatch(answer.location):
        told["location"] = answer.location
    if target.message is None and answer.said:
        told["said"] = answer.said[:_SAID_AT_MOST]
    return told
