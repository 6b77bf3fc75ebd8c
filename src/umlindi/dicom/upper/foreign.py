"""What a stream that is not DICOM looks like, from its first six bytes."""

from __future__ import annotations

UNKNOWN = "an unknown protocol"

_OPENINGS = (
    (b"HTTP/", "HTTP"),
    (b"GET ", "HTTP"),
    (b"POST ", "HTTP"),
    (b"HEAD ", "HTTP"),
    (b"<html", "HTTP"),
    (b"<!DOC", "HTTP"),
    (b"SSH-", "SSH"),
    (b"\x0bMSH|", "HL7 MLLP"),
    (b"\x0b", "HL7 MLLP"),
    (b"MSH|", "HL7 without MLLP framing"),
    (b"RFB ", "VNC"),
    (b"220", "FTP or SMTP"),
    (b"+OK", "POP3"),
    (b"* OK", "IMAP"),
    (b"\xff\xfb", "Telnet"),
    (b"\xff\xfd", "Telnet"),
    (b"\x03\x00\x00", "RDP"),
)
# TLS record: content type 20 to 23, then version 3.x (RFC 8446 5.1).
_TLS_CONTENT = frozenset({20, 21, 22, 23})


def looks_like(first: bytes) -> str:
    """A protocol's name, or `an unknown protocol`."""
    if len(first) >= 2 and first[0] in _TLS_CONTENT and first[1] == 3:
        return "TLS"
    return next((name for opening, name in _OPENINGS if first.startswith(opening)), UNKNOWN)
