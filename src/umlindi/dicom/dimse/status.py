"""What DIMSE statuses mean (PS3.7 Annex C; PS3.4 B.2.3, C.4.1.1.4, C.4.2.1.5, C.4.3.1.4, K.4.1.1.4)."""

from __future__ import annotations

from enum import StrEnum

SUCCESS = 0x0000
CANCELLED = 0xFE00
PENDING = frozenset({0xFF00, 0xFF01})


class Service(StrEnum):
    """Statuses of one number mean different things to different services."""

    ECHO = "C-ECHO"
    STORE = "C-STORE"
    FIND = "C-FIND"
    MOVE = "C-MOVE"
    GET = "C-GET"


_GENERAL = {
    0x0000: "success",
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "attribute list error (warning)",
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0113: "no such event type",
    0x0114: "no such argument",
    0x0115: "invalid argument value",
    0x0116: "attribute value out of range (warning)",
    0x0117: "invalid SOP instance",
    0x0118: "no such SOP class",
    0x0119: "class-instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "refused: SOP class not supported",
    0x0123: "no such action",
    0x0124: "refused: not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xFE00: "cancelled",
    0xFF00: "pending",
    0xFF01: "pending, with optional keys not supported",
}
_SPECIAL = {
    Service.STORE: {
        0xB000: "coercion of data elements (warning)",
        0xB006: "elements discarded (warning)",
        0xB007: "data set does not match SOP class (warning)",
    },
    Service.FIND: {
        0xA700: "refused: out of resources",
        0xA710: "refused: invalid prior record key",
        0xA900: "identifier does not match SOP class",
        0xB001: "the matching reached a response limit (warning)",
    },
    Service.MOVE: {
        0xA701: "refused: out of resources, unable to calculate number of matches",
        0xA702: "refused: out of resources, unable to perform sub-operations",
        0xA801: "refused: move destination unknown",
        0xA900: "identifier does not match SOP class",
        0xB000: "sub-operations complete, one or more failures or warnings",
    },
    Service.GET: {
        0xA701: "refused: out of resources, unable to calculate number of matches",
        0xA702: "refused: out of resources, unable to perform sub-operations",
        0xA900: "identifier does not match SOP class",
        0xB000: "sub-operations complete, one or more failures or warnings",
    },
}
# The first two digits where the standard leaves the rest to the implementation.
_RANGES = {
    Service.STORE: {
        0xA7: "refused: out of resources",
        0xA9: "error: data set does not match SOP class",
        0xC: "error: cannot understand",
    },
    Service.FIND: {0xA7: "refused: out of resources", 0xC: "failed: unable to process"},
    Service.MOVE: {0xA7: "refused: out of resources", 0xC: "failed: unable to process"},
    Service.GET: {0xA7: "refused: out of resources", 0xC: "failed: unable to process"},
}
# What may pass by itself: resources, processing failures (a database restarting), a cancellation.
_RETRIABLE = frozenset({0x0110, 0x0213, CANCELLED})


def code(status: int) -> str:
    """Four upper-case hexadecimal digits, as the standard writes them."""
    return f"{status:04X}"


def meaning(service: Service, status: int) -> str:
    """The standard's words for it, or that it is the peer's own."""
    special = _SPECIAL.get(service, {}).get(status) or _GENERAL.get(status)
    if special:
        return special
    ranges = _RANGES.get(service, {})
    return ranges.get(status >> 8) or ranges.get(status >> 12) or "a status of the peer's own"


def is_pending(status: int) -> bool:
    return status in PENDING


def is_warning(status: int) -> bool:
    """PS3.7 C.3: 0001, 0107, 0116 and Bxxx: done, but not quite as asked."""
    return status in (0x0001, 0x0107, 0x0116) or status >> 12 == 0xB


def is_failure(status: int) -> bool:
    return status not in (SUCCESS, CANCELLED) and not is_pending(status) and not is_warning(status)


def may_pass(status: int) -> bool:
    """True where the same request may succeed later."""
    return status in _RETRIABLE or status >> 8 == 0xA7
