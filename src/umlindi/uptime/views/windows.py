"""Agreeing on windows, and looking at them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from umlindi.accounts.doors import Request, chosen, needs
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible_or_404
from umlindi.estate.models import System
from umlindi.uptime import queries, services
from umlindi.uptime.forms import ChangeWindowForm, ComplainingForm, EndForm, MoveForm, WindowForm, as_typed, start_of
from umlindi.uptime.models import Window
from umlindi.uptime.rules.windows import State
from umlindi.uptime.services import History, Invalid
from umlindi.uptime.services.windows import EDIT
from umlindi.uptime.views.shared import organisation_to_edit

both = require_http_methods(["GET", "HEAD", "POST"])
OVER = "It is over: what is history stays as it is."


@require_safe
@needs("alert.view")
def index(request: Request) -> HttpResponse:
    """Which work is agreed, now, coming and past?"""
    organisation = chosen(request)
    page = queries.windows_page(request.actor, timezone.now(), organisation)
    return render(request, "uptime/windows.html", {"page": page, "chosen": organisation})


@require_safe
@needs("alert.view")
def window(request: Request, pk: int) -> HttpResponse:
    """One window and what it covers."""
    row = visible_or_404(request.actor, Window, pk=pk)
    page = queries.window_page(request.actor, row, timezone.now())
    return render(request, "uptime/window.html", {"page": page})


@both
@needs(EDIT)
def add(request: Request) -> HttpResponse:
    """Agree on a window: of which organisation first, where there is a choice."""
    organisation, there = organisation_to_edit(request, EDIT)
    if organisation is None:
        return render(request, "uptime/organisation.html", {"organisations": there, "what": "window"})
    form = WindowForm(request.actor, organisation, request.POST or None)
    if "preview" in request.POST:
        return _previewed(request, organisation, form)
    if request.method == "POST" and form.is_valid():
        try:
            rows = services.plan(
                request.actor,
                organisation,
                form.wanted(),
                form.zone(),
                timezone.now(),
                times=form.cleaned_data["times"],
            )
        except Invalid as error:
            form.complain(error.complaints)
        else:
            messages.success(request, f"{rows[0]} is agreed{f', {len(rows)} times' if len(rows) > 1 else ''}.")
            return redirect(rows[0])
    return _form(request, organisation, form)


def _previewed(
    request: Request, organisation: Organisation, form: WindowForm, row: Window | None = None
) -> HttpResponse:
    """What the choices made so far would cover: a part of the page, or without script all of it."""
    form.full_clean()
    given = form.cleaned_data
    systems = [system.pk for system in given.get("systems", ())]
    sites = [site.pk for site in given.get("sites", ())]
    covered = queries.reached(request.actor, organisation, systems, sites)
    if request.headers.get("HX-Request"):
        return render(request, "uptime/_covers.html", {"covered": covered, "zone": form.zone()})
    return _shown(request, organisation, form, row, covered)


def _form(request: Request, organisation: Organisation, form: WindowForm, row: Window | None = None) -> HttpResponse:
    covered = queries.window_page(request.actor, row, timezone.now()).systems if row else []
    return _shown(request, organisation, form, row, covered)


def _shown(
    request: Request, organisation: Organisation, form: WindowForm, row: Window | None, covered: list[System]
) -> HttpResponse:
    title, action = (f"Change {row}", "Save") if row else ("Agree on a window", "Agree on it")
    context = {"form": form, "organisation": organisation, "title": title, "action": action, "row": row}
    return render(request, "uptime/window_form.html", context | {"covered": covered})


@both
@needs(EDIT)
def change(request: Request, pk: int) -> HttpResponse:
    """Change a window: all of it before it begins, then only its end."""
    row = visible_or_404(request.actor, Window, pk=pk)
    request.actor.require(EDIT, row.organisation_id)
    state = row.state_at(timezone.now())
    if state in {State.CLOSED, State.CANCELLED}:
        messages.error(request, OVER)
        return redirect(row)
    if state is State.ACTIVE:
        return _move(request, row)
    form = ChangeWindowForm(request.actor, row.organisation, request.POST or None, initial=start_of(row))
    if "preview" in request.POST:
        return _previewed(request, row.organisation, form, row)
    if request.method == "POST" and form.is_valid() and _changed(request, row, form, form.wanted()):
        return redirect(row)
    return _form(request, row.organisation, form, row)


def _move(request: Request, row: Window) -> HttpResponse:
    zone = ZoneInfo(row.zone)
    form = MoveForm(zone, request.POST or None, initial={"ends": as_typed(row.ends, zone)})
    if request.method == "POST" and form.is_valid():
        wanted = services.Wanted(
            row.title, row.reason, row.agreed_by, row.starts, form.cleaned_data["ends"], frozenset(), frozenset()
        )
        if _changed(request, row, form, wanted):
            return redirect(row)
    context = {"form": form, "row": row, "title": f"Move the end of {row}", "action": "Move it"}
    return render(request, "uptime/form.html", context | {"note": "It has begun: only its end can move."})


def _changed(request: Request, row: Window, form: ComplainingForm, wanted: services.Wanted) -> bool:
    """Save it. False where the form has something to say."""
    try:
        services.change(request.actor, row, wanted, form.cleaned_data["change_reason"], timezone.now())
    except Invalid as error:
        form.complain(error.complaints)
        return False
    except History:
        messages.error(request, OVER)
    else:
        messages.success(request, f"{row} was changed.")
    return True


@both
@needs(EDIT)
def cancel(request: Request, pk: int) -> HttpResponse:
    """Cancel a window that has not begun, or end one that has."""
    row = visible_or_404(request.actor, Window, pk=pk)
    request.actor.require(EDIT, row.organisation_id)
    active = row.state_at(timezone.now()) is State.ACTIVE
    form = EndForm(request.POST or None)
    if active or row.series is None:
        del form.fields["rest"]
    if request.method == "POST" and form.is_valid() and _ended(request, row, form, active=active):
        return redirect(row)
    title, action = (f"End {row} now?", "End it") if active else (f"Cancel {row}?", "Cancel it")
    note = "From now on what it covered counts, and pages, again." if active else ""
    context = {"form": form, "row": row, "title": title, "action": action, "note": note, "danger": True}
    return render(request, "uptime/form.html", context)


def _ended(request: Request, row: Window, form: EndForm, *, active: bool) -> bool:
    given, now = form.cleaned_data, timezone.now()
    try:
        if active:
            services.end(request.actor, row, given["reason"], now)
        else:
            services.cancel(request.actor, row, given["reason"], now, rest=given.get("rest", False))
    except Invalid as error:
        form.add_error(None, str(error))
        return False
    except History:
        messages.error(request, OVER)
    else:
        messages.success(request, f"{row} was {'ended' if active else 'cancelled'}.")
    return True
