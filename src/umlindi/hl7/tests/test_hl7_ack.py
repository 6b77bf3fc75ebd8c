"""Acknowledgements are read where each version puts the error, and answer exactly the message they are for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from umlindi.hl7 import ack
from umlindi.hl7.message import Message, parse
from umlindi.probes import Permanent, Retriable

NOW = datetime(2026, 8, 17, 5, 0, tzinfo=UTC)
ORDER = "MSH|^~\\&|RIS|A|PACS|B|20260817||ORM^O01^ORM_O01|42|T|2.3.1||||||8859/1\rPID|1\r"


def acknowledged(message: Message) -> ack.Acknowledgement:
    found = ack.read(message)
    assert found is not None
    return found


def answer(*segments: str) -> Message:
    return parse("\r".join(["MSH|^~\\&|PACS|B|RIS|A|20260817||ACK|9|P|2.5", *segments]).encode())


@pytest.mark.parametrize(
    ("segments", "name"),
    [
        (["MSA|AA|42"], "AA"),
        (["MSA|AA|42", "ERR|||0^Message accepted^HL70357|I"], "AA"),
        (["MSA|AE|42", "ERR||PID^1^3|204^Unknown key identifier^HL70357|E"], "AE/204"),
        (["MSA|AE|42", "ERR|PID^1^3^204&Unknown key identifier"], "AE/204"),
        (["MSA|AR|42|no|||203^Unsupported version"], "AR/203"),
        (["MSA|AR|42", "ERR|"], "AR"),
        (["MSA|CR|42"], "CR"),
    ],
)
def test_the_error_is_found_where_its_version_puts_it(segments: list[str], name: str) -> None:
    assert acknowledged(answer(*segments)).name == name


@pytest.mark.parametrize(
    "segments",
    [
        ["MSA|AE|42|||Patient MKHIZE THANDI is unknown"],
        ["MSA|AE|42", "ERR|||MKHIZE^THANDI"],
        ["MSA|AE|42", "ERR|PID^1^3^MKHIZE&THANDI"],
        ["MSA|AE|42", "ERR|||8501015009087"],
    ],
)
def test_what_is_no_code_is_not_taken_for_one(segments: list[str]) -> None:
    assert acknowledged(answer(*segments)).name == "AE"


def test_an_acknowledgement_code_in_words_is_not_repeated() -> None:
    assert acknowledged(answer("MSA|MKHIZE THANDI|42")).name == "?"


def test_an_answer_without_msa_acknowledges_nothing() -> None:
    assert ack.read(answer("ZZZ|1")) is None


@pytest.mark.parametrize(
    ("error", "kind"), [("204", Permanent), ("101", Permanent), ("206", Retriable), ("207", Retriable)]
)
def test_only_a_locked_record_and_an_internal_error_may_be_tried_again(error: str, kind: type) -> None:
    fault = ack.fault(acknowledged(answer("MSA|AE|42", f"ERR|||{error}|E")))
    assert isinstance(fault, kind)
    assert fault.code == f"AE/{error}"


def test_an_acknowledgement_goes_back_where_the_message_came_from() -> None:
    received = parse(ORDER.encode())
    wire = ack.acknowledge(received, NOW, control_id="77", code="AE", error="204", said="no|such").encode()
    read = parse(wire)
    assert [read.header.text(field) for field in (3, 4, 5, 6)] == ["PACS", "B", "RIS", "A"]
    assert (read.header.raw(9), read.control_id, read.header.raw(11), read.header.raw(12)) == (
        "ACK^O01",
        "77",
        "T",
        "2.3.1",
    )
    assert read.header.raw(18) == "8859/1"
    acknowledgement = acknowledged(read)
    assert (acknowledgement.name, acknowledgement.control_id, acknowledgement.said) == ("AE/204", "42", "no|such")
