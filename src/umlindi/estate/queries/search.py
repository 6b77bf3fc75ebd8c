"""Finding a system, a site, an interface or a person by what somebody remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.db.models import Q

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Contact, Interface, Site, System

SYSTEM_TEXT = ("name", "slug", "vendor", "product", "version", "modality", "site__name", "site__organisation__name")
_SITE_TEXT = ("name", "slug", "organisation__name")
_INTERFACE_TEXT = ("name", "host", "called", "url", "system__name", "system__site__name")
_CONTACT_TEXT = ("name", "role", "phone", "email", "organisation__name", "site__name")


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: what it is called, what and where it is, and its page."""

    label: str
    detail: str
    url: str


def containing(text: str, fields: tuple[str, ...]) -> Q:
    """Every word of the text somewhere in the fields, in any case."""
    each = [reduce(or_, (Q(**{f"{field}__icontains": word}) for field in fields)) for word in text.split()]
    return reduce(and_, each, Q())


def search(actor: Actor, text: str, limit: int) -> list[Hit]:
    """Systems first, then sites, organisations, interfaces and people; nothing for no text."""
    text = text.replace("\0", "").strip()[:100]
    if not text or limit < 1:
        return []
    hits: list[Hit] = []
    for find in (_systems, _sites, _organisations, _interfaces, _contacts):
        if len(hits) < limit:
            hits += find(actor, text, limit - len(hits))
    return hits


def _systems(actor: Actor, text: str, limit: int) -> list[Hit]:
    found = visible(actor, System).filter(containing(text, SYSTEM_TEXT)).select_related("site__organisation")
    return [
        Hit(system.name, f"{system.get_kind_display()} · {system.site}", system.get_absolute_url())
        for system in found[:limit]
    ]


def _sites(actor: Actor, text: str, limit: int) -> list[Hit]:
    found = visible(actor, Site).filter(containing(text, _SITE_TEXT)).select_related("organisation")
    return [Hit(site.name, f"site · {site.organisation}", site.get_absolute_url()) for site in found[:limit]]


def _organisations(actor: Actor, text: str, limit: int) -> list[Hit]:
    found = visible(actor, Organisation).filter(containing(text, ("name", "slug")))
    return [Hit(row.name, row.get_kind_display(), row.get_absolute_url()) for row in found[:limit]]


def _interfaces(actor: Actor, text: str, limit: int) -> list[Hit]:
    found = visible(actor, Interface).filter(containing(text, _INTERFACE_TEXT))
    return [
        Hit(f"{row.system} {row.name}", f"{row.get_kind_display()} · {row.address}", row.get_absolute_url())
        for row in found.select_related("system__site__organisation")[:limit]
    ]


def _contacts(actor: Actor, text: str, limit: int) -> list[Hit]:
    found = visible(actor, Contact).filter(containing(text, _CONTACT_TEXT))
    return [
        Hit(row.name, f"{row.role or 'contact'} · {row.site or row.organisation}", row.get_absolute_url())
        for row in found.select_related("organisation", "site__organisation")[:limit]
    ]
