"""The rows of an estate as people describe them: which fields, what each takes, what a whole row must satisfy.

`read_record` judges what was given; `complete` judges the row it becomes, together with what is already known of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from umlindi.estate.rules import addresses, hours, interfaces, reach, readers
from umlindi.estate.rules.readers import Reader, Wrong, nearest, shown

Place = tuple[str | int, ...]

ORGANISATION_KINDS = {
    "hospital": "Hospital",
    "practice": "Practice",
    "provincial": "Provincial department or hospital",
    "academic": "Academic institution",
    "teleradiology": "Tele-radiology provider",
    "laboratory": "Laboratory",
    "provider": "Support provider",
}
SYSTEM_KINDS = {
    "pacs": "PACS",
    "archive": "Archive",
    "ris": "RIS",
    "worklist": "Worklist provider",
    "modality": "Modality",
    "workstation": "Workstation",
    "broker": "Broker",
    "database": "Database",
    "host": "Host",
    "link": "Link",
    "ups": "UPS",
    "clock": "Time source",
    "other": "Other",
}
INTERFACE_KINDS = {word: kind.label for word, kind in interfaces.KINDS.items()}


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that may not stand, where it was given, and why."""

    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class Field:
    """`default` is what a new row has where the field is left out; `key` fields name the row and cannot be cleared."""

    name: str
    read: Reader
    default: Any = ""
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """`lists` are the keys that hold rows of other kinds in an estate file."""

    label: str
    fields: tuple[Field, ...]
    lists: tuple[str, ...] = ()

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def _text(at_most: int) -> Reader:
    return partial(readers.text, at_most=at_most)


def _choice(known: Mapping[str, str]) -> Reader:
    return partial(readers.choice, known=known)


def _slug(example: str) -> Field:
    return Field("slug", readers.slug, required=True, help=f"Used in links and files, such as {example}")


_NAME = Field("name", _text(200), required=True)

RECORDS: dict[str, Record] = {
    "organisation": Record(
        "organisation",
        (_slug("thusong-radiology"), _NAME, Field("kind", _choice(ORGANISATION_KINDS), default="hospital")),
        ("contacts", "sites"),
    ),
    "site": Record(
        "site",
        (
            _slug("mthatha"),
            _NAME,
            Field("timezone", readers.timezone, default="Africa/Johannesburg", help="Such as Africa/Johannesburg"),
            Field("hours", hours.hours, help="When people work there: Mon-Fri 07:00-17:00; Sat 08:00-12:00, or 24/7"),
        ),
        ("contacts", "systems"),
    ),
    "contact": Record(
        "contact",
        (
            Field("name", _text(200), required=True),
            Field("role", _text(200), help="Such as PACS administrator"),
            Field("phone", readers.phone),
            Field("email", readers.email),
        ),
    ),
    "system": Record(
        "system",
        (
            _slug("ct1"),
            _NAME,
            Field("kind", _choice(SYSTEM_KINDS), required=True),
            Field("modality", readers.code_string, help="DICOM Modality (0008,0060), such as CT"),
            Field("vendor", _text(200)),
            Field("product", _text(200)),
            Field("version", _text(100)),
            Field("serves", _text(300), help="Who works with it: 3 reading rooms, 2 wards"),
            Field("support_until", readers.day, default=None, help="Last day of the vendor's support: 2027-03-31"),
            Field("licence_until", readers.day, default=None, help="Last day of the licence: 2027-03-31"),
            Field("notes", partial(readers.text, at_most=10_000, lines=True)),
        ),
        ("depends_on", "interfaces"),
    ),
    "interface": Record(
        "interface",
        (
            Field("name", _text(100), required=True, help="What people call it: DICOM, worklist, HL7 orders"),
            Field("kind", _choice(INTERFACE_KINDS), required=True),
            Field("host", addresses.host, help="Name or IP address"),
            Field("port", readers.port, default=None, help="1 to 65535; DICOM is 104 or 11112, MLLP often 2575"),
            Field("called", readers.ae_title, help="Its AE title: at most 16 characters, case matters (PS3.5 6.2)"),
            Field("calling", readers.ae_title, help="The AE title we use towards it; it must know us by it"),
            Field("url", addresses.url, help="The whole address, without a password"),
            Field("credential", readers.secret_file, help="The file in the secrets folder that holds the login"),
            Field("settings", lambda raw: {} if raw in (None, "") else raw, default={}),
            Field("enabled", readers.flag, default=True, help="Whether it is probed"),
        ),
    ),
}


