"""The first page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, chosen, needs
from umlindi.alerts.queries.now import SYSTEMS, now_page


@require_safe
@needs("estate.view")
def now(request: Request) -> HttpResponse:
    """What is broken, since when, who is affected, what to do next. Asked again every few seconds by the page."""
    organisation = chosen(request)
    page = now_page(request.actor, timezone.now(), organisation, None if "all" in request.GET else SYSTEMS)
    template = "alerts/_now.html" if request.headers.get("HX-Request") else "alerts/now.html"
    return render(request, template, {"now": page, "chosen": organisation})
