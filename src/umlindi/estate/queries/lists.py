"""The tables of the estate, filtered, in a fixed number of reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, QuerySet

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Contact, Site, System
from umlindi.estate.queries.overview import ending_before, ending_soon
from umlindi.estate.queries.search import SYSTEM_TEXT, containing
from umlindi.estate.queries.snapshot import MODELS
from umlindi.estate.rules.records import RECORDS
from umlindi.estate.rules.terms import Term, term

ONLY = {
    "ending": "Support or licence ends within 90 days",
    "ended": "Support or licence has ended",
    "bare": "No interface",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is cut down to; empty is everything. `site` is organisation/site."""

    text: str = ""
    site: str = ""
    kind: str = ""
    only: str = ""

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Wanted:
        return cls(*(asked.get(name, "").replace("\0", "").strip()[:200] for name in ("text", "site", "kind", "only")))

    @property
    def anything(self) -> bool:
        return any((self.text, self.site, self.kind, self.only))


@dataclass(frozen=True, slots=True)
class SystemRow:
    """A system in one line of a table."""

    system: System
    interfaces: int
    support: Term
    licence: Term


def system_rows(actor: Actor, wanted: Wanted, today: date) -> list[SystemRow]:
    """One read."""
    found = systems(actor, wanted, today).annotate(spoken_to=Count("interfaces")).select_related("site__organisation")
    return [_row(system, today) for system in found.order_by("site__organisation__name", "site__name", "name")]


def systems(actor: Actor, wanted: Wanted, today: date) -> QuerySet[System]:
    organisation, _, site = wanted.site.partition("/")
    rows = visible(actor, System).filter(containing(wanted.text, SYSTEM_TEXT))
    if organisation:
        rows = rows.filter(site__organisation__slug=organisation)
    if site:
        rows = rows.filter(site__slug=site)
    if wanted.kind:
        rows = rows.filter(kind=wanted.kind)
    return rows.filter(_only(wanted.only, today))


def _only(only: str, today: date) -> Q:
    conditions = {"ending": ending_soon(today), "ended": ending_before(today), "bare": Q(interfaces=None)}
    return conditions.get(only, Q())


def _row(system: Any, today: date) -> SystemRow:
    return SystemRow(system, system.spoken_to, term(system.support_until, today), term(system.licence_until, today))


def sites(actor: Actor) -> QuerySet[Site]:
    """With the number of systems at each. The order is said again: Django leaves a model's out where it counts."""
    counted = visible(actor, Site).select_related("organisation").annotate(system_count=Count("systems"))
    return counted.order_by("organisation__name", "name")


def contacts_of(site: Site) -> QuerySet[Contact]:
    """Whom to ring about a site, in that order: its own people, then those of its whole organisation."""
    rows = Contact.objects.filter(Q(site=site) | Q(organisation=site.organisation_id, site=None))
    return rows.select_related("organisation", "site").order_by(F("site").asc(nulls_last=True), "position", "name")


TABLE_OWNERS = {
    "organisation": (),
    "site": ("organisation__slug",),
    "system": ("site__organisation__slug", "site__slug"),
    "interface": ("system__site__organisation__slug", "system__site__slug", "system__slug"),
    "contact": ("organisation__slug", "site__slug"),
}
"""For each kind of table, the fields that say whose a row is."""


def table(actor: Actor, kind: str) -> tuple[list[str], Iterator[list[Any]]]:
    """Headings and rows of every visible row of a kind, for a spreadsheet."""
    names = [field.name for field in RECORDS[kind].fields]
    rows = visible(actor, MODELS[kind]).order_by(*TABLE_OWNERS[kind], "pk").values_list(*TABLE_OWNERS[kind], *names)
    owners = ["organisation", "site", "system"][: len(TABLE_OWNERS[kind])]
    return [*owners, *names], (_flat(row) for row in rows)


def _flat(row: Iterable[Any]) -> list[Any]:
    return [
        "; ".join(f"{key}={value}" for key, value in each.items()) if isinstance(each, dict) else each for each in row
    ]
