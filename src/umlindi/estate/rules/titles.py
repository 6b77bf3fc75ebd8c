"""AE-title lists: what their headings mean, and what their rows say, as a description of systems and interfaces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from umlindi.estate.rules.readers import nearest, quoted, shown, slugify
from umlindi.estate.rules.records import SYSTEM_KINDS, Complaint, Place

NEEDED = ("AE title", "host", "port")
_SPELLINGS = {
    "AE title": "ae aet aetitle aetitles aename applicationentity applicationentitytitle calledae calledaetitle "
    "calledaet dicomae dicomaet dicomaetitle remoteae remoteaetitle title",
    "host": "host hostname ip ipaddress ipaddr ipadres address hostip hostnameip iphostname hostnameoripaddress "
    "hostipaddress server fqdn dnsname node ipv4 iphost",
    "port": "port portno portnumber portnr poort tcpport dicomport listenport listeningport scpport",
    "name": "name description desc device devicename system systemname stationname station equipment beskrywing naam",
    "modality": "modality mod modalities modalitytype modaliteit",
    "kind": "kind type devicetype systemtype function role tipe",
    "site": "site hospital facility clinic institution branch",
    "location": "location room department dept ward area unit place ligging",
    "vendor": "vendor manufacturer make maker supplier brand",
    "product": "product model modelname equipmentmodel",
    "version": "version software softwareversion release",
    "notes": "notes note comment comments remark remarks",
}
_MEANINGS = {spelling: meaning for meaning, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_KIND_WORDS = {
    "ws": "workstation",
    "mwl": "worklist",
    "wl": "worklist",
    "vna": "archive",
    "his": "other",
    "printer": "other",
}
OUR_TITLE = "UMLINDI"


def meaning_of(heading: str) -> str:
    """What a heading means, whatever its case, spaces and punctuation; empty for nothing we use."""
    return _MEANINGS.get(re.sub(r"[^a-z0-9]", "", heading.lower()), "")


@dataclass(frozen=True, slots=True)
class Known:
    """An interface there is already: its site, its system, its own name, by its AE title."""

    site: str
    system: str
    interface: str
    called: str


@dataclass(slots=True)
class Titles:
    """`data` is as the estate file has it. `origin` says from which row each place below it came.

    A complaint about a row itself has the place ("rows", number, meaning of the column).
    """

    data: dict[str, Any]
    origin: dict[Place, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    warnings: list[tuple[int, str, str]] = field(default_factory=list)

    def row_of(self, place: Place) -> int | None:
        if place[:1] == ("rows",):
            return int(place[1])
        return next((self.origin[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self.origin), None)


def describe_titles(
    rows: list[tuple[int, dict[str, str]]], organisation: str, site: str, sites: Mapping[str, str], known: list[Known]
) -> Titles:
    """Rows of a list as systems of `site`, or of the site their own column names. `sites` maps slug to name.

    An AE title that is known at its site keeps its system and only gets its address; a new one becomes a system of its
    own. A list has no say over anything else.
    """
    titles = Titles({"umlindi": 1, "organisations": [{"slug": organisation, "sites": []}]})
    builder = _Builder(titles, site, sites, known)
    for number, cells in _without_repetition(rows, titles):
        builder.take(number, cells)
    return titles


def _without_repetition(rows: list[tuple[int, dict[str, str]]], titles: Titles) -> Iterator[tuple[int, dict[str, str]]]:
    """Each AE title once. The same at another address is an error; twice the same row is not worth one."""
    first: dict[str, tuple[int, tuple[str, str]]] = {}
    lower: dict[str, tuple[int, str]] = {}
    for number, cells in rows:
        title, address = cells["AE title"], (cells["host"].lower(), cells["port"].removesuffix(".0"))
        if not title or title not in first:
            first[title] = (number, address)
            _warn_of_case(titles, lower, number, title)
            yield number, cells
        elif first[title][1] == address:
            titles.warnings.append(
                (number, "AE title", f"{quoted(title)} stands in row {first[title][0]} already; left out")
            )
        else:
            earlier, other = first[title]
            there = f"at {':'.join(other)} in row {earlier}"
            why = f"{quoted(title)} is at {':'.join(address)} here, {there}; only one can be true"
            titles.complaints.append(Complaint(("rows", number, "AE title"), why))


def _warn_of_case(titles: Titles, lower: dict[str, tuple[int, str]], number: int, title: str) -> None:
    earlier, same = lower.setdefault(title.lower(), (number, title))
    if same != title:
        why = f"{quoted(title)} and {quoted(same)} in row {earlier} differ only in case; AE titles are different then"
        titles.warnings.append((number, "AE title", why))


class _Builder:
    def __init__(self, titles: Titles, site: str, sites: Mapping[str, str], known: list[Known]) -> None:
        self._titles = titles
        self._default = site
        self._sites = sites
        self._known = {(each.site, each.called): each for each in known if each.called}
        self._slugs = {(each.site, each.system) for each in known}
        self._described: list[dict[str, Any]] = titles.data["organisations"][0]["sites"]

    def take(self, number: int, cells: dict[str, str]) -> None:
        site = self._site(number, cells.get("site", ""))
        known = self._known.get((site, cells["AE title"]))
        systems, place = self._systems_of(site)
        interface = {"name": known.interface if known else "DICOM", "host": cells["host"], "port": cells["port"]}
        if known is None:
            interface |= {"kind": "dicom", "called": cells["AE title"], "calling": OUR_TITLE}
            system = self._new_system(number, site, cells)
        else:
            system = next((each for each in systems if each["slug"] == known.system), {"slug": known.system})
        if system not in systems:
            systems.append(system)
        at = (*place, systems.index(system))
        system.setdefault("interfaces", []).append(interface)
        spoken_to = (*at, "interfaces", len(system["interfaces"]) - 1)
        self._titles.origin.setdefault(at, number)
        self._titles.origin[spoken_to] = number
        if not cells["AE title"]:
            self._titles.complaints.append(Complaint((*spoken_to, "called"), "is empty; it is needed"))

    def _site(self, number: int, cell: str) -> str:
        """The slug of the site a row names, by slug or name; the site asked for where it names none."""
        by_spelling = {name.lower(): slug for slug, name in self._sites.items()} | {slug: slug for slug in self._sites}
        if not cell or cell.lower() in by_spelling:
            return by_spelling[cell.lower()] if cell else self._default
        near = nearest(cell, [*self._sites.values(), *self._sites])
        self._titles.complaints.append(
            Complaint(("rows", number, "site"), f"{shown(cell)} is not a site of this organisation{near}")
        )
        return self._default

    def _systems_of(self, site: str) -> tuple[list[dict[str, Any]], Place]:
        found = next((each for each in self._described if each["slug"] == site), None)
        if found is None:
            found = {"slug": site, "systems": []}
            self._described.append(found)
        return found["systems"], ("organisations", 0, "sites", self._described.index(found), "systems")

    def _new_system(self, number: int, site: str, cells: dict[str, str]) -> dict[str, Any]:
        kind, modality = _kind(cells.get("kind", ""), cells.get("modality", ""))
        system: dict[str, Any] = {
            "slug": self._free_slug(site, slugify(cells["AE title"]) or f"ae-{number}"),
            "name": cells.get("name") or cells["AE title"] or f"row {number}",
            "kind": kind,
            "modality": modality,
            "notes": _notes(cells),
        }
        return system | {name: cells[name] for name in ("vendor", "product", "version") if cells.get(name)}

    def _free_slug(self, site: str, wanted: str) -> str:
        slug, number = wanted, 2
        while (site, slug) in self._slugs:
            slug, number = f"{wanted[:56]}-{number}", number + 1
        self._slugs.add((site, slug))
        return slug


def _kind(kind: str, modality: str) -> tuple[str, str]:
    """The kind of a system and its modality; lists often write PACS or WS in the column of modalities."""
    words = {**_KIND_WORDS, **{label.lower(): word for word, label in SYSTEM_KINDS.items()}}
    words |= {word: word for word in SYSTEM_KINDS}
    if modality.lower() in words:
        return words[modality.lower()], ""
    if kind:
        return words.get(kind.lower(), kind), modality
    return ("modality" if modality else "other"), modality


def _notes(cells: dict[str, str]) -> str:
    location = f"Location: {cells['location']}" if cells.get("location") else ""
    return "\n".join(filter(None, [location, cells.get("notes", "")]))
