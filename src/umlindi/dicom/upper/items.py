"""The variable items of association PDUs (PS3.8 9.3.2, 9.3.3 and Annex D; PS3.7 Annex D) as values and bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from umlindi.dicom.malformed import AbortReason, Malformed

_ITEM = struct.Struct(">BxH")
_SHORT = struct.Struct(">H")
# 128 contexts, a role and an extended negotiation for each, need less.
MOST_ITEMS = 1000

APPLICATION_CONTEXT_ITEM = 0x10
CONTEXT_RQ_ITEM = 0x20
CONTEXT_AC_ITEM = 0x21
ABSTRACT_SYNTAX_ITEM = 0x30
TRANSFER_SYNTAX_ITEM = 0x40
USER_INFORMATION_ITEM = 0x50
MAX_LENGTH_ITEM = 0x51
IMPLEMENTATION_UID_ITEM = 0x52
ASYNC_OPERATIONS_ITEM = 0x53
ROLE_SELECTION_ITEM = 0x54
IMPLEMENTATION_VERSION_ITEM = 0x55
EXTENDED_NEGOTIATION_ITEM = 0x56
USER_IDENTITY_RQ_ITEM = 0x58
USER_IDENTITY_AC_ITEM = 0x59


@dataclass(frozen=True, slots=True)
class Proposal:
    """A presentation context as proposed: an odd id, an abstract syntax, transfer syntaxes by preference."""

    id: int
    abstract: str
    transfers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A presentation context as answered. `transfer` is significant only where `result` is 0 (acceptance)."""

    id: int
    result: int
    transfer: str


@dataclass(frozen=True, slots=True)
class Role:
    """SCP/SCU role selection for a SOP class (PS3.7 D.3.3.4): the roles the requestor proposes, or may take."""

    sop_class: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class Extended:
    """SOP class extended negotiation (PS3.7 D.3.3.5); the application information is kept as it came."""

    sop_class: str
    information: bytes


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """User identity negotiation (PS3.7 D.3.3.7): 1 name, 2 name and passcode, 3 Kerberos, 4 SAML, 5 JWT."""

    kind: int
    primary: bytes
    secondary: bytes = b""
    wants_response: bool = False

    def __repr__(self) -> str:
        """Neither the name nor the passcode reaches a log."""
        return f"UserIdentity(kind={self.kind})"


@dataclass(frozen=True, slots=True)
class UserInformation:
    """What one side says of itself. `max_pdu` is the longest P-DATA-TF variable field it takes; 0 means no limit.

    `async_operations` is (invoked, performed). `other` keeps sub-items this room does not read: type and bytes.
    """

    max_pdu: int = 0
    implementation_uid: str = ""
    implementation_version: str = ""
    async_operations: tuple[int, int] | None = None
    roles: tuple[Role, ...] = ()
    extended: tuple[Extended, ...] = ()
    identity: UserIdentity | None = None
    identity_response: bytes | None = None
    other: tuple[tuple[int, bytes], ...] = ()


def item(kind: int, value: bytes) -> bytes:
    """Type, reserved byte, two-byte length, value."""
    return _ITEM.pack(kind, len(value)) + value


