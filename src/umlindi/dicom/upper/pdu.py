"""The seven PDUs (PS3.8 9.3) as values and bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from umlindi.dicom.malformed import Malformed
from umlindi.dicom.uids import APPLICATION_CONTEXT
from umlindi.dicom.upper import items
from umlindi.dicom.upper.framing import ABORT, ASSOCIATE_AC, ASSOCIATE_RJ, ASSOCIATE_RQ, HEADER, P_DATA_TF, RELEASE_RQ
from umlindi.dicom.upper.framing import RELEASE_RP as RELEASE_RP_TYPE

_FIXED = struct.Struct(">Hxx16s16s32x")
_PDV = struct.Struct(">IBB")
_PDV_AND_PDU = struct.Struct(">BxIIBB")

RELEASE_RQ_BYTES = HEADER.pack(RELEASE_RQ, 4) + bytes(4)
RELEASE_RP_BYTES = HEADER.pack(RELEASE_RP_TYPE, 4) + bytes(4)

COMMAND = 0x01
LAST = 0x02


@dataclass(frozen=True, slots=True)
class AssociateRq:
    """A-ASSOCIATE-RQ. AE titles without their padding; bit 0 of `version` is protocol version 1."""

    called: str
    calling: str
    proposals: tuple[items.Proposal, ...]
    user: items.UserInformation
    version: int = 1
    application_context: str = APPLICATION_CONTEXT


@dataclass(frozen=True, slots=True)
class AssociateAc:
    """A-ASSOCIATE-AC. Its AE titles echo the request and are not to be tested (PS3.8 9.3.3)."""

    called: str
    calling: str
    answers: tuple[items.Answer, ...]
    user: items.UserInformation
    version: int = 1
    application_context: str = APPLICATION_CONTEXT


@dataclass(frozen=True, slots=True)
class Pdv:
    """A presentation data value: a fragment of a command set or of a data set."""

    context_id: int
    command: bool
    last: bool
    data: bytes | memoryview


def encode_rq(rq: AssociateRq) -> bytes:
    contexts = b"".join(items.encode_proposal(proposal) for proposal in rq.proposals)
    return _associate(ASSOCIATE_RQ, rq, contexts)


def encode_ac(ac: AssociateAc) -> bytes:
    return _associate(ASSOCIATE_AC, ac, b"".join(items.encode_answer(answer) for answer in ac.answers))


def _associate(kind: int, pdu: AssociateRq | AssociateAc, contexts: bytes) -> bytes:
    fixed = _FIXED.pack(pdu.version, _ae_bytes(pdu.called), _ae_bytes(pdu.calling))
    application = items.item(items.APPLICATION_CONTEXT_ITEM, items.uid_bytes(pdu.application_context))
    body = fixed + application + contexts + items.encode_user(pdu.user)
    return HEADER.pack(kind, len(body)) + body


def decode_rq(body: bytes) -> AssociateRq:
    version, called, calling, parts = _fixed(body)
    proposals = tuple(items.decode_proposal(part) for kind, part in parts if kind == items.CONTEXT_RQ_ITEM)
    ids = {proposal.id for proposal in proposals}
    if not proposals or len(ids) != len(proposals):
        raise Malformed("A-ASSOCIATE-RQ without presentation contexts, or with one id twice")
    return AssociateRq(called, calling, proposals, _user(parts), version, _application_context(parts))


def decode_ac(body: bytes) -> AssociateAc:
    version, called, calling, parts = _fixed(body)
    answers = tuple(items.decode_answer(part) for kind, part in parts if kind == items.CONTEXT_AC_ITEM)
    return AssociateAc(called, calling, answers, _user(parts), version, _application_context(parts))


def _fixed(body: bytes) -> tuple[int, str, str, list[tuple[int, bytes]]]:
    if len(body) < _FIXED.size:
        raise Malformed(f"an association PDU of {len(body)} bytes, at least {_FIXED.size} are fixed")
    version, called, calling = _FIXED.unpack_from(body)
    return version, _ae_text(called), _ae_text(calling), list(items.items(body[_FIXED.size :]))


def _user(parts: list[tuple[int, bytes]]) -> items.UserInformation:
    found = [part for kind, part in parts if kind == items.USER_INFORMATION_ITEM]
    if len(found) != 1:
        raise Malformed(f"{len(found)} user information items, one is due")
    return items.decode_user(found[0])


def _application_context(parts: list[tuple[int, bytes]]) -> str:
    found = [part for kind, part in parts if kind == items.APPLICATION_CONTEXT_ITEM]
    if len(found) != 1:
        raise Malformed(f"{len(found)} application context items, one is due")
    return items.uid_text(found[0])


def _ae_bytes(title: str) -> bytes:
    return title.encode("ascii").ljust(16)


def _ae_text(field: bytes) -> str:
    """Leading and trailing spaces are not significant (PS3.8 9.3.2); some peers pad with nulls."""
    return field.strip(b" \0").decode("latin-1")


def encode_rj(result: int, source: int, reason: int) -> bytes:
    return HEADER.pack(ASSOCIATE_RJ, 4) + bytes((0, result, source, reason))


def encode_abort(source: int, reason: int) -> bytes:
    return HEADER.pack(ABORT, 4) + bytes((0, 0, source, reason))


def encode_fragments(context_id: int, command: bool, data: bytes, max_pdu: int) -> Iterator[bytes]:
    """P-DATA-TFs of one PDV each. `max_pdu` bounds the variable field, which holds six bytes beside the fragment."""
    room = max_pdu - _PDV.size
    kind = COMMAND if command else 0
    for at in range(0, max(len(data), 1), room):
        fragment = data[at : at + room]
        control = kind | (LAST if at + room >= len(data) else 0)
        head = _PDV_AND_PDU.pack(P_DATA_TF, len(fragment) + _PDV.size, len(fragment) + 2, context_id, control)
        yield head
        yield fragment


def decode_pdvs(body: bytes) -> list[Pdv]:
    """Every PDV of a P-DATA-TF; the fragments are views into `body`."""
    view = memoryview(body)
    found, at = [], 0
    while at < len(body):
        if len(body) - at < _PDV.size:
            raise Malformed("a PDV's header is cut off")
        length, context_id, control = _PDV.unpack_from(body, at)
        end = at + 4 + length
        if length < 2 or end > len(body):
            raise Malformed(f"a PDV claims {length} bytes, {len(body) - at - 4} are there")
        found.append(Pdv(context_id, bool(control & COMMAND), bool(control & LAST), view[at + _PDV.size : end]))
        at = end
    if not found:
        raise Malformed("a P-DATA-TF without a PDV")
    return found
