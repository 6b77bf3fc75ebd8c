"""The HL7 probe against our own listener and against peers that misbehave."""

from __future__ import annotations

import asyncio
import ssl
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from umlindi.diagnosis import explain
from umlindi.hl7 import ack
from umlindi.hl7.message import Message, NotHl7, parse
from umlindi.hl7.mllp import frame
from umlindi.hl7.probe import Hl7Target, probe
from umlindi.hl7.server import Answer, MllpServer
from umlindi.probes import Deadline, Grade, ProbeResult, State
from umlindi.probes.transport import Trust
from umlindi.testing import scripted
from umlindi.testing.certificates import Authority, server_context
from umlindi.testing.steps import step_of

MESSAGE = "MSH|^~\\&|X|Y|Z|W|20000101||ADT^A08^ADT_A01|OLD|P|2.5\rPID|1||ZZUMLINDI||UMLINDI^CANARY"


def answering(code: str = "AA", error: str = "", said: str = "", echo: str | None = None) -> Answer:
    async def answer(content: bytes) -> bytes:
        received = parse(content)
        if echo is not None:
            received = received.heading(10, echo)
        reply = ack.acknowledge(received, datetime.now(UTC), control_id="1", code=code, error=error, said=said)
        return reply.encode()

    return answer


async def probed(port: int, seconds: float = 5, **given: Any) -> ProbeResult:
    return await probe(Hl7Target("127.0.0.1", port, samples=1, **given), Deadline(seconds))


async def against(answer: Answer, **given: Any) -> ProbeResult:
    async with MllpServer(answer) as server:
        return await probed(server.port, **given)


async def test_an_accepted_message_is_ok() -> None:
    result = await against(answering())
    step = step_of(result, "message")
    assert (result.grade, step.code) == (Grade.OK, "AA")
    assert step.evidence["control_id"] == step.evidence["acknowledged"]


async def test_the_default_message_names_no_patient_and_changes_nothing() -> None:
    seen: list[Message] = []

    async def answer(content: bytes) -> bytes | None:
        seen.append(parse(content))
        return await answering()(content)

    await against(answer, receiving=("PACS|X", "SITE"))
    assert [segment.name for segment in seen[0].segments] == ["MSH", "NCK"]
    assert (seen[0].header.text(5), seen[0].header.text(9)) == ("PACS|X", "NMQ")
    assert 0 < len(seen[0].control_id) <= 20


@pytest.mark.parametrize(
    ("code", "error", "given", "grade"),
    [
        ("AE", "204", {}, Grade.FAILED),
        ("AE", "204", {"message": MESSAGE}, Grade.FAILED),
        ("AR", "200", {}, Grade.OK),
        ("AR", "201", {}, Grade.OK),
        ("AR", "200", {"message": MESSAGE}, Grade.FAILED),
        ("AR", "", {}, Grade.DEGRADED),
        ("AR", "", {"message": MESSAGE}, Grade.FAILED),
        ("CA", "", {}, Grade.OK),
        ("CA", "", {"expect_ack": frozenset({"AA"})}, Grade.FAILED),
        ("XX", "", {}, Grade.FAILED),
    ],
)
async def test_an_acknowledgement_is_judged_by_its_code(
    code: str, error: str, given: dict[str, Any], grade: Grade
) -> None:
    result = await against(answering(code, error), **given)
    assert result.grade is grade
    assert step_of(result, "message").code == (f"{code}/{error}" if error else code)


async def test_a_configured_message_gets_a_time_and_control_id_of_its_own() -> None:
    seen: list[Message] = []

    async def answer(content: bytes) -> bytes | None:
        seen.append(parse(content))
        return await answering()(content)

    await against(answer, message=MESSAGE)
    await against(answer, message=MESSAGE)
    first, second = seen
    assert len({"OLD", first.control_id, second.control_id}) == 3
    assert first.header.raw(7) > "2026"
    assert first.segments[1].text(5, 2) == "CANARY"


async def test_the_peers_free_text_is_kept_only_where_no_patient_could_be_in_it() -> None:
    shown = await against(answering(said="queue is full"))
    hidden = await against(answering("AE", "204", said="no patient MKHIZE"), message=MESSAGE)
    assert step_of(shown, "message").evidence["said"] == "queue is full"
    assert "MKHIZE" not in str(hidden.to_json())


async def test_an_acknowledgement_of_another_message_is_a_fault_of_its_own() -> None:
    result = await against(answering(echo="77"))
    assert (result.grade, step_of(result, "message").code) == (Grade.FAILED, "ACK-MISMATCH")


async def silence(content: bytes) -> None:
    return None


