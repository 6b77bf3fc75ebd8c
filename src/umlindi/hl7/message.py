"""A lenient reader and a strict writer of HL7 v2 messages in their vertical-bar encoding (HL7 v2.5.1 chapter 2).

Only structure: separators, segments, fields, repetitions, components, escapes and character sets. What a field
means is the caller's affair. The reader accepts what real interfaces send (LF or CR LF between segments, a byte order
mark, blank lines, an unknown character set); the writer sends what the standard says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from umlindi.hl7.tables import CHARACTER_SETS

_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")


class NotHl7(ValueError):
    """The bytes are not a vertical-bar encoded HL7 v2 message; the text says why, without quoting content."""


@dataclass(frozen=True, slots=True)
class Separators:
    """MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding_characters(self) -> str:
        return self.component + self.repetition + self.escape + self.subcomponent


STANDARD = Separators()


def escape(text: str, separators: Separators = STANDARD) -> str:
    """Text made safe to stand in a field (§2.7.1): separators and control characters become escape sequences."""
    named = {
        separators.field: "F",
        separators.component: "S",
        separators.subcomponent: "T",
        separators.repetition: "R",
        separators.escape: "E",
    }
    mark = separators.escape

    def safe(character: str) -> str:
        if character in named:
            return f"{mark}{named[character]}{mark}"
        return f"{mark}X{ord(character):02X}{mark}" if ord(character) < 0x20 else character

    return "".join(map(safe, text))


def unescape(text: str, separators: Separators = STANDARD, encoding: str = "ascii") -> str:
    """The inverse of `escape`. Sequences that only format or are private (`.sp`, `H`, `Z…`) are left as they are."""
    if separators.escape not in text:
        return text
    mark = re.escape(separators.escape)
    return re.sub(f"{mark}([^{mark}]*){mark}", lambda found: _meant(found, separators, encoding), text)


def _meant(found: re.Match[str], separators: Separators, encoding: str) -> str:
    sequence = found[1]
    named = {
        "F": separators.field,
        "S": separators.component,
        "T": separators.subcomponent,
        "R": separators.repetition,
        "E": separators.escape,
        ".br": "\n",
    }
    if sequence in named:
        return named[sequence]
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", sequence):
        return bytes.fromhex(sequence[1:]).decode(encoding, errors="replace")
    return found[0]


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment. `fields[0]` is its name, so that an index is the field's number in the standard (MSH included)."""

    fields: tuple[str, ...]
    separators: Separators = STANDARD
    encoding: str = "ascii"

    @property
    def name(self) -> str:
        return self.fields[0]

    def raw(self, number: int) -> str:
        """A field as it stands on the wire; empty where the segment is shorter."""
        return self.fields[number] if number < len(self.fields) else ""

    def text(self, number: int, component: int = 1, subcomponent: int = 1) -> str:
        """A component of the first repetition, unescaped; empty where it is absent."""
        marks = self.separators
        value = self.raw(number).split(marks.repetition)[0]
        value = _part(_part(value, marks.component, component), marks.subcomponent, subcomponent)
        return unescape(value, marks, self.encoding)

    def setting(self, number: int, raw: str) -> Segment:
        """The segment with one field replaced by a value already encoded for the wire."""
        padded = [*self.fields, *[""] * (number + 1 - len(self.fields))]
        padded[number] = raw
        return replace(self, fields=tuple(padded))

    def wire(self) -> str:
        """MSH-1 is the separator itself and so is not joined by another."""
        mark = self.separators.field
        if self.name == "MSH":
            return f"MSH{mark}{mark.join(self.fields[2:])}"
        return mark.join(self.fields)


def _part(value: str, mark: str, number: int) -> str:
    parts = value.split(mark)
    return parts[number - 1] if number <= len(parts) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """Segments in their order; the first is MSH."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        return self.segments[0]

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)

    def all(self, name: str) -> tuple[Segment, ...]:
        return tuple(segment for segment in self.segments if segment.name == name)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.header.text(10)

    def heading(self, number: int, raw: str) -> Message:
        """The message with one field of MSH replaced."""
        return Message((self.header.setting(number, raw), *self.segments[1:]))

    def encode(self) -> bytes:
        """For the wire, every segment ended by CR. Raises UnicodeEncodeError where MSH-18 cannot carry a character."""
        wire = "".join(f"{segment.wire()}\r" for segment in self.segments)
        return wire.encode(self.header.encoding)


def message(*segments: tuple[str, ...], separators: Separators = STANDARD) -> Message:
    """Build a message from fields already encoded. The first is MSH without MSH-1 and MSH-2, which are added."""
    header, *others = segments
    full = (header[0], separators.field, separators.encoding_characters, *header[1:])
    encoding = _codec(full[18] if len(full) > 18 else "")
    return Message(tuple(Segment(fields, separators, encoding) for fields in (full, *others)))


def parse(content: bytes) -> Message:
    """Read the content of one MLLP block. Raises `NotHl7`."""
    raw = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n ")
    declared = _declared(raw.decode("latin-1"))
    return _parse(*_decode(raw, _codec(declared)))


def parse_text(text: str) -> Message:
    """Read a message that is text already; MSH-18 decides how it will be encoded. Raises `NotHl7`."""
    bare = text.removeprefix("\ufeff").lstrip()
    return _parse(bare, _codec(_declared(bare)))


def _parse(text: str, encoding: str) -> Message:
    separators = _separators(text)
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    return Message(tuple(_segment(line, separators, encoding) for line in lines))


def _declared(text: str) -> str:
    """The first repetition of MSH-18, which encodes the message (§2.15.9.18). Raises `NotHl7` where there is no MSH."""
    if not text.startswith("MSH") or len(text) < 8:
        raise NotHl7("the content does not begin with an MSH segment")
    fields = re.split(r"[\r\n]", text, maxsplit=1)[0].split(text[3])
    return fields[17].split("~")[0] if len(fields) > 17 else ""


def _decode(raw: bytes, declared: str) -> tuple[str, str]:
    """As declared where that fits the bytes; else as UTF-8; else as Latin-1, which reads anything."""
    for encoding in (declared, "utf-8"):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1"), "iso-8859-1"


def _codec(declared: str) -> str:
    return CHARACTER_SETS.get(declared.strip().upper(), "utf-8")


def _separators(text: str) -> Separators:
    field = text[3]
    if field.isalnum() or field.isspace():
        raise NotHl7("MSH is not followed by a field separator")
    marks = text[4:].split(field, 1)[0]
    if not 2 <= len(marks) <= 5:
        raise NotHl7("MSH-2 does not hold the encoding characters")
    full = marks + STANDARD.encoding_characters[len(marks) :]
    return Separators(field, *full[:4])


def _segment(line: str, separators: Separators, encoding: str) -> Segment:
    name, *fields = line.split(separators.field)
    if not _SEGMENT_NAME.fullmatch(name):
        raise NotHl7("a line does not begin with a segment name")
    if name == "MSH":
        fields = [separators.field, *fields]
    return Segment((name, *fields), separators, encoding)
