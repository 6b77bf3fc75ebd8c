"""Public holidays: seen, added, removed."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from umlindi.accounts.doors import Request, needs
from umlindi.core.actors import EVERYWHERE
from umlindi.core.scope import visible_or_404
from umlindi.oncall import services
from umlindi.oncall.forms import HolidayForm
from umlindi.oncall.models import Holiday
from umlindi.oncall.queries.pages import editable_organisations, holidays_shown
from umlindi.oncall.views.common import EDIT, VIEW, tried


@require_safe
@needs(VIEW)
def listing(request: Request) -> HttpResponse:
    """Which days are holidays, for everybody and for each organisation?"""
    return _page(request, _form(request))


def _page(request: Request, form: HolidayForm) -> HttpResponse:
    today = timezone.localdate()
    rows = list(holidays_shown(request.actor, today.replace(month=1, day=1)))
    coming = next((row for row in rows if row.day >= today), None)
    return render(request, "oncall/holidays.html", {"rows": rows, "coming": coming, "form": form, "today": today})


def _form(request: Request) -> HolidayForm:
    everywhere = request.actor.may(EDIT, EVERYWHERE)
    return HolidayForm(editable_organisations(request.actor), everywhere, request.POST or None)


@require_POST
@needs(EDIT)
def add(request: Request) -> HttpResponse:
    """A proclaimed day, or an organisation's own."""
    form = _form(request)
    if not form.is_valid():
        return _page(request, form)
    given = form.cleaned_data
    verb = services.add_holiday
    tried(request, lambda: verb(request.actor, given["organisation"], given["day"], given["name"]), "Added.")
    return redirect("oncall:holidays")


@require_POST
@needs(EDIT)
def remove(request: Request, pk: int) -> HttpResponse:
    """A day that is none after all."""
    row = visible_or_404(request.actor, Holiday, pk=pk)
    tried(request, lambda: services.remove_holiday(request.actor, row), f"{row.name} was removed.")
    return redirect("oncall:holidays")
