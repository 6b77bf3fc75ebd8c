"""What a client's people see, without an account."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import public
from umlindi.status.models import StatusPage
from umlindi.status.queries import client_page
from umlindi.status.services import link_behind

KEPT_S = 10
"""However many read a page, it is made once in ten seconds: it costs ninety days of history, and its door is open."""
UNSEEN = {"X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer"}


@public
@require_safe
def open_page(request: HttpRequest, told: str) -> HttpResponse:
    """A page that is open to whoever knows its address."""
    return _answer(get_object_or_404(StatusPage, slug=told, public=True), timezone.now())


@public
@require_safe
def linked_page(request: HttpRequest, reader: str) -> HttpResponse:
    """A page by its secret link. A revoked one, another sort and none at all are the same 404."""
    now = timezone.now()
    found = link_behind(reader, now)
    if found is None or found.page is None:
        raise Http404
    return _answer(found.page, now)


def _answer(page: StatusPage, now: datetime) -> HttpResponse:
    made = cache.get_or_set(f"status-page-{page.pk}", lambda: _made(page, now), KEPT_S)
    return HttpResponse(made, headers=UNSEEN)


def _made(page: StatusPage, now: datetime) -> str:
    return render_to_string("status/client.html", {"told": client_page(page, now)})
