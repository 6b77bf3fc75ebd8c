"""Looking at alerts: how many there are, the list, and one with everything that happened to it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, needs

VIEW = "alert.view"


@require_safe
@needs(VIEW)
def count(request: Request) -> HttpResponse:
    """The rail's figure alone, asked again by every page."""
    return render(request, "alerts/_count.html")


@require_safe
@needs(VIEW)
def alert_list(request: Request) -> HttpResponse:
    """What waits for a person, and what was lately."""
    return render(request, "alerts/list.html")
