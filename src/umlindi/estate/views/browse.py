"""Looking at the estate."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, needs
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible
from umlindi.estate import csvfile, panels
from umlindi.estate.forms import NeedForm
from umlindi.estate.models import System
from umlindi.estate.queries import DependencyGraph, overview
from umlindi.estate.queries.lists import ONLY, TABLE_OWNERS, Wanted, contacts_of, sites, system_rows, table
from umlindi.estate.rules import opening_hours
from umlindi.estate.rules.records import SYSTEM_KINDS
from umlindi.estate.rules.telling import tell_settings
from umlindi.estate.rules.terms import term
from umlindi.estate.views.drawing import drawing
from umlindi.estate.views.rows import organisation_of, site_of, system_of


@require_safe
@needs("estate.view")
def index(request: Request) -> HttpResponse:
    """What we look after, and whether anything is missing or running out."""
    wanted, today = Wanted.of(request.GET.dict()), timezone.localdate()
    if wanted.only and wanted.only not in ONLY:
        raise BadRequest(f"{wanted.only} is no selection")
    all_sites = list(sites(request.actor))
    organisations = visible(request.actor, Organisation)
    places = [(each, [site for site in all_sites if site.organisation_id == each.pk]) for each in organisations]
    context = {
        "overview": overview(request.actor, today),
        "wanted": wanted,
        "rows": system_rows(request.actor, wanted, today),
        "sites": all_sites,
        "places": places,
        "table_kinds": list(TABLE_OWNERS),
        "kinds": SYSTEM_KINDS,
        "only": ONLY,
    }
    return render(request, "estate/index.html", context)


@require_safe
@needs("estate.view")
def organisation(request: Request, organisation: str) -> HttpResponse:
    """One client: its people, its sites."""
    row = organisation_of(request.actor, organisation)
    there = sites(request.actor).filter(organisation=row).annotate(interfaces=Count("systems__interfaces"))
    contacts = row.contacts.filter(site=None)
    return render(request, "estate/organisation.html", {"row": row, "sites": there, "contacts": contacts})


@require_safe
@needs("estate.view")
def site(request: Request, organisation: str, site: str) -> HttpResponse:
    """One place: its hours, its people, its systems."""
    row, today = site_of(request.actor, organisation, site), timezone.localdate()
    context = {
        "row": row,
        "rows": system_rows(request.actor, Wanted(site=row.path), today),
        "contacts": contacts_of(row),
        "open_hours": sum(span.closes - span.opens for span in opening_hours(row.hours)) // 60,
    }
    return render(request, "estate/site.html", context)


@require_safe
@needs("estate.view")
def system(request: Request, organisation: str, site: str, system: str) -> HttpResponse:
    """One system: how it is, what it is, how it is reached, what it stands on and what stands on it."""
    row, today = system_of(request.actor, organisation, site, system), timezone.localdate()
    graph = DependencyGraph.load(request.actor, row.site.organisation_id)
    others = visible(request.actor, System).filter(site__organisation=row.site.organisation_id).exclude(pk=row.pk)
    context = {
        "row": row,
        "panels": panels.shown(request, row),
        "interfaces": [(each, tell_settings(each.settings)) for each in row.interfaces.all()],
        "contacts": contacts_of(row.site),
        "support": term(row.support_until, today),
        "licence": term(row.licence_until, today),
        "drawing": drawing(row, graph),
        "affected": graph.affected_by(row.pk),
        "needs": row.needs.select_related("needs__site__organisation"),
        "need_form": NeedForm(others.select_related("site")),
    }
    return render(request, "estate/system.html", context)


@require_safe
@needs("estate.view")
def table_csv(request: Request, kind: str) -> HttpResponse:
    """Every visible row of a kind, for a spreadsheet."""
    if kind not in TABLE_OWNERS:
        raise Http404
    text = csvfile.write(*table(request.actor, kind))
    name = f'attachment; filename="umlindi-{kind}s.csv"'
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
