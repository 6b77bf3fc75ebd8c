"""The ladder against sockets that misbehave as no real peer can be made to: always a clear result, always in time."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from umlindi.dicom import uids
from umlindi.dicom.canary import Canary
from umlindi.dicom.dimse.command import DATASET_FOLLOWS, Command, CommandField
from umlindi.dicom.dimse.datasets import encode_dataset
from umlindi.dicom.probe import DicomTarget, probe, retrieval
from umlindi.dicom.probe.query import study_keys
from umlindi.dicom.upper import Acceptor, Context, Message, ReleaseRequested, Requested, items, pdu
from umlindi.probes import Deadline, Grade, Layer, ProbeResult, State, Step
from umlindi.testing.peers import free_port

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
# Ample for a loaded machine; and as little as a time-out can be shown with.
SECONDS, SHORT = 8.0, 2.0


@asynccontextmanager
async def scripted(script: Script) -> AsyncIterator[int]:
    """A listener that runs a script on every connection; its port."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await script(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(run, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def climbed(port: int, seconds: float = SECONDS, **changes: Any) -> ProbeResult:
    """The ladder, which must end within its deadline and a little."""
    began = time.monotonic()
    target = DicomTarget("127.0.0.1", port, called="PEER", calling="UMLINDI", move_host="127.0.0.1", **changes)
    result = await probe(target, Deadline(seconds))
    assert time.monotonic() - began < seconds + 1.5
    return result


def told(result: ProbeResult, name: str) -> Step:
    step = result.step(name)
    assert step is not None
    return step


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


def saying(*data: bytes, every: float = 0.0) -> Script:
    """Wait for the first byte of the peer, then say this."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await reader.read(65536):
            return
        for piece in data:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)
        await silence(reader, writer)

    return script


async def hang_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(10)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if await reader.read(10):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


AC = pdu.encode_ac(
    pdu.AssociateAc("PEER", "UMLINDI", (items.Answer(1, 0, uids.EXPLICIT_VR_LE),), items.UserInformation(16384))
)


@pytest.mark.parametrize(
    ("script", "code", "layer", "words"),
    [
        (silence, "TIMEOUT", Layer.ASSOCIATION, "no answer within"),
        (saying(*(AC[n : n + 1] for n in range(len(AC))), every=1.0), "TIMEOUT", Layer.ASSOCIATION, "no answer within"),
        (hang_up, "CLOSED", Layer.ASSOCIATION, "without a word"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "GARBAGE", Layer.ASSOCIATION, "looks like HTTP"),
        (saying(b"\x0bMSH|^~\\&|RIS"), "GARBAGE", Layer.ASSOCIATION, "looks like HL7 MLLP"),
        (saying(bytes(range(200, 250))), "GARBAGE", Layer.ASSOCIATION, "an unknown protocol"),
        (saying(b"\x02\x00\xff\xff\xff\xff"), "GARBAGE", Layer.ASSOCIATION, "A-ASSOCIATE-AC claims 4294967295 bytes"),
        (saying(b"\x04\x00\x7f\xff\xff\xff"), "GARBAGE", Layer.ASSOCIATION, "P-DATA-TF claims"),
        (saying(pdu.encode_abort(2, 1)), "AB 2/1", Layer.ASSOCIATION, "unrecognized PDU"),
        (saying(pdu.encode_rj(2, 3, 1)), "RJ 2/3/1", Layer.ASSOCIATION, "temporary congestion"),
        (reset, "ECONNRESET", Layer.TRANSPORT, "reset"),
    ],
    ids=["silent", "trickle", "hangs up", "HTTP", "MLLP", "noise", "huge AC", "huge data", "abort", "busy", "reset"],
)
async def test_each_way_to_fail_an_association_has_its_code(
    script: Script, code: str, layer: Layer, words: str
) -> None:
    async with scripted(script) as port:
        result = await climbed(port, SHORT if code == "TIMEOUT" else SECONDS)
    step = told(result, "association")
    assert (step.code, step.layer) == (code, layer)
    assert words in step.meaning
    assert result.grade is Grade.FAILED
    assert {step.state for step in result.steps[4:]} == {State.SKIPPED}


async def test_nothing_listening_is_econnrefused() -> None:
    result = await climbed(free_port())
    assert told(result, "tcp").code == "ECONNREFUSED"
    assert told(result, "association").meaning == "tcp failed"


async def test_a_name_that_does_not_exist_fails_to_resolve() -> None:
    result = await probe(DicomTarget("nowhere.invalid", 104, "PEER", "UMLINDI"), Deadline(SECONDS))
    assert told(result, "resolve").code.startswith("EAI_")
    assert told(result, "tcp").state is State.SKIPPED


SUPPORTED = {
    uids.VERIFICATION: uids.UNCOMPRESSED,
    uids.STUDY_ROOT_FIND: uids.UNCOMPRESSED,
    uids.STUDY_ROOT_MOVE: uids.UNCOMPRESSED,
    uids.STUDY_ROOT_GET: uids.UNCOMPRESSED,
    uids.SECONDARY_CAPTURE: uids.UNCOMPRESSED,
}
Answer = tuple[Command, bytes | None]


def dicom(answer: Callable[[Message, Acceptor], Awaitable[list[Answer]]]) -> Script:
    """A DICOM peer that associates and releases properly, and answers messages as told."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        machine = Acceptor()
        while data := await reader.read(65536):
            for event in machine.receive(data):
                if isinstance(event, Requested):
                    machine.accept(SUPPORTED)
                elif isinstance(event, ReleaseRequested):
                    machine.confirm_release()
                elif isinstance(event, Message):
                    for command, dataset in await answer(event, machine):
                        machine.send_message(event.context.id, command, dataset)
                        writer.write(machine.to_send())
                        await writer.drain()
            writer.write(machine.to_send())
            await writer.drain()

    return script


