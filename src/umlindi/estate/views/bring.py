"""Bringing a whole estate or an AE-title list, with a look at what it would do first; and taking it out again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from umlindi.accounts.doors import Request, needs
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible
from umlindi.estate import csvfile
from umlindi.estate.forms import BringForm
from umlindi.estate.models import Site
from umlindi.estate.services import (
    ImportRefused,
    ImportReport,
    Problem,
    export_estate,
    import_estate,
    import_titles,
)

EDIT = "estate.edit"


@require_http_methods(["GET", "HEAD", "POST"])
@needs(EDIT)
def import_page(request: Request) -> HttpResponse:
    """Upload → what would change, or what is wrong → confirm. The text travels with the page: nothing is kept here."""
    sites = _editable_sites(request)
    if request.method != "POST":
        return render(
            request, "estate/import.html", {"form": BringForm(sites, initial={"site": request.GET.get("site")})}
        )
    if "text" in request.POST:
        return _confirmed(request, sites)
    form = BringForm(sites, request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "estate/import.html", {"form": form})
    return _previewed(request, form)


def _editable_sites(request: Request) -> QuerySet[Site]:
    rows = visible(request.actor, Site).select_related("organisation")
    may_edit = request.actor.organisations(EDIT)
    return rows if may_edit is None else rows.filter(organisation__in=may_edit)


def _previewed(request: Request, form: BringForm) -> HttpResponse:
    upload, site = form.cleaned_data["file"], form.cleaned_data["site"]
    context: dict[str, Any] = {"form": form, "name": upload.name, "site": site}
    try:
        text = csvfile.decode(upload.read(csvfile.MOST_BYTES + 1))
        report = _carry_out(request, text, site, dry_run=True)
    except csvfile.NotATable as error:
        return render(request, "estate/import.html", context | {"problems": [Problem(None, "", str(error))]})
    except ImportRefused as error:
        return render(request, "estate/import.html", context | {"problems": error.problems})
    return render(request, "estate/import.html", context | {"report": report, "text": text})


def _confirmed(request: Request, sites: QuerySet[Site]) -> HttpResponse:
    """What was previewed, judged anew: the estate may have changed since."""
    site = get_object_or_404(sites, pk=request.POST["site"]) if request.POST.get("site", "").isdecimal() else None
    try:
        report = _carry_out(request, request.POST["text"], site, dry_run=False)
    except ImportRefused as error:
        return render(request, "estate/import.html", {"form": BringForm(sites), "problems": error.problems})
    messages.success(
        request, f"{len(report.created)} added, {len(report.changed)} changed, {report.unchanged} as before."
    )
    return redirect(site or "estate:index")


def _carry_out(request: Request, text: str, site: Site | None, *, dry_run: bool) -> ImportReport:
    if site is None:
        return import_estate(request.actor, text, dry_run=dry_run)
    return import_titles(request.actor, text.encode(), site, dry_run=dry_run)


@require_safe
@needs(EDIT)
def export_page(request: Request) -> HttpResponse:
    """The estate file, of one organisation or of all that this person edits."""
    slug = request.GET.get("organisation", "")
    organisation = get_object_or_404(visible(request.actor, Organisation), slug=slug) if slug else None
    text = export_estate(request.actor, organisation)
    name = f'attachment; filename="{slug or "umlindi"}-estate.yaml"'
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers={"Content-Disposition": name})
