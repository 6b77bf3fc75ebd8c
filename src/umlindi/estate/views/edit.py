"""Adding, changing and removing one row: the same three pages for every kind."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from umlindi.accounts.doors import Request, needs
from umlindi.accounts.models import Organisation
from umlindi.core.actors import EVERYWHERE
from umlindi.core.scope import visible
from umlindi.estate import services
from umlindi.estate.forms import NeedForm, ReasonForm, RecordForm, initial, interface_kinds
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.estate.queries.snapshot import values_of
from umlindi.estate.rules import KINDS, RECORDS, defaults
from umlindi.estate.rules.titles import OUR_TITLE
from umlindi.estate.services.verbs import organisation_of as organisation_id_of
from umlindi.estate.views.rows import organisation_of, site_of, system_of

EDIT = "estate.edit"
Owner = Organisation | Site | System
Row = Owner | Contact | Interface
both = require_http_methods(["GET", "HEAD", "POST"])


@both
@needs(EDIT)
def add_organisation(request: Request) -> HttpResponse:
    request.actor.require(EDIT, EVERYWHERE)
    return _add(request, "organisation", None)


@both
@needs(EDIT)
def add_site(request: Request, organisation: str) -> HttpResponse:
    return _add(request, "site", organisation_of(request.actor, organisation))


@both
@needs(EDIT)
def add_system(request: Request, organisation: str, site: str) -> HttpResponse:
    return _add(request, "system", site_of(request.actor, organisation, site))


@both
@needs(EDIT)
def add_organisation_contact(request: Request, organisation: str) -> HttpResponse:
    return _add(request, "contact", organisation_of(request.actor, organisation))


@both
@needs(EDIT)
def add_site_contact(request: Request, organisation: str, site: str) -> HttpResponse:
    return _add(request, "contact", site_of(request.actor, organisation, site))


@both
@needs(EDIT)
def add_interface(request: Request, organisation: str, site: str, system: str) -> HttpResponse:
    """First the kind, which says what the form asks for; then the form."""
    owner = system_of(request.actor, organisation, site, system)
    request.actor.require(EDIT, organisation_id_of(owner))
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        return render(request, "estate/interface_kind.html", {"owner": owner, "kinds": interface_kinds()})
    return _add(request, "interface", owner, kind)


def _add(request: Request, kind: str, owner: Owner | None, interface_kind: str = "") -> HttpResponse:
    if owner is not None:
        request.actor.require(EDIT, organisation_id_of(owner))
    start = defaults(kind)
    if interface_kind == "dicom":
        start["calling"] = OUR_TITLE
    form = RecordForm(kind, request.POST or None, initial=start, interface_kind=interface_kind)
    if request.method == "POST":
        try:
            row = services.add(request.actor, kind, owner, form.given())
        except services.Invalid as error:
            form.complain(error.complaints)
        else:
            messages.success(request, f"{row} was added.")
            return redirect(row)
    label = KINDS[interface_kind].label + " interface" if interface_kind else RECORDS[kind].label
    context = {
        "form": form,
        "title": f"Add {_article(label)} {label}",
        "action": "Add it",
        "back": _back(owner),
        "owner": owner,
    }
    return render(request, "estate/form.html", context)


def _article(label: str) -> str:
    return "an" if label[0].lower() in "aeiou" or label.startswith("HL7") else "a"


def _back(owner: Owner | None) -> str:
    return reverse("estate:index") if owner is None else owner.get_absolute_url()


@both
@needs(EDIT)
def change_organisation(request: Request, organisation: str) -> HttpResponse:
    return _change(request, "organisation", organisation_of(request.actor, organisation))


@both
@needs(EDIT)
def change_site(request: Request, organisation: str, site: str) -> HttpResponse:
    return _change(request, "site", site_of(request.actor, organisation, site))


@both
@needs(EDIT)
def change_system(request: Request, organisation: str, site: str, system: str) -> HttpResponse:
    return _change(request, "system", system_of(request.actor, organisation, site, system))


@both
@needs(EDIT)
def change_contact(request: Request, pk: int) -> HttpResponse:
    return _change(request, "contact", _contact(request, pk))


@both
@needs(EDIT)
def change_interface(request: Request, pk: int) -> HttpResponse:
    return _change(request, "interface", _interface(request, pk))


def _contact(request: Request, pk: int) -> Contact:
    return get_object_or_404(
        visible(request.actor, Contact).select_related("organisation", "site__organisation"), pk=pk
    )


def _interface(request: Request, pk: int) -> Interface:
    return get_object_or_404(visible(request.actor, Interface).select_related("system__site__organisation"), pk=pk)


def _change(request: Request, kind: str, row: Row) -> HttpResponse:
    request.actor.require(EDIT, organisation_id_of(row))
    interface_kind = row.kind if isinstance(row, Interface) else ""
    name, shown = str(row), initial(values_of(kind, row)) | {"seen": services.fingerprint(row)}
    form = RecordForm(kind, request.POST or None, initial=shown, interface_kind=interface_kind)
    if request.method == "POST" and (done := _save(request, kind, row, form)):
        return done
    context = {"form": form, "title": f"Change {name}", "action": "Save", "back": row.get_absolute_url(), "owner": row}
    return render(request, "estate/form.html", context)


def _save(request: Request, kind: str, row: Row, form: RecordForm) -> HttpResponseRedirect | None:
    """Save what was typed; None where the form must be shown again."""
    try:
        changed = services.change(request.actor, row, form.given(), seen=request.POST.get("seen", ""))
    except services.Invalid as error:
        form.complain(error.complaints)
    except services.ChangedMeanwhile as error:
        when = f" at {timezone.localtime(error.at):%H:%M}" if error.at else ""
        said = f"{error.by} changed this{when} while you were writing. What you typed is kept; save again to overwrite."
        form.warn_of_change(said, values_of(kind, row), services.fingerprint(row))
    else:
        messages.success(request, f"{changed} was saved.")
        return redirect(changed)
    return None


@both
@needs(EDIT)
def remove_organisation(request: Request, organisation: str) -> HttpResponse:
    return _remove(request, organisation_of(request.actor, organisation), reverse("estate:index"))


@both
@needs(EDIT)
def remove_site(request: Request, organisation: str, site: str) -> HttpResponse:
    row = site_of(request.actor, organisation, site)
    return _remove(request, row, row.organisation.get_absolute_url())


@both
@needs(EDIT)
def remove_system(request: Request, organisation: str, site: str, system: str) -> HttpResponse:
    row = system_of(request.actor, organisation, site, system)
    return _remove(request, row, row.site.get_absolute_url())


@both
@needs(EDIT)
def remove_contact(request: Request, pk: int) -> HttpResponse:
    row = _contact(request, pk)
    return _remove(request, row, row.get_absolute_url())


@both
@needs(EDIT)
def remove_interface(request: Request, pk: int) -> HttpResponse:
    row = _interface(request, pk)
    return _remove(request, row, row.system.get_absolute_url())


def _remove(request: Request, row: Row, after: str) -> HttpResponse:
    request.actor.require(EDIT, organisation_id_of(row))
    name, form = str(row), ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.remove(request.actor, row, form.cleaned_data["reason"])
        except services.StoodUpon as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{name} was removed.")
            return redirect(after)
    context: dict[str, Any] = {"form": form, "title": f"Remove {name}?", "action": "Remove it", "danger": True}
    back = after if isinstance(row, Contact) else row.get_absolute_url()
    return render(request, "estate/form.html", context | {"back": back, "owner": row, "warning": _goes_along(row)})


def _goes_along(row: Model) -> str:
    """What goes with a row, said before it does."""
    match row:
        case System():
            return "Its interfaces go with it, with everything that was measured at them."
        case Interface():
            return "Everything that was measured at it goes with it. To stop probing it, change it instead."
        case Site() | Organisation():
            return "Its contacts go with it."
    return ""


@require_POST
@needs(EDIT)
def depend(request: Request, organisation: str, site: str, system: str) -> HttpResponse:
    """Record that a system stands on another."""
    row = system_of(request.actor, organisation, site, system)
    form = NeedForm(visible(request.actor, System).select_related("site__organisation"), request.POST)
    if not form.is_valid():
        messages.error(request, "Choose the system that it stands on.")
        return redirect(row)
    try:
        added = services.depend(request.actor, row, form.cleaned_data["needs"])
    except services.Invalid as error:
        messages.error(request, f"Not recorded: {error.complaints[0].why}.")
    else:
        messages.success(request, f"{added.system} stands on {added.needs}.")
    return redirect(row)


@require_POST
@needs(EDIT)
def release(request: Request, pk: int) -> HttpResponse:
    """Record that a system does not stand on another after all."""
    rows = visible(request.actor, Dependency).select_related("system__site__organisation", "needs")
    row = get_object_or_404(rows, pk=pk)
    system, needed = row.system, row.needs
    services.release(request.actor, row)
    messages.success(request, f"{system} no longer stands on {needed}.")
    return redirect(system)
