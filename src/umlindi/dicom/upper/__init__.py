"""The DICOM upper layer (PS3.8) without input or output: bytes in, events out, bytes to send."""

from umlindi.dicom.upper.association import Acceptor, NotAllowed, Requestor, State
from umlindi.dicom.upper.events import (
    Aborted,
    Accepted,
    Closed,
    Context,
    Event,
    Garbage,
    Message,
    Refused,
    Rejected,
    Released,
    ReleaseRequested,
    Requested,
    Violation,
)
from umlindi.dicom.upper.items import Proposal, Role, UserInformation
from umlindi.dicom.upper.meanings import abort_meaning, context_meaning, reject_meaning

__all__ = [
    "Aborted",
    "Accepted",
    "Acceptor",
    "Closed",
    "Context",
    "Event",
    "Garbage",
    "Message",
    "NotAllowed",
    "Proposal",
    "Refused",
    "Rejected",
    "ReleaseRequested",
    "Released",
    "Requested",
    "Requestor",
    "Role",
    "State",
    "UserInformation",
    "Violation",
    "abort_meaning",
    "context_meaning",
    "reject_meaning",
]
