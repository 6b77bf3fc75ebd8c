"""Making and changing promises."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from umlindi.accounts.doors import Request, needs
from umlindi.core.scope import visible_or_404
from umlindi.uptime.forms import ObjectiveForm, ReasonForm, terms_of
from umlindi.uptime.models import Objective
from umlindi.uptime.services import objectives
from umlindi.uptime.services.objectives import EDIT
from umlindi.uptime.services.windows import Invalid
from umlindi.uptime.views.shared import organisation_to_edit

both = require_http_methods(["GET", "HEAD", "POST"])


@both
@needs(EDIT)
def add(request: Request) -> HttpResponse:
    """Promise uptime: of which organisation first, where there is a choice."""
    organisation, there = organisation_to_edit(request, EDIT)
    if organisation is None:
        return render(request, "uptime/organisation.html", {"organisations": there, "what": "objective"})
    form = ObjectiveForm(request.actor, organisation, request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        try:
            row = objectives.promise_uptime(request.actor, organisation, name, form.promised(), timezone.now())
        except Invalid as error:
            form.complain(error.complaints)
        else:
            messages.success(request, f"{row} is promised from this month on.")
            return redirect(row)
    context = {"form": form, "organisation": organisation, "title": "Promise uptime", "action": "Promise it"}
    return render(request, "uptime/form.html", context)


@both
@needs(EDIT)
def change(request: Request, pk: int) -> HttpResponse:
    """Change what is promised: from the next month on."""
    row = visible_or_404(request.actor, Objective, pk=pk)
    request.actor.require(EDIT, row.organisation_id)
    newest = row.terms.prefetch_related("systems")[0]
    form = ObjectiveForm(request.actor, row.organisation, request.POST or None, initial=terms_of(newest))
    if request.method == "POST" and form.is_valid():
        try:
            terms = objectives.change(request.actor, row, form.cleaned_data["name"], form.promised(), timezone.now())
        except Invalid as error:
            form.complain(error.complaints)
        else:
            messages.success(request, f"{form.cleaned_data['name']} asks this from {terms.since:%B %Y} on.")
            return redirect(row)
    note = "A month that has begun is judged by what was promised at its start: changes count from the next one on."
    context = {"form": form, "row": row, "title": f"Change {row}", "action": "Save", "note": note}
    return render(request, "uptime/form.html", context)


@both
@needs(EDIT)
def end(request: Request, pk: int) -> HttpResponse:
    """Promise it no longer."""
    row = visible_or_404(request.actor, Objective, pk=pk)
    request.actor.require(EDIT, row.organisation_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        objectives.end(request.actor, row, form.cleaned_data["reason"], timezone.now())
        messages.success(request, f"{row} is promised no longer. This month is its last.")
        return redirect(row)
    note = "The running month is its last; its closed months stay."
    context = {"form": form, "row": row, "title": f"End {row}?", "action": "End it", "note": note, "danger": True}
    return render(request, "uptime/form.html", context)
