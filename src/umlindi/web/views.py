"""The pages that belong to no room: is the house alive, and the palette."""

from __future__ import annotations

import sys

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe
from django.views.defaults import page_not_found, server_error
from rest_framework.exceptions import NotFound

from umlindi.core.doors import Request, public, signed_in
from umlindi.web.api import describe
from umlindi.web.palette import hits

PALETTE_LIMIT = 24
NO_ADDRESS = "The API has no such address: /api/docs/ lists those it has."
ALIVE = "SELECT 1"
AWAY = (OperationalError, InterfaceError)
AWAY_SAID = "the database does not answer"
FOR_PROGRAMS = ("/health", "/ping/", "/metrics")
AGAIN_S = 10


@public
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """200 and "ok" only where the database answers; 503 otherwise. For load balancers and supervisors."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(ALIVE)
    except (DatabaseError, InterfaceError):
        return _away(request)
    return HttpResponse("ok\n", content_type="text/plain")


@signed_in
@require_safe
def palette(request: Request) -> HttpResponse:
    """What the words typed could mean: systems, pages, actions. A page of its own where no script runs."""
    text = request.GET.get("q", "").strip()[:100]
    page = "web/hits.html" if request.GET.get("part") else "web/palette.html"
    return render(request, page, {"text": text, "hits": hits(request, text, PALETTE_LIMIT)})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is not there: a page for people, an error in the API's shape for programs."""
    if request.path.startswith("/api/"):
        return JsonResponse({"error": describe(NotFound(NO_ADDRESS))}, status=404)
    return page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """What broke: the database's absence is no fault of ours, and passes."""
    return _away(request) if isinstance(sys.exc_info()[1], AWAY) else server_error(request)


def _away(request: HttpRequest) -> HttpResponse:
    """Asks the database for nothing: neither who is signed in nor what they may see."""
    answer: HttpResponse
    if request.path.startswith("/api/"):
        error = {"code": "database_away", "message": AWAY_SAID, "fields": {}}
        answer = JsonResponse({"error": error}, status=503)
    elif request.path.startswith(FOR_PROGRAMS):
        answer = HttpResponse(f"{AWAY_SAID}\n", status=503, content_type="text/plain")
    else:
        answer = HttpResponse(render_to_string("503.html"), status=503)
    answer["Retry-After"] = str(AGAIN_S)
    return answer