def response(message: Message, status: int = 0, **fields: Any) -> Command:
    request = message.command
    return Command(request.field | 0x8000, responding_to=request.message_id, status=status, **fields)


async def well(message: Message, _machine: Acceptor) -> list[Answer]:
    return [(response(message), None)]


async def test_a_peer_that_accepts_but_never_answers_an_echo_is_not_waited_for_again() -> None:
    async def mute(_message: Message, _machine: Acceptor) -> list[Answer]:
        return []

    async with scripted(dicom(mute)) as port:
        result = await climbed(port, SHORT)
    assert told(result, "association").state is State.OK
    assert told(result, "echo").code == "TIMEOUT"
    assert told(result, "find").meaning == "the peer did not answer C-ECHO"


async def test_an_endless_stream_of_matches_ends_in_a_clear_result() -> None:
    async def endless(message: Message, machine: Acceptor) -> list[Answer]:
        if message.command.field != CommandField.C_FIND_RQ:
            return await well(message, machine)
        match = encode_dataset(study_keys("20260101", study_uid="1.2.3"), message.context.transfer)
        return [(response(message, 0xFF00, dataset_type=DATASET_FOLLOWS), match)] * 200_000

    async with scripted(dicom(endless)) as port:
        result = await climbed(port, canary=False, find_at_most=50)
    step = told(result, "find")
    assert step.state is State.FAILED
    assert "goes on after C-CANCEL" in step.meaning
    assert step.evidence == {"matches": 50, "cancelled": True}


async def test_matches_that_trickle_end_with_the_steps_share_of_the_deadline() -> None:
    async def trickle(message: Message, machine: Acceptor) -> list[Answer]:
        if message.command.field != CommandField.C_FIND_RQ:
            return await well(message, machine)
        await asyncio.sleep(3600)
        return []

    async with scripted(dicom(trickle)) as port:
        result = await climbed(port, SHORT, canary=False, expect=frozenset({"echo", "find"}))
    assert told(result, "find").code == "TIMEOUT"
    assert result.grade is Grade.FAILED


async def test_matches_that_are_not_data_sets_are_garbage() -> None:
    async def nonsense(message: Message, machine: Acceptor) -> list[Answer]:
        if message.command.field != CommandField.C_FIND_RQ:
            return await well(message, machine)
        return [(response(message, 0xFF00, dataset_type=DATASET_FOLLOWS), b"\x28\x00\x10\x00US\x03\x00xxx")]

    async with scripted(dicom(nonsense)) as port:
        result = await climbed(port, canary=False)
    assert (told(result, "find").code, told(result, "find").layer) == ("GARBAGE", Layer.DATA)


