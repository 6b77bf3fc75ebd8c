"""Looking at alerts: how many there are, the list, and one with everything that happened to it."""

from __future__ import annotations

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, chosen, needs
from umlindi.alerts.forms import CommentForm
from umlindi.alerts.models.alerts import SEVERITIES
from umlindi.alerts.queries.browse import STATES, Wanted, alert_view
from umlindi.alerts.queries.browse import alert_list as listed

VIEW = "alert.view"
LABELS = dict(SEVERITIES)


@require_safe
@needs(VIEW)
def count(request: Request) -> HttpResponse:
    """The rail's figure alone, asked again by every page."""
    return render(request, "alerts/_count.html")


@require_safe
@needs(VIEW)
def alert_list(request: Request) -> HttpResponse:
    """What waits for a person, what is in hand, and what is over."""
    asked = request.GET
    wanted = Wanted(asked.get("state") or "open", asked.get("severity", ""), asked.get("text", "")[:100])
    if wanted.state not in STATES or wanted.severity not in {"", *LABELS}:
        raise BadRequest("no such selection")
    organisation = chosen(request)
    context = {
        "page": listed(request.actor, timezone.now(), wanted, organisation),
        "wanted": wanted,
        "chosen": organisation,
        "states": STATES,
        "severities": LABELS,
    }
    return render(request, "alerts/list.html", context)


@require_safe
@needs(VIEW)
def alert(request: Request, pk: int) -> HttpResponse:
    """One alert: how it stands, what it is made of, who was told, and everything that happened to it."""
    view = alert_view(request.actor, pk, timezone.now())
    return render(request, "alerts/alert.html", {"view": view, "page": view.page, "form": CommentForm()})
