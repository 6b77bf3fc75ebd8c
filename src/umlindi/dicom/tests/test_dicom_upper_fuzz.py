"""Laws of the upper layer: any bytes, any split of them, and what it encodes it decodes."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.dicom import uids
from umlindi.dicom.dimse import command as commands
from umlindi.dicom.dimse.command import Command
from umlindi.dicom.malformed import Malformed
from umlindi.dicom.upper import Acceptor, Closed, Event, Garbage, Requestor, State, Violation, framing, items, pdu
from umlindi.dicom.upper.framing import Framer

WELL_KNOWN = st.sampled_from([uids.VERIFICATION, uids.CT_IMAGE, uids.STUDY_ROOT_FIND])
SYNTAXES = st.sampled_from([uids.EXPLICIT_VR_LE, uids.IMPLICIT_VR_LE, uids.JPEG_BASELINE])
TITLES = st.from_regex(r"\A[A-Z0-9_]{1,16}\Z")
ODD = st.integers(0, 127).map(lambda n: 2 * n + 1)
SMALL_BYTES = st.binary(max_size=40)
PROPOSALS = st.lists(
    st.builds(items.Proposal, ODD, WELL_KNOWN, st.lists(SYNTAXES, min_size=1, max_size=3).map(tuple)),
    min_size=1,
    max_size=8,
    unique_by=lambda proposal: proposal.id,
).map(tuple)
ANSWERS = st.lists(st.builds(items.Answer, ODD, st.integers(0, 4), SYNTAXES), max_size=8).map(tuple)
USERS = st.builds(
    items.UserInformation,
    max_pdu=st.integers(0, 2**32 - 1),
    implementation_uid=WELL_KNOWN,
    implementation_version=TITLES,
    async_operations=st.none() | st.tuples(st.integers(0, 65535), st.integers(0, 65535)),
    roles=st.lists(st.builds(items.Role, WELL_KNOWN, st.booleans(), st.booleans()), max_size=3).map(tuple),
    extended=st.lists(st.builds(items.Extended, WELL_KNOWN, SMALL_BYTES), max_size=3).map(tuple),
    identity=st.none() | st.builds(items.UserIdentity, st.integers(1, 5), SMALL_BYTES, SMALL_BYTES, st.booleans()),
    identity_response=st.none() | SMALL_BYTES,
    other=st.lists(st.tuples(st.sampled_from([0x57, 0x5A, 0xFF]), SMALL_BYTES), max_size=3).map(tuple),
)
US = st.none() | st.integers(0, 65535)
TEXT = st.none() | TITLES
COMMANDS = st.builds(
    Command,
    field=st.integers(0, 65535),
    message_id=US,
    responding_to=US,
    sop_class=st.none() | WELL_KNOWN,
    sop_instance=st.none() | WELL_KNOWN,
    priority=US,
    dataset_type=st.sampled_from([0, 1, commands.NO_DATASET]),
    status=US,
    move_destination=TEXT,
    offending_elements=st.none() | st.binary(max_size=4).map(lambda tags: tags * 2),
    error_comment=TEXT,
    remaining=US,
    completed=US,
    failed=US,
    warning=US,
    move_originator=TEXT,
    move_originator_id=US,
)
RQ = pdu.AssociateRq(
    "ARCHIVE",
    "UMLINDI",
    (items.Proposal(1, uids.VERIFICATION, uids.UNCOMPRESSED),),
    items.UserInformation(16384, "1.2"),
)
AC = pdu.AssociateAc(
    "ARCHIVE", "UMLINDI", (items.Answer(1, 0, uids.IMPLICIT_VR_LE),), items.UserInformation(16384, "1.2")
)


def requestor() -> Requestor:
    return Requestor("UMLINDI", "ARCHIVE", [(uids.VERIFICATION, uids.UNCOMPRESSED)], message_limit=4096)


def acceptor() -> Acceptor:
    return Acceptor(message_limit=4096)


def established() -> Requestor:
    machine = requestor()
    machine.receive(pdu.encode_ac(AC))
    assert machine.state is State.ESTABLISHED
    return machine


MAKERS = [requestor, acceptor, established]


def p_data(*pdvs: tuple[int, int, bytes]) -> bytes:
    """A P-DATA-TF from context id, control byte and fragment of each PDV."""
    body = b"".join(struct.pack(">IBB", len(data) + 2, context, control) + data for context, control, data in pdvs)
    return framing.HEADER.pack(framing.P_DATA_TF, len(body)) + body


def fed(machine: Requestor | Acceptor, chunks: Sequence[bytes]) -> tuple[list[Event], bytes]:
    """Every event and every byte to send, end of stream included."""
    events = [event for chunk in chunks for event in machine.receive(chunk)]
    return events + machine.receive_eof(), machine.to_send()


ECHO_RSP = commands.encode(Command(commands.CommandField.C_ECHO_RSP, responding_to=1, status=0))
# Streams with whole and broken PDUs in them, so that more than the first header is reached.
PIECES = st.sampled_from(
    [
        pdu.encode_rq(RQ),
        pdu.encode_ac(AC),
        pdu.encode_rj(1, 1, 7),
        pdu.encode_abort(2, 1),
        pdu.RELEASE_RQ_BYTES,
        pdu.RELEASE_RP_BYTES,
        p_data((1, 3, ECHO_RSP)),
        p_data((1, 1, ECHO_RSP[:9]), (1, 3, ECHO_RSP[9:])),
        p_data((3, 3, ECHO_RSP)),
        p_data((1, 2, b"data")),
        p_data((1, 0, b"")),
    ]
)
STREAMS = st.lists(PIECES | st.binary(max_size=12), max_size=6).map(b"".join)


@pytest.mark.parametrize("make", MAKERS)
@given(data=st.data())
def test_any_split_of_a_stream_gives_the_same_events_and_answers(
    make: Callable[[], Requestor | Acceptor], data: st.DataObject
) -> None:
    stream = data.draw(STREAMS)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert fed(make(), chunks) == fed(make(), [stream])


@pytest.mark.parametrize("make", MAKERS)
@given(stream=st.binary(max_size=300))
def test_any_bytes_end_in_an_event_and_never_in_an_error(
    make: Callable[[], Requestor | Acceptor], stream: bytes
) -> None:
    machine = make()
    events, _ = fed(machine, [stream])
    assert machine.closed
    assert events


@pytest.mark.parametrize("make", MAKERS)
@given(flip=st.integers(0, 400), value=st.integers(0, 255), base=PIECES)
def test_one_changed_byte_never_raises(
    make: Callable[[], Requestor | Acceptor], flip: int, value: int, base: bytes
) -> None:
    broken = bytearray(base)
    broken[flip % len(broken)] = value
    fed(make(), [bytes(broken)])


@given(cut=st.integers(0, 400), base=PIECES)
def test_a_truncated_pdu_is_told_as_closed_with_what_was_pending(cut: int, base: bytes) -> None:
    part = base[: cut % len(base)]
    events, _ = fed(requestor(), [part])
    assert events in ([Closed(min(len(part), 6))], [Closed(len(part))]) or isinstance(events[-1], Violation)


@given(proposals=PROPOSALS, user=USERS, called=TITLES, calling=TITLES)
def test_an_association_request_comes_back_as_it_was_encoded(
    proposals: tuple[items.Proposal, ...], user: items.UserInformation, called: str, calling: str
) -> None:
    rq = pdu.AssociateRq(called, calling, proposals, user)
    assert pdu.decode_rq(pdu.encode_rq(rq)[6:]) == rq


@given(answers=ANSWERS, user=USERS, called=TITLES, calling=TITLES)
def test_an_association_answer_comes_back_as_it_was_encoded(
    answers: tuple[items.Answer, ...], user: items.UserInformation, called: str, calling: str
) -> None:
    ac = pdu.AssociateAc(called, calling, answers, user)
    assert pdu.decode_ac(pdu.encode_ac(ac)[6:]) == ac


@given(command=COMMANDS)
def test_a_command_set_comes_back_as_it_was_encoded(command: Command) -> None:
    encoded = commands.encode(command)
    assert len(encoded) % 2 == 0
    assert commands.decode(encoded) == command


@given(data=st.binary(max_size=200))
def test_any_bytes_as_a_command_set_decode_or_are_malformed(data: bytes) -> None:
    try:
        commands.decode(data)
    except Malformed as error:
        assert error.why


@given(command=COMMANDS, dataset=st.binary(max_size=3000), max_pdu=st.integers(8, 600))
def test_a_message_cut_for_the_smallest_peer_arrives_whole_and_no_pdu_is_too_long(
    command: Command, dataset: bytes, max_pdu: int
) -> None:
    sender, receiver = requestor(), Acceptor(max_pdu=max_pdu)
    receiver.receive(sender.to_send())
    receiver.accept({uids.VERIFICATION: uids.UNCOMPRESSED})
    sender.receive(receiver.to_send())
    sender.send_message(1, command, dataset if command.has_dataset else None)
    stream = sender.to_send()
    (message,) = receiver.receive(stream)
    assert (message.command, message.dataset) == (command, dataset if command.has_dataset else None)  # type: ignore[union-attr]
    assert max(lengths_of(stream)) <= max_pdu


def lengths_of(stream: bytes) -> list[int]:
    framer = Framer(1 << 20)
    framer.feed(stream)
    lengths = []
    while (unit := framer.next()) is not None:
        lengths.append(len(unit.body))
    return lengths


@given(fragment=st.binary(min_size=1000, max_size=4000))
def test_an_endless_command_set_is_refused_at_its_limit(fragment: bytes) -> None:
    machine = established()
    unit = p_data((1, 1, fragment))
    for _ in range(65536 // len(fragment)):
        assert machine.receive(unit) == []
    (event,) = machine.receive(unit)
    assert isinstance(event, Violation)


@given(fragment=st.binary(min_size=100, max_size=500))
def test_an_endless_data_set_is_refused_at_its_limit(fragment: bytes) -> None:
    machine = established()
    machine.receive(p_data((1, 3, commands.encode(Command(commands.CommandField.C_FIND_RSP, dataset_type=1)))))
    unit = p_data((1, 0, fragment))
    for _ in range(4096 // len(fragment)):
        assert machine.receive(unit) == []
    (event,) = machine.receive(unit)
    assert isinstance(event, Violation)


@given(length=st.integers(0, 2**32 - 1), kind=st.integers(1, 7))
def test_a_claimed_length_is_judged_by_the_header_alone(length: int, kind: int) -> None:
    machine = established()
    events = machine.receive(framing.HEADER.pack(kind, length))
    permitted = length == 4 if kind in (3, 5, 6, 7) else length <= (1 << 17 if kind == 4 else 1 << 20)
    waiting = permitted and length > 0
    assert waiting == (events == [])


@pytest.mark.parametrize(
    ("first", "looks_like"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH"),
        (b"\x0bMSH|^~\\&|RIS|", "HL7 MLLP"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "TLS"),
        (b"220 mail ESMTP\r\n", "FTP or SMTP"),
        (b"RFB 003.008\n", "VNC"),
        (b"\x03\x00\x00\x13\x0e\xd0\x00\x00", "RDP"),
        (b"\x99\x98\x97\x96\x95\x94", "an unknown protocol"),
    ],
)
@pytest.mark.parametrize("make", [requestor, acceptor])
def test_what_is_not_dicom_is_named(make: Callable[[], Requestor | Acceptor], first: bytes, looks_like: str) -> None:
    machine = make()
    machine.to_send()
    assert machine.receive(first) == [Garbage(0, first[:6], looks_like)]
    assert machine.to_send() == b""
