"""A described estate, flat: one `Described` a row, in the order in which rows can be made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from umlindi.estate.rules.readers import Wrong, quoted, shown, text
from umlindi.estate.rules.records import Complaint, Place, read_record

FORMAT = "1"
KINDS_IN_ORDER = ("organisation", "site", "system", "interface", "contact", "dependency")

Key = tuple[str, ...]
"""Names a row of its kind: (organisation, site, system, …); a contact of a whole organisation has "" as its site."""


@dataclass(frozen=True, slots=True)
class Described:
    """One row as given: only the fields that were, and where. A dependency's key ends with the path it needs."""

    kind: str
    key: Key
    place: Place
    values: dict[str, Any]


@dataclass(slots=True)
class Description:
    """`listed` holds each list that was given, as (kind of its rows, key of its owner): only these can be pruned."""

    rows: list[Described] = field(default_factory=list)
    listed: set[tuple[str, Key]] = field(default_factory=set)
    complaints: list[Complaint] = field(default_factory=list)


def row_path(kind: str, key: Key) -> str:
    """A row as messages name it: thusong/mthatha/pacs, with an interface's or a contact's own name after it."""
    if kind == "dependency":
        return f"{'/'.join(key[:3])} needs {key[3]}"
    if kind in ("interface", "contact"):
        return f"{'/'.join(filter(None, key[:-1]))} {kind} {quoted(key[-1])}"
    return "/".join(key)


def place_text(place: Place) -> str:
    """organisations[0].sites[1].systems[2].interfaces[0].port"""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")


def describe(data: Any) -> Description:
    """Read the whole file's data; complaints for everything in it that cannot stand by itself."""
    reading = _Reading(Description())
    if not isinstance(data, dict):
        reading.complain((), "an estate file begins with 'umlindi: 1' and then 'organisations:'")
        return reading.done()
    reading.heading(data)
    for raw, place in reading.items(data, "organisations", ()):
        reading.organisation(raw, place)
    return reading.done()


class _Reading:
    def __init__(self, description: Description) -> None:
        self._into = description
        self._seen: dict[tuple[str, Key], Place] = {}

    def done(self) -> Description:
        self._into.rows.sort(key=lambda row: KINDS_IN_ORDER.index(row.kind))
        return self._into

    def complain(self, place: Place, why: str) -> None:
        self._into.complaints.append(Complaint(place, why))

    def heading(self, data: dict[str, Any]) -> None:
        if str(data.get("umlindi")) != FORMAT:
            self.complain(("umlindi",), f"the format is {shown(data.get('umlindi'))}; this file must say 'umlindi: 1'")
        if "organisations" not in data:
            self.complain((), "'organisations' is missing")
        for key in data.keys() - {"umlindi", "organisations"}:
            self.complain((key,), f"{shown(key)} is not known here; known are umlindi, organisations")

    def items(self, raw: dict[str, Any], key: str, place: Place) -> Iterator[tuple[dict[str, Any], Place]]:
        """The groups of keys in a list; complaints for what is neither."""
        items = raw.get(key, [])
        if not isinstance(items, list):
            self.complain((*place, key), "expects a list: lines that begin with '-', or [] for none")
            return
        for index, item in enumerate(items):
            if isinstance(item, dict):
                yield item, (*place, key, index)
            else:
                self.complain((*place, key, index), f"expects keys with values, not {shown(item)}")

    def organisation(self, raw: dict[str, Any], place: Place) -> None:
        key = self._row("organisation", (), "slug", raw, place)
        self._contacts(raw, (*key, ""), place)
        self._list(raw, "sites", "site", key)
        for site, at in self.items(raw, "sites", place):
            self._site(site, key, at)

    def _site(self, raw: dict[str, Any], organisation: Key, place: Place) -> None:
        key = self._row("site", organisation, "slug", raw, place)
        self._contacts(raw, key, place)
        self._list(raw, "systems", "system", key)
        for system, at in self.items(raw, "systems", place):
            self._system(system, key, at)

    def _system(self, raw: dict[str, Any], site: Key, place: Place) -> None:
        key = self._row("system", site, "slug", raw, place)
        self._list(raw, "interfaces", "interface", key)
        for interface, at in self.items(raw, "interfaces", place):
            self._row("interface", key, "name", interface, at)
        self._dependencies(raw, key, place)

    def _contacts(self, raw: dict[str, Any], owner: Key, place: Place) -> None:
        self._list(raw, "contacts", "contact", owner)
        for position, (contact, at) in enumerate(self.items(raw, "contacts", place)):
            self._row("contact", owner, "name", contact, at, position=position)

    def _dependencies(self, raw: dict[str, Any], system: Key, place: Place) -> None:
        self._list(raw, "depends_on", "dependency", system)
        needed = raw.get("depends_on", [])
        if not isinstance(needed, list):
            return self.complain((*place, "depends_on"), "expects a list of paths, such as [thusong/mthatha/pacs-host]")
        for index, item in enumerate(needed):
            at = (*place, "depends_on", index)
            try:
                self._add(Described("dependency", (*system, text(item, at_most=200)), at, {}))
            except Wrong as error:
                self.complain(at, str(error))
        return None

    def _list(self, raw: dict[str, Any], name: str, kind: str, owner: Key) -> None:
        if isinstance(raw.get(name), list):
            self._into.listed.add((kind, owner))

    def _row(self, kind: str, owner: Key, named_by: str, raw: dict[str, Any], place: Place, **more: Any) -> Key:
        """Add a row and return its key; one without a usable name gets its place as a name, so that reading goes on."""
        values, complaints = read_record(kind, raw, place)
        self._into.complaints += complaints
        if named_by not in raw:
            self.complain((*place, named_by), "is missing; it is needed")
        key = (*owner, str(values.get(named_by) or f"?{place_text(place)}"))
        self._add(Described(kind, key, place, values | more))
        return key

    def _add(self, row: Described) -> None:
        first = self._seen.setdefault((row.kind, row.key), row.place)
        if first != row.place:
            self.complain(row.place, f"{row_path(row.kind, row.key)} is described twice, first at {place_text(first)}")
        self._into.rows.append(row)