async def test_accepted_and_never_acknowledged_ends_within_the_deadline() -> None:
    began = time.perf_counter()
    result = await against(silence, seconds=0.5)
    step = step_of(result, "message")
    assert step.code == "TIMEOUT"
    assert step.meaning.startswith("accepted, never acknowledged")
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (scripted.silent, "TIMEOUT"),
        (scripted.closing, "CLOSED"),
        (scripted.saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "NOT-HL7"),
        (scripted.saying(b"\x07\x00\x00\x00\x00\x04\x00\x00\x02\x00"), "NOT-HL7"),
        (scripted.saying(frame(b"hello")), "NOT-HL7"),
        (scripted.saying(frame(b"MSH|^~\\&|A|B|C|D|1||ACK|1|P|2.5\r")), "NOT-HL7"),
        (scripted.saying(b"\x0bMSH|^~\\&|A|B"), "CLOSED"),
        (scripted.trickling(b"\x0bMSH|^~\\&|A"), "TIMEOUT"),
        (scripted.trickling(b"blah "), "NOT-HL7"),
        (scripted.flooding(b"\x0b" + b"x" * 50000), "NOT-HL7"),
        (scripted.flooding(b"x" * 50000), "NOT-HL7"),
    ],
)
async def test_a_misbehaving_peer_ends_in_a_clear_result(talk: scripted.Talk, code: str) -> None:
    began = time.perf_counter()
    async with scripted.listening(talk) as port:
        result = await probed(port, seconds=0.8)
    assert (result.grade, step_of(result, "message").code) == (Grade.FAILED, code)
    assert time.perf_counter() - began < 3


async def test_a_peer_that_slams_the_door_is_named() -> None:
    async with scripted.listening(scripted.slamming) as port:
        result = await probed(port, seconds=2)
    assert step_of(result, "message").code in {"CLOSED", "ECONNRESET", "EPIPE"}


async def test_a_dead_port_skips_what_stands_on_it() -> None:
    async with scripted.listening(scripted.silent) as port:
        pass
    result = await probed(port)
    assert step_of(result, "tcp").code == "ECONNREFUSED"
    assert (step_of(result, "message").state, step_of(result, "message").meaning) == (State.SKIPPED, "tcp failed")


async def test_mllp_over_tls_with_a_client_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = server_context(authority.issue())
    context.load_verify_locations(authority.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    trust = Trust(ca_file=authority.ca_file, certificate=authority.issue(["umlindi"]))
    async with MllpServer(answering(), tls=context) as server:
        good = await probed(server.port, tls=trust)
        stranger = await probed(server.port, tls=Trust())
    assert good.grade is Grade.OK
    assert step_of(good, "tls").evidence["version"] == "TLSv1.3"
    assert step_of(stranger, "tls").code == "unknown-ca"


async def test_the_server_answers_in_order_and_leaves_nothing_behind() -> None:
    order: list[int] = []

    async def answer(content: bytes) -> bytes:
        number = int(content)
        await asyncio.sleep(0.02 if number % 2 else 0)
        order.append(number)
        return content

    async with MllpServer(answer) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"".join(frame(b"%d" % number) for number in range(6)))
        assert await reader.readexactly(24) == b"".join(frame(b"%d" % number) for number in range(6))
        idle = await asyncio.open_connection("127.0.0.1", server.port)
    assert order == list(range(6))
    assert await reader.read() == b""
    for stream in (writer, idle[1]):
        stream.close()


@pytest.mark.parametrize("message", ["hello", "MSH|^~\\&|é|Y|Z|W|20000101||ADT^A08|1|P|2.5||||||ASCII"])
def test_a_message_that_cannot_be_sent_is_refused_before_anything_is(message: str) -> None:
    with pytest.raises((NotHl7, UnicodeEncodeError)):
        Hl7Target("127.0.0.1", 1, message=message)


async def test_no_free_text_of_a_peer_comes_back_where_our_message_named_a_patient() -> None:
    async def answer(content: bytes) -> bytes:
        return b"MSH|^~\\&|RIS|A|X|Y|20260817||ACK|9|P|2.5\rMSA|AE|MKHIZE01|MKHIZE|||MKHIZE\rERR|MKHIZE|MKHIZE|MKHIZE|E"

    result = await against(answer, message=MESSAGE)
    assert result.grade is Grade.FAILED
    assert "MKHIZE" not in str(result.to_json())


@pytest.mark.parametrize(
    ("given", "carries"), [({}, "no patient"), ({"message": MESSAGE}, "what its configured text names")]
)
async def test_a_refusal_is_explained_by_what_we_sent_and_where_the_mistake_is(
    given: dict[str, Any], carries: str
) -> None:
    async def answer(content: bytes) -> bytes:
        control_id = parse(content).control_id
        return (
            f"MSH|^~\\&|RIS|A|X|Y|20260817||ACK|9|P|2.5\rMSA|AE|{control_id}\r"
            "ERR||PID^1^3|204^Unknown^HL70357|E||||MKHIZE"
        ).encode()

    result = explain(await against(answer, **given))
    evidence, cause = step_of(result, "message").evidence, result.diagnosis[0]
    assert (evidence["location"], evidence["error"], evidence["carries"]) == ("PID^1^3", "204", carries)
    assert all(told in cause.cause for told in (evidence["control_id"], evidence["sent"], carries, "PID^1^3"))
    assert "then this one" not in cause.fix
    assert given == {} or "MKHIZE" not in str(result.to_json())