async def test_a_peer_that_releases_in_mid_work_is_told_as_closed() -> None:
    async def leaving(_message: Message, machine: Acceptor) -> list[Answer]:
        machine.release()
        return []

    async with scripted(dicom(leaving)) as port:
        result = await climbed(port, canary=False)
    step = told(result, "echo")
    assert (step.code, step.meaning) == ("CLOSED", "the peer released the association before the work was done")


async def test_an_answer_to_another_message_is_garbage() -> None:
    async def confused(message: Message, _machine: Acceptor) -> list[Answer]:
        return [(Command(message.command.field | 0x8000, responding_to=999, status=0), None)]

    async with scripted(dicom(confused)) as port:
        result = await climbed(port, canary=False)
    assert (told(result, "echo").code, told(result, "echo").layer) == ("GARBAGE", Layer.DIMSE)


async def test_a_peer_that_says_success_but_brings_back_too_little_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C-GET answers success with one of three instances; C-MOVE with none, however long one waits."""
    monkeypatch.setattr(retrieval, "_STRAGGLER_SECONDS", 0.2)

    async def short(message: Message, machine: Acceptor) -> list[Answer]:
        if message.command.field == CommandField.C_GET_RQ:
            return [_first_instance(machine, changed=False), (response(message, completed=3, failed=0), None)]
        if message.command.field == CommandField.C_STORE_RSP:
            return []
        return await well(message, machine)

    async with scripted(dicom(short)) as port:
        result = await climbed(port, move_port=free_port())
    assert told(result, "store").state is State.OK
    assert (told(result, "get").code, told(result, "get").layer) == ("INCOMPLETE", Layer.DATA)
    assert told(result, "get").evidence["instances"] == 1
    assert told(result, "move").code == "INCOMPLETE"
    assert result.grade is Grade.DEGRADED


def _first_instance(machine: Acceptor, changed: bool) -> Answer:
    dataset = Canary("UMLINDI").datasets()[0]
    if changed:
        dataset.PixelData = bytes(len(dataset.PixelData))
    context = next(each for each in machine.contexts.values() if each.abstract == uids.SECONDARY_CAPTURE)
    return _store_request(context, str(dataset.SOPInstanceUID)), encode_dataset(dataset, context.transfer)


def _store_request(context: Context, uid: str) -> Command:
    return Command(
        CommandField.C_STORE_RQ,
        7,
        sop_class=context.abstract,
        sop_instance=uid,
        priority=0,
        dataset_type=DATASET_FOLLOWS,
    )


async def test_a_peer_that_stops_reading_cannot_hold_up_store() -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        machine = Acceptor()
        while data := await reader.read(4096):
            for event in machine.receive(data):
                if isinstance(event, Requested):
                    machine.accept(SUPPORTED)
                elif isinstance(event, ReleaseRequested):
                    machine.confirm_release()
                elif isinstance(event, Message) and event.command.field == CommandField.C_ECHO_RQ:
                    machine.send_message(event.context.id, response(event))
                elif isinstance(event, Message):
                    await asyncio.sleep(3600)
            writer.write(machine.to_send())

    async with scripted(deaf) as port:
        result = await climbed(port, SHORT, expect=frozenset({"echo", "store"}))
    assert told(result, "store").code == "TIMEOUT"


async def test_a_cancelled_probe_leaves_no_socket_behind() -> None:
    open_connections = 0

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_connections
        open_connections += 1
        await silence(reader, writer)
        open_connections -= 1

    async with scripted(counting) as port:
        task = asyncio.create_task(climbed(port, seconds=60))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        assert open_connections == 0


async def test_a_port_that_is_taken_fails_move_and_nothing_else() -> None:
    async with scripted(dicom(well)) as port:
        result = await climbed(port, move_port=port)
    assert told(result, "move").code == "EADDRINUSE"


def test_a_target_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="telepathy cannot be expected"):
        DicomTarget("h", 104, "A", "B", expect=frozenset({"telepathy"}))
    with pytest.raises(ValueError, match="read-only"):
        DicomTarget("h", 104, "A", "B", expect=frozenset({"store"}), canary=False)
    with pytest.raises(ValueError, match="DICOMweb"):
        DicomTarget("h", 104, "A", "B", expect=frozenset({"wado"}))
    with pytest.raises(ValueError, match="leaves it out"):
        DicomTarget("h", 104, "A", "B", expect=frozenset({"echo", "find"}), only=frozenset({"association", "echo"}))
