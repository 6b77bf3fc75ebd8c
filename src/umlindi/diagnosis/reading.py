"""Lines of text from bytes of any encoding, streamed, however long the file or a line of it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

CHUNK = 65_536
LONGEST_PIECE = 8_000
# A long line is cut at a blank within this many characters of the limit, so that a name is not cut in two.
_CUT_WITHIN = 500
_MOST_CONTROL = 0.1
_COMPRESSED = (b"\x1f\x8b", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\x1b\x1c")


class Unusable(ValueError):
    """What was handed over is no log; the message says what it is instead."""


def text_lines(stream: BinaryIO) -> Iterator[str]:
    """Lines without their ends. UTF-8, UTF-16 (as PowerShell writes it) or Windows-1252; what does not decode is
    replaced. Raises `Unusable` for nothing, for DICOM objects, archives and other binary files."""
    head = stream.read(CHUNK)
    decoder = codecs.getincrementaldecoder(encoding_of(head))("replace")
    separator = "\n" if b"\n" in head or b"\r" not in head else "\r"
    pending, chunk = "", head
    while chunk:
        *whole, pending = (pending + decoder.decode(chunk)).split(separator)
        yield from (piece for line in whole for piece in pieces(line))
        if len(pending) > LONGEST_PIECE:
            *cut, pending = pieces(pending)
            yield from cut
        chunk = stream.read(CHUNK)
    if pending := pending + decoder.decode(b"", final=True):
        yield from pieces(pending)


def pieces(line: str) -> Iterator[str]:
    """A line as it is, or cut into pieces of at most `LONGEST_PIECE` characters."""
    line = line.removesuffix("\r")
    while len(line) > LONGEST_PIECE:
        blank = line.rfind(" ", LONGEST_PIECE - _CUT_WITHIN, LONGEST_PIECE)
        cut = blank if blank > 0 else LONGEST_PIECE
        yield line[:cut]
        line = line[cut:]
    yield line


def encoding_of(head: bytes) -> str:
    """The encoding of a file that begins so. Raises `Unusable`."""
    if not head.strip():
        raise Unusable("there is nothing in it")
    if head[128:132] == b"DICM":
        raise Unusable("this is a DICOM object, not a log; look at it with dcmdump")
    if head.startswith(_COMPRESSED):
        raise Unusable("this is a compressed file; unpack it first")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    return _unmarked(head)


def _unmarked(head: bytes) -> str:
    if _looks_utf16(head):
        return "utf-16-le"
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    if controls > len(head) * _MOST_CONTROL:
        raise Unusable("this is a binary file, not a log")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _looks_utf16(head: bytes) -> bool:
    """Western text in UTF-16 without a mark has a zero at every second place."""
    return len(head) >= 4 and head[1::2].count(0) > len(head) * 0.4 and head[0::2].count(0) == 0
