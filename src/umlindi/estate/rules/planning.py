"""From what is described and what is present to what must be done. Pure: an import is decided here, then carried out.

A field left out keeps what it has; a row left out is left alone, unless its list was given and pruning is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from umlindi.estate.rules.dependencies import circles
from umlindi.estate.rules.description import Described, Description, Key, row_path
from umlindi.estate.rules.readers import nearest, shown
from umlindi.estate.rules.records import Complaint, Place, complete
from umlindi.estate.rules.telling import tell_change, tell_new

Row = tuple[str, Key]
Present = Mapping[Row, Mapping[str, Any]]
"""Every row of the organisations concerned, by kind and key, with the values of its fields."""


@dataclass(frozen=True, slots=True)
class Change:
    """`before` is None for a new row; otherwise both hold only the fields that differ."""

    kind: str
    key: Key
    before: dict[str, Any] | None
    after: dict[str, Any]

    @property
    def path(self) -> str:
        return row_path(self.kind, self.key)

    @property
    def essence(self) -> str:
        """What it does, in short; `path` says to what."""
        return tell_new(self.kind, self.after) if self.before is None else tell_change(self.before, self.after)


@dataclass(slots=True)
class Plan:
    """`absent` are present rows that a given list does not have; they are removed only where pruning."""

    changes: list[Change] = field(default_factory=list)
    unchanged: list[Row] = field(default_factory=list)
    absent: list[Row] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)


def plan(description: Description, present: Present, *, prune: bool, everywhere: bool) -> Plan:
    """Complaints of the description itself are carried over; with any complaint nothing may be carried out.

    `everywhere` says that the actor edits every organisation, and may name secrets and files of all.
    """
    made = Plan(complaints=list(description.complaints), absent=_absent(description, present))
    refused = {complaint.place for complaint in made.complaints}
    for row in description.rows:
        found = present.get((row.kind, row.key))
        if row.kind == "dependency":
            _keep(made, row, found, {})
            continue
        values, complaints = _whole(row, found, everywhere)
        made.complaints += [complaint for complaint in complaints if complaint.place not in refused]
        _keep(made, row, found, values)
    if not prune:
        made.changes += _moved_behind(description, present, made.absent)
    gone = set(made.absent) if prune else set()
    made.complaints += _check_dependencies(description, present, gone)
    return made


def _moved_behind(description: Description, present: Present, absent: list[Row]) -> Iterator[Change]:
    """Contacts that a list left out stay, behind those it has: whom to ring first is what the file says."""
    position = Counter(row.key[:-1] for row in description.rows if row.kind == "contact")
    for kind, key in absent:
        owner = key[:-1]
        if kind == "contact":
            stood, stands = present[kind, key]["position"], position[owner]
            position[owner] += 1
            if stood != stands:
                yield Change(kind, key, {"position": stood}, {"position": stands})


def _whole(row: Described, found: Mapping[str, Any] | None, everywhere: bool) -> tuple[dict[str, Any], list[Complaint]]:
    return complete(row.kind, row.values, found, row.place, only="" if everywhere else row.key[0])


def _keep(made: Plan, row: Described, found: Mapping[str, Any] | None, values: dict[str, Any]) -> None:
    if found is None:
        made.changes.append(Change(row.kind, row.key, None, values))
        return
    differing = [name for name in values if values[name] != found[name]]
    if differing:
        before = {name: found[name] for name in differing}
        made.changes.append(Change(row.kind, row.key, before, {name: values[name] for name in differing}))
    else:
        made.unchanged.append((row.kind, row.key))


def _absent(description: Description, present: Present) -> list[Row]:
    """Present rows that a given list left out, and everything below them, in the order of `present`."""
    described = {(row.kind, row.key) for row in description.rows}
    left_out: set[Row] = set()
    for kind, key in present:
        if ((kind, key[:-1]) in description.listed and (kind, key) not in described) or _below(key, left_out):
            left_out.add((kind, key))
    return [row for row in present if row in left_out]


def _below(key: Key, left_out: set[Row]) -> bool:
    return ("site", key[:2]) in left_out or ("system", key[:3]) in left_out


def _check_dependencies(description: Description, present: Present, gone: set[Row]) -> Iterator[Complaint]:
    """Each needed system is there, in the same organisation, and no chain comes back to its beginning."""
    rows = [(row.kind, row.key) for row in description.rows]
    paths = {"/".join(key) for kind, key in [*present, *rows] if kind == "system" and (kind, key) not in gone}
    places = _places(description, present, gone)
    edges: dict[str, list[str]] = {}
    for key, place in places.items():
        why = _why_not(key, paths)
        if why:
            yield Complaint(place, why)
        else:
            edges.setdefault("/".join(key[:3]), []).append(key[3])
    for circle in circles(edges):
        closing = (*circle[-2].split("/"), circle[-1])
        yield Complaint(places[closing], f"closes a circle: {' needs '.join(circle)}")


def _places(description: Description, present: Present, gone: set[Row]) -> dict[Key, Place]:
    """Every dependency there will be, with the place to complain at: its own, or its system's, or none."""
    at = {row.key: row.place for row in description.rows if row.kind == "system"}
    kept = [key for kind, key in present if kind == "dependency" and (kind, key) not in gone]
    own = {row.key: row.place for row in description.rows if row.kind == "dependency"}
    return {key: at.get(key[:3], ()) for key in kept} | own


def _why_not(key: Key, paths: set[str]) -> str:
    system, needs = "/".join(key[:3]), key[3]
    if needs.count("/") != 2:
        return f"{shown(needs)} is not a path: write organisation/site/system"
    if needs.split("/")[0] != key[0]:
        return f"{shown(needs)} belongs to another organisation; a dependency stays within one"
    if needs == system:
        return "a system does not depend on itself"
    if needs not in paths:
        return f"{shown(needs)} is neither in the file nor in the estate{nearest(needs, paths)}"
    return ""