def items(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Cut a field into its items. Raises `Malformed` where a length runs over the end, or there are far too many."""
    at = count = 0
    while at < len(body):
        count += 1
        if count > MOST_ITEMS:
            raise Malformed(f"more than {MOST_ITEMS} items in one field")
        if len(body) - at < _ITEM.size:
            raise Malformed("an item's header is cut off")
        kind, length = _ITEM.unpack_from(body, at)
        at += _ITEM.size
        if len(body) - at < length:
            raise Malformed(f"item {kind:#04x} claims {length} bytes, {len(body) - at} are there")
        yield kind, body[at : at + length]
        at += length


def uid_bytes(uid: str) -> bytes:
    """UIDs here are not padded (PS3.8 Annex F)."""
    return uid.encode("ascii")


def uid_text(value: bytes) -> str:
    """Tolerates the padding some peers send."""
    return value.rstrip(b"\0 ").decode("latin-1")


def encode_proposal(proposal: Proposal) -> bytes:
    transfers = b"".join(item(TRANSFER_SYNTAX_ITEM, uid_bytes(uid)) for uid in proposal.transfers)
    head = bytes((proposal.id, 0, 0, 0)) + item(ABSTRACT_SYNTAX_ITEM, uid_bytes(proposal.abstract))
    return item(CONTEXT_RQ_ITEM, head + transfers)


def decode_proposal(value: bytes) -> Proposal:
    identity = _context_id(value)
    parts = list(items(value[4:]))
    abstract = [uid_text(part) for kind, part in parts if kind == ABSTRACT_SYNTAX_ITEM]
    transfers = tuple(uid_text(part) for kind, part in parts if kind == TRANSFER_SYNTAX_ITEM)
    if len(abstract) != 1 or not transfers:
        raise Malformed(f"presentation context {identity} needs one abstract syntax and a transfer syntax")
    return Proposal(identity, abstract[0], transfers)


def encode_answer(answer: Answer) -> bytes:
    head = bytes((answer.id, 0, answer.result, 0))
    return item(CONTEXT_AC_ITEM, head + item(TRANSFER_SYNTAX_ITEM, uid_bytes(answer.transfer)))


def decode_answer(value: bytes) -> Answer:
    """A refused context may come without its transfer syntax: it is not significant (PS3.8 9.3.3.2)."""
    identity = _context_id(value)
    transfers = [uid_text(part) for kind, part in items(value[4:]) if kind == TRANSFER_SYNTAX_ITEM]
    if value[2] == 0 and len(transfers) != 1:
        raise Malformed(f"presentation context {identity} is accepted without one transfer syntax")
    return Answer(identity, value[2], transfers[0] if transfers else "")


def _context_id(value: bytes) -> int:
    if len(value) < 4:
        raise Malformed("a presentation context item is cut off")
    if value[0] % 2 == 0:
        raise Malformed(f"presentation context id {value[0]} is not odd")
    return value[0]


def encode_user(user: UserInformation) -> bytes:
    parts = [item(MAX_LENGTH_ITEM, struct.pack(">I", user.max_pdu))]
    parts += [item(IMPLEMENTATION_UID_ITEM, uid_bytes(user.implementation_uid))]
    if user.async_operations is not None:
        parts.append(item(ASYNC_OPERATIONS_ITEM, struct.pack(">HH", *user.async_operations)))
    parts += [_encode_role(role) for role in user.roles]
    if user.implementation_version:
        parts.append(item(IMPLEMENTATION_VERSION_ITEM, user.implementation_version.encode("ascii")))
    parts += [item(EXTENDED_NEGOTIATION_ITEM, _sized(uid_bytes(e.sop_class)) + e.information) for e in user.extended]
    if user.identity is not None:
        parts.append(_encode_identity(user.identity))
    if user.identity_response is not None:
        parts.append(item(USER_IDENTITY_AC_ITEM, _sized(user.identity_response)))
    parts += [item(kind, value) for kind, value in user.other]
    return item(USER_INFORMATION_ITEM, b"".join(parts))


def _encode_role(role: Role) -> bytes:
    return item(ROLE_SELECTION_ITEM, _sized(uid_bytes(role.sop_class)) + bytes((role.scu, role.scp)))


def _encode_identity(identity: UserIdentity) -> bytes:
    head = bytes((identity.kind, identity.wants_response))
    return item(USER_IDENTITY_RQ_ITEM, head + _sized(identity.primary) + _sized(identity.secondary))


def _sized(value: bytes) -> bytes:
    return _SHORT.pack(len(value)) + value


def decode_user(value: bytes) -> UserInformation:
    user = UserInformation()
    for kind, part in items(value):
        decode = _USER_DECODERS.get(kind)
        user = decode(user, part) if decode else replace(user, other=(*user.other, (kind, part)))
    return user


def _max_pdu(user: UserInformation, part: bytes) -> UserInformation:
    if len(part) != 4:
        raise Malformed("the maximum length item is not four bytes")
    return replace(user, max_pdu=int.from_bytes(part, "big"))


def _implementation_uid(user: UserInformation, part: bytes) -> UserInformation:
    return replace(user, implementation_uid=uid_text(part))


def _implementation_version(user: UserInformation, part: bytes) -> UserInformation:
    return replace(user, implementation_version=part.rstrip(b"\0 ").decode("latin-1"))


def _async_operations(user: UserInformation, part: bytes) -> UserInformation:
    if len(part) != 4:
        raise Malformed("the asynchronous operations item is not four bytes")
    invoked, performed = struct.unpack(">HH", part)
    return replace(user, async_operations=(invoked, performed))


def _role(user: UserInformation, part: bytes) -> UserInformation:
    uid, rest = _unsized(part)
    if len(rest) != 2:
        raise Malformed("the role selection item does not end in two roles")
    return replace(user, roles=(*user.roles, Role(uid_text(uid), rest[0] == 1, rest[1] == 1)))


def _extended(user: UserInformation, part: bytes) -> UserInformation:
    uid, rest = _unsized(part)
    return replace(user, extended=(*user.extended, Extended(uid_text(uid), rest)))


def _identity(user: UserInformation, part: bytes) -> UserInformation:
    if len(part) < 2:
        raise Malformed("the user identity item is cut off")
    primary, rest = _unsized(part[2:])
    secondary, rest = _unsized(rest)
    if rest:
        raise Malformed("the user identity item has bytes left over", AbortReason.UNEXPECTED_PARAMETER)
    return replace(user, identity=UserIdentity(part[0], primary, secondary, part[1] == 1))


def _identity_response(user: UserInformation, part: bytes) -> UserInformation:
    response, _ = _unsized(part)
    return replace(user, identity_response=response)


def _unsized(value: bytes) -> tuple[bytes, bytes]:
    """A two-byte length, that many bytes, and the rest."""
    if len(value) < 2 or len(value) - 2 < _SHORT.unpack_from(value)[0]:
        raise Malformed("a length runs over the end of its item")
    end = 2 + _SHORT.unpack_from(value)[0]
    return value[2:end], value[end:]


_USER_DECODERS = {
    MAX_LENGTH_ITEM: _max_pdu,
    IMPLEMENTATION_UID_ITEM: _implementation_uid,
    ASYNC_OPERATIONS_ITEM: _async_operations,
    ROLE_SELECTION_ITEM: _role,
    IMPLEMENTATION_VERSION_ITEM: _implementation_version,
    EXTENDED_NEGOTIATION_ITEM: _extended,
    USER_IDENTITY_RQ_ITEM: _identity,
    USER_IDENTITY_AC_ITEM: _identity_response,
}
