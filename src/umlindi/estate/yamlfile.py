"""YAML text as plain data with the line of each value, read defensively.

Built from parser events, never by constructing objects: no tags, no anchors (so no alias bombs), a bound on size and
depth, duplicate keys reported. Scalars stay text: whether `1.10` is a version or a number is for its field to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from umlindi.estate.rules import Complaint, Place

MOST_BYTES = 2_000_000
DEEPEST = 20
# What ruamel.yaml's scanner lets escape on escapes beyond Unicode, broken tags and directives.
_ESCAPING = (ValueError, OverflowError, IndexError, TypeError, AttributeError, AssertionError)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class NotYaml(Exception):
    """The text cannot be read on. `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


@dataclass(slots=True)
class Document:
    """`data` is dicts, lists, text and None; `lines` says where each value began."""

    data: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def line(self, place: Place) -> int | None:
        """The line of a place, or of the nearest thing around it."""
        return next((self.lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self.lines), None)


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read. `key` is the mapping's key that waits for its value."""

    data: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None


def read(text: str) -> Document:
    """Raises `NotYaml` for what is not YAML, or more than an estate file can be."""
    if len(text.encode(errors="surrogatepass")) > MOST_BYTES:
        raise NotYaml(1, f"the file is larger than {MOST_BYTES // 1_000_000} MB; split it by organisation")
    builder = _Builder()
    for event in _events(text):
        builder.take(event)
    return builder.document


def _events(text: str) -> Iterator[Event]:
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotYaml(mark.line + 1 if mark else 1, _plain(error)) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise NotYaml(line, f"has the character U+{_code(error.character):04X}, which YAML does not permit") from error
    except (YAMLError, *_ESCAPING) as error:
        raise NotYaml(1, f"is not YAML: {error}") from error


def _code(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


def _plain(error: MarkedYAMLError) -> str:
    problem = f"{error.context or ''} {error.problem or ''}".strip()
    if "'\\t'" in problem:
        return "a tab stands where YAML wants spaces; indent with spaces"
    if "mapping values are not allowed" in problem:
        return "a colon where none may be: check the indentation, or put the value in quotes"
    if "<block end>" in problem or "did not find expected" in problem:
        return f"the indentation does not fit the lines above, or a bracket is not closed ({problem})"
    return f"is not YAML: {problem}"


class _Builder:
    """Takes events in order; keeps its own stack, so depth costs no recursion."""

    def __init__(self) -> None:
        self.document = Document()
        self._stack: list[_Open] = []
        self._documents = 0

    def take(self, event: Event) -> None:
        line = event.start_mark.line + 1
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise NotYaml(line, "a second document begins (---); an estate file is one document")
            case AliasEvent():
                raise NotYaml(line, f"*{event.anchor} refers to another place; write the value out")
            case ScalarEvent():
                self._scalar(event, line)
            case MappingStartEvent() | SequenceStartEvent():
                self._open(event, line)
            case MappingEndEvent() | SequenceEndEvent():
                self._stack.pop()

    def _scalar(self, event: ScalarEvent, line: int) -> None:
        self._refuse_tag(event, line)
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            self._key(top, event.value, line)
        else:
            plain = bool(event.implicit[0])
            self._place(None if plain and event.value in _NULLS else event.value, line)

    def _key(self, top: _Open, key: str, line: int) -> None:
        top.key = key
        if isinstance(top.data, dict) and key in top.data:
            why = f"{key!r} stands here and again in line {line}; keep one"
            self.document.complaints.append(Complaint((*top.place, key), why))

    def _open(self, event: MappingStartEvent | SequenceStartEvent, line: int) -> None:
        self._refuse_tag(event, line)
        if event.anchor:
            raise NotYaml(line, f"&{event.anchor} names a place; write the values out where they are used")
        if len(self._stack) >= DEEPEST:
            raise NotYaml(line, f"is nested more than {DEEPEST} deep")
        top = self._stack[-1] if self._stack else None
        if top is not None and isinstance(top.data, dict) and top.key is None:
            raise NotYaml(line, "a key is one word, not a list or a group")
        data: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        self._stack.append(_Open(data, self._place(data, line)))

    def _place(self, value: Any, line: int) -> Place:
        """Put a value where it belongs; returns its place."""
        top = self._stack[-1] if self._stack else None
        place: Place = ()
        if top is None:
            self.document.data = value
        elif isinstance(top.data, dict):
            place = (*top.place, top.key or "")
            top.data[top.key or ""] = value
            top.key = None
        else:
            place = (*top.place, len(top.data))
            top.data.append(value)
        self.document.lines.setdefault(place, line)
        return place

    def _refuse_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent, line: int) -> None:
        if event.tag is not None and str(event.tag) != "!":
            raise NotYaml(line, f"the tag {event.tag} is not used in an estate file; remove it")
        if event.anchor and isinstance(event, ScalarEvent):
            raise NotYaml(line, f"&{event.anchor} names a place; write the values out where they are used")
