"""What an association tells its driver. Names follow PS3.8 and PS3.7."""

from __future__ import annotations

from dataclasses import dataclass

from umlindi.dicom.dimse.command import Command
from umlindi.dicom.upper.items import Proposal, UserInformation


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context. `as_scp` is true where the requestor may also be served (role selection)."""

    id: int
    abstract: str
    transfer: str
    as_scp: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A presentation context that was not accepted; `result` as PS3.8 Table 9-18 has it (1 to 4)."""

    id: int
    abstract: str
    transfers: tuple[str, ...]
    result: int


@dataclass(frozen=True, slots=True)
class Requested:
    """To the acceptor: somebody wants an association. Answer with `accept` or `reject`."""

    called: str
    calling: str
    proposals: tuple[Proposal, ...]
    user: UserInformation


@dataclass(frozen=True, slots=True)
class Accepted:
    """To the requestor: the association stands. `max_pdu` is what the peer takes, 0 for no limit."""

    contexts: tuple[Context, ...]
    refused: tuple[Refused, ...]
    max_pdu: int
    implementation_uid: str
    implementation_version: str
    user: UserInformation


@dataclass(frozen=True, slots=True)
class Rejected:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class Message:
    """A whole DIMSE message. `dataset` is encoded in the context's transfer syntax."""

    context: Context
    command: Command
    dataset: bytes | None


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """The peer asks to end the association. Answer with `confirm_release`."""


@dataclass(frozen=True, slots=True)
class Released:
    """Both sides agreed to end the association."""


@dataclass(frozen=True, slots=True)
class Aborted:
    """A-ABORT from the peer (PS3.8 9.3.8)."""

    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """Not DICOM at all. `bytes` are the first six at most, from byte `at` of the stream on."""

    at: int
    bytes: bytes
    looks_like: str


@dataclass(frozen=True, slots=True)
class Violation:
    """DICOM, but broken: an A-ABORT with `reason` (source 2) is ready to be sent."""

    at: int
    reason: int
    why: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The peer closed the connection without releasing or aborting. `pending` bytes of a PDU had come."""

    pending: int


Event = Requested | Accepted | Rejected | Message | ReleaseRequested | Released | Aborted | Garbage | Violation | Closed
