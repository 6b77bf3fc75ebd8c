"""Acknowledgements: reading one (MSA and ERR), judging it, and writing one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from umlindi.hl7.message import Message, Segment, escape, message
from umlindi.hl7.tables import ACKNOWLEDGEMENTS, ERRORS, RETRIABLE_ERRORS
from umlindi.probes import Fault, Layer, Permanent, Retriable

_ACKNOWLEDGEMENT = re.compile(r"[A-Z]{2}")
# HL7 table 0357 has three digits; vendors add codes of their own. Anything longer, or in words, may name a patient.
_ERROR = re.compile(r"[A-Za-z]{0,4}[._-]?[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """MSA-1, MSA-2 and the first error; `code` and `error` only where they are codes ("?" and "" otherwise).

    `location` is ERR-2 as written (segment^sequence^field…).

    `said` is the peer's free text (MSA-3, ERR-7 or ERR-8): it may name a patient, so it is neither logged nor
    stored unless the message acknowledged named none.
    """

    code: str
    control_id: str
    error: str = ""
    location: str = ""
    said: str = ""

    @property
    def name(self) -> str:
        """`AE/204`, or `AE` where the peer gave no error code."""
        return f"{self.code}/{self.error}" if self.error else self.code

    @property
    def meaning(self) -> str:
        told = ACKNOWLEDGEMENTS.get(self.code, "not an acknowledgement code of HL7 table 0008")
        return f"{told}: {ERRORS.get(self.error, 'no code of HL7 table 0357')}" if self.error else told


def read(answer: Message) -> Acknowledgement | None:
    """The acknowledgement in an answer, or None where it has no MSA.

    Errors are looked for where each version puts them: ERR-3 (v2.5 and later), ERR-1 component 4 (v2.3 and v2.4),
    MSA-6 (v2.2 to v2.4).
    """
    msa = answer.first("MSA")
    if msa is None:
        return None
    err = answer.first("ERR")
    error = (_error_code(err) if err else "") or msa.text(6)
    location = err.raw(2) if err else ""
    said = msa.text(3) or (err.text(8) or err.text(7) if err else "")
    coded = error if _ERROR.fullmatch(error) and error != "0" else ""
    code = msa.text(1) if _ACKNOWLEDGEMENT.fullmatch(msa.text(1)) else "?"
    return Acknowledgement(code, msa.text(2), coded, location, said)


def _error_code(err: Segment) -> str:
    return err.text(3) or err.text(1, 4)


def fault(acknowledgement: Acknowledgement, **evidence: str) -> Fault:
    """A negative acknowledgement as a fault: retriable only where the same message may pass later (206, 207)."""
    kind = Retriable if acknowledgement.error in RETRIABLE_ERRORS else Permanent
    return kind(Layer.APPLICATION, acknowledgement.name, acknowledgement.meaning, **evidence)


def acknowledge(
    received: Message, now: datetime, *, control_id: str, code: str = "AA", error: str = "", said: str = ""
) -> Message:
    """An ACK for that message: sender and receiver change places, version and character set are kept."""
    header = received.header
    sender, receiver = (header.raw(5), header.raw(6)), (header.raw(3), header.raw(4))
    event = header.text(9, 2)
    kind = f"ACK{header.separators.component}{event}" if event else "ACK"
    version, character_set = header.raw(12) or "2.5", header.raw(18)
    routing = (*sender, *receiver, hl7_time(now), "", kind, control_id, header.raw(11) or "P", version)
    declared = ("",) * 5 + (character_set,) if character_set else ()
    segments: list[tuple[str, ...]] = [
        ("MSH", *routing, *declared),
        ("MSA", code, header.raw(10), escape(said, header.separators)),
    ]
    if error:
        segments.append(("ERR", "", "", error, "E"))
    return message(*segments, separators=header.separators)


def hl7_time(now: datetime) -> str:
    """An aware moment as an HL7 time stamp with its zone (§2.A.22 DTM)."""
    return now.strftime("%Y%m%d%H%M%S%z")