def read_record(kind: str, raw: Mapping[str, Any], place: Place = ()) -> tuple[dict[str, Any], list[Complaint]]:
    """The fields given, as values, and a complaint for each that cannot be one. Children are not looked at."""
    record = RECORDS[kind]
    values: dict[str, Any] = {}
    complaints = _unknown_keys(record, raw, place)
    for field in record.fields:
        if field.name not in raw:
            continue
        try:
            values[field.name] = _read(field, raw[field.name])
        except Wrong as error:
            complaints.append(Complaint((*place, field.name), str(error)))
    return values, complaints


def _read(field: Field, raw: Any) -> Any:
    """What a field takes; for nothing, its default, unless it must have something."""
    value = field.read(raw)
    if value in (None, "", {}):
        if field.required:
            raise Wrong("is empty; it is needed")
        return field.default
    return value


def _unknown_keys(record: Record, raw: Mapping[str, Any], place: Place) -> list[Complaint]:
    known = [field.name for field in record.fields] + list(record.lists)
    return [
        Complaint((*place, str(key)), f"{shown(key)} is not a key of {_a(record.label)}{_suggest(str(key), known)}")
        for key in raw
        if key not in known
    ]


def _a(label: str) -> str:
    return f"an {label}" if label[0] in "aeiou" else f"a {label}"


def _suggest(key: str, known: list[str]) -> str:
    return nearest(key, known) or f"; known are {', '.join(known)}"


def complete(
    kind: str, given: Mapping[str, Any], present: Mapping[str, Any] | None, place: Place = (), *, only: str = ""
) -> tuple[dict[str, Any], list[Complaint]]:
    """The whole row: what is present, overlaid with what is given; and what is wrong with it as a whole.

    `only` is the organisation of an actor who edits no other (`reach.check_reach`).
    """
    row = {**(defaults(kind) if present is None else present), **given}
    complaints = [
        Complaint((*place, field.name), "is missing; it is needed")
        for field in RECORDS[kind].fields
        if field.required and not row[field.name]
    ]
    if kind == "organisation" and only and row["slug"] != only:
        why = "begins the names of its secrets' files; only the provider's own staff may change it"
        complaints.append(Complaint((*place, "slug"), why))
    if kind != "interface" or not row["kind"]:
        return row, complaints
    row, about_it = _complete_interface(row, frozenset(given), place)
    beyond = reach.check_reach(row, present, only) if only else []
    return row, complaints + about_it + [Complaint((*place, *name.split(".")), why) for name, why in beyond]


def defaults(kind: str) -> dict[str, Any]:
    """What a new row has where nothing is said."""
    return {field.name: field.default for field in RECORDS[kind].fields}


def _complete_interface(
    row: dict[str, Any], given: frozenset[str], place: Place
) -> tuple[dict[str, Any], list[Complaint]]:
    """Fields its kind does not have are emptied where they were not given: they are left from another kind."""
    complaints = [Complaint((*place, name), why) for name, why in interfaces.check_address(row, given)]
    settings, wrong = interfaces.read_settings(row["kind"], row["settings"])
    complaints += [Complaint((*place, "settings", *filter(None, [key])), why) for key, why in wrong]
    unused = set(interfaces.ADDRESS) - set(interfaces.KINDS[row["kind"]].used)
    empty = {name: RECORDS["interface"].field(name).default for name in unused}
    return {**row, **empty, "settings": settings}, complaints
