"""Whole organisations as they are now, in the words of the estate file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from umlindi.accounts.models import Organisation
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.estate.rules import RECORDS
from umlindi.estate.rules.description import Key

MODELS: dict[str, type[Model]] = {
    "organisation": Organisation,
    "site": Site,
    "system": System,
    "interface": Interface,
    "contact": Contact,
    "dependency": Dependency,
}


@dataclass(slots=True)
class Snapshot:
    """`rows` and `values` by (kind, key), an owner before what it owns, otherwise in the order of their names."""

    rows: dict[tuple[str, Key], Model] = field(default_factory=dict)
    values: dict[tuple[str, Key], dict[str, Any]] = field(default_factory=dict)


def snapshot(organisations: Collection[int]) -> Snapshot:
    """Six reads, however large. Not scoped: the caller has asked for these organisations' right."""
    taken = Snapshot()
    for kind, key, row in _rows(organisations):
        taken.rows[kind, key] = row
        taken.values[kind, key] = values_of(kind, row)
    return taken


def _rows(organisations: Collection[int]) -> Iterable[tuple[str, Key, Model]]:
    for organisation in Organisation.objects.filter(pk__in=organisations).order_by("slug"):
        yield "organisation", (organisation.slug,), organisation
    sites = Site.objects.filter(organisation__in=organisations).select_related("organisation")
    for site in sites.order_by("organisation__slug", "slug"):
        yield "site", _site_key(site), site
    systems = System.objects.filter(site__organisation__in=organisations).select_related("site__organisation")
    for system in systems.order_by("site__organisation__slug", "site__slug", "slug"):
        yield "system", _system_key(system), system
    yield from _below(organisations)


def _below(organisations: Collection[int]) -> Iterable[tuple[str, Key, Model]]:
    interfaces = Interface.objects.filter(system__site__organisation__in=organisations)
    for interface in interfaces.select_related("system__site__organisation").order_by("system__slug", "name"):
        yield "interface", (*_system_key(interface.system), interface.name), interface
    contacts = Contact.objects.filter(organisation__in=organisations).select_related("organisation", "site")
    for contact in contacts.order_by("position", "name"):
        site = contact.site.slug if contact.site else ""
        yield "contact", (contact.organisation.slug, site, contact.name), contact
    needs = Dependency.objects.filter(system__site__organisation__in=organisations)
    for need in needs.select_related("system__site__organisation", "needs__site__organisation"):
        yield "dependency", (*_system_key(need.system), need.needs.path), need


def _site_key(site: Site) -> Key:
    return site.organisation.slug, site.slug


def _system_key(system: System) -> Key:
    return *_site_key(system.site), system.slug


def values_of(kind: str, row: Model) -> dict[str, Any]:
    """A row's fields as a description has them."""
    names = [field.name for field in RECORDS[kind].fields] if kind in RECORDS else []
    return {name: getattr(row, name) for name in [*names, *(["position"] if kind == "contact" else [])]}
