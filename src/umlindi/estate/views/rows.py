"""Rows by what the URL names, scoped: a stranger's row and none at all are the same 404."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Site, System


def organisation_of(actor: Actor, organisation: str) -> Organisation:
    return get_object_or_404(visible(actor, Organisation), slug=organisation)


def site_of(actor: Actor, organisation: str, site: str) -> Site:
    rows = visible(actor, Site).select_related("organisation")
    return get_object_or_404(rows, organisation__slug=organisation, slug=site)


def system_of(actor: Actor, organisation: str, site: str, system: str) -> System:
    rows = visible(actor, System).select_related("site__organisation")
    return get_object_or_404(rows, site__organisation__slug=organisation, site__slug=site, slug=system)
