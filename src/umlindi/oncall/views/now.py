"""Who is on call now, and the calendar of one's own shifts."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, needs, public
from umlindi.oncall import calendar, queries
from umlindi.oncall.queries.pages import now_page
from umlindi.oncall.views.common import VIEW

BEHIND, AHEAD = timedelta(days=7), timedelta(days=92)


@require_safe
@needs(VIEW)
def now(request: Request) -> HttpResponse:
    """Who is on call now, until when, who is next, and where is a hole?"""
    return render(request, "oncall/now.html", {"page": now_page(request.actor, timezone.now())})


@require_safe
@public
def own_calendar(request: Request, secret: str) -> HttpResponse:
    """The shifts of whoever made this link, as iCalendar (RFC 5545). It holds rotas' names and times, nothing else."""
    person = queries.person_behind(secret)
    if person is None:
        raise Http404("no such calendar")
    at = timezone.now()
    shifts = queries.own_shifts(person, at - BEHIND, at + AHEAD)
    return HttpResponse(calendar.written(shifts, at), content_type="text/calendar; charset=utf-8")
