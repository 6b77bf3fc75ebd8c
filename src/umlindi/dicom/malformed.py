"""How bytes can be wrong, each with the reason an A-ABORT gives for it."""

from __future__ import annotations

from enum import IntEnum


class AbortReason(IntEnum):
    """PS3.8 Table 9-26, source 2."""

    NOT_SPECIFIED = 0
    UNRECOGNISED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNISED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


class Malformed(ValueError):
    """Bytes that break PS3.8 or PS3.7; `why` is for a person, `reason` for the A-ABORT."""

    def __init__(self, why: str, reason: AbortReason = AbortReason.INVALID_PARAMETER) -> None:
        super().__init__(why)
        self.why = why
        self.reason = reason


class ForeignProtocol(ValueError):
    """The stream is not DICOM. `first` is the header that shows it, at most six bytes."""

    def __init__(self, first: bytes, looks_like: str) -> None:
        super().__init__(f"not DICOM, looks like {looks_like}")
        self.first = first
        self.looks_like = looks_like
