"""The wallboard, for a shift that is signed in and for a screen that nobody signs in at."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, needs, public
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.status.models import Link
from umlindi.status.queries.client import READS
from umlindi.status.queries.wall import wall as wall_of
from umlindi.status.services import link_behind
from umlindi.status.views.client import UNSEEN


@require_safe
@needs("alert.view")
def wall(request: Request) -> HttpResponse:
    """Everything the person may see. It ends with their session: a screen on a wall has a link of its own."""
    return _wall(request, request.actor, "")


@public
@require_safe
def kiosk(request: HttpRequest, wall: str) -> HttpResponse:
    """By a secret link: one organisation, or all. A revoked one, another sort and none at all are the same 404."""
    link = link_behind(wall, timezone.now())
    if link is None or link.page_id is not None:
        raise Http404
    answer = _wall(request, _reader(link), str(link.organisation or ""))
    for name, value in UNSEEN.items():
        answer.headers[name] = value
    return answer


def _reader(link: Link) -> Actor:
    """Who reads by a link: nobody by name, and nothing but reading."""
    return Actor(f"wallboard {link}", "link", rights={link.organisation_id or EVERYWHERE: READS})


def _wall(request: HttpRequest, actor: Actor, whose: str) -> HttpResponse:
    theme = "light" if request.GET.get("theme") == "light" else "dark"
    context = {"wall": wall_of(actor, timezone.now()), "whose": whose, "theme": theme}
    return render(request, "status/wall.html", context)
