"""The doors of heartbeats: the pings, which are open to whoever knows a link, and the pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from umlindi.accounts.doors import Request, chosen, needs, public
from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import organisations_where
from umlindi.core.actors import EVERYWHERE
from umlindi.core.scope import visible_or_404
from umlindi.heartbeats import queries, services
from umlindi.heartbeats.forms import HeartbeatForm, initial
from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.rules.states import Signal, State, signal_of

EDIT = "watch.edit"
BODY_AT_MOST = 10_000
PINGS_A_MINUTE = 60
STRANGERS_A_MINUTE = 60
USUAL = {"timezone": "Africa/Johannesburg", "period": timedelta(days=1), "cron": "", "grace": timedelta(hours=1)}
"""What a new heartbeat's form begins with."""

SLOWER = "too many reports: at most one a second is taken\n"
both = require_http_methods(["GET", "HEAD", "POST"])


@csrf_exempt
@public
@both
def ping(request: HttpRequest, link: UUID, what: str = "") -> HttpResponse:
    """A program reports: nothing more for success, `start`, `fail`, `log`, or its exit code. Says OK once that is
    durable, and never whose it is."""
    read = _signal(what)
    source = request.META.get("REMOTE_ADDR") or None
    # Strangers first: each count takes a place of the cache, where other doors count as well.
    if cache.get(f"ping-strangers:{source}", 0) >= STRANGERS_A_MINUTE or _too_often(f"ping:{link}", PINGS_A_MINUTE):
        return HttpResponse(SLOWER, status=429, content_type="text/plain", headers={"Retry-After": "60"})
    report = services.Report(*read, source=source, body=request.read(BODY_AT_MOST)) if read else None
    if report is None or not services.ping(link, report, timezone.now()):
        _too_often(f"ping-strangers:{source}", STRANGERS_A_MINUTE)
        return HttpResponse("not found\n", status=404, content_type="text/plain")
    return HttpResponse("OK\n", content_type="text/plain")


def _signal(what: str) -> tuple[Signal, int | None] | None:
    """What the end of a link says; None where it says nothing we know. Windows counts to 32 bits, with or without a
    sign."""
    if what in {"", Signal.START, Signal.FAIL, Signal.LOG}:
        return Signal(what or "success"), None
    digits = what.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
        return None
    return signal_of(int(what)), int(what)


def _too_often(key: str, a_minute: int) -> bool:
    """Count once more within this minute. Each web process counts for itself: a limit against runaway scripts."""
    cache.add(key, 0, 60)
    try:
        return cache.incr(key) > a_minute
    except ValueError:
        # It ran out between the two.
        return False


@require_safe
@needs("alert.view")
def list_(request: Request) -> HttpResponse:
    """Does everything report that should, and when is the next due?"""
    narrowed = chosen(request)
    organisations = organisations_where(request.actor, EDIT)
    rows = queries.rows(request.actor, narrowed)
    context = {
        "rows": rows,
        "editable": [narrowed] if narrowed in organisations else organisations,
        "sees_house": request.actor.may("alert.view", EVERYWHERE),
        "down": sum(row.heartbeat.state == State.DOWN for row in rows),
        "late": sum(row.heartbeat.state == State.LATE for row in rows),
    }
    return render(request, "heartbeats/list.html", context)


@require_safe
@needs("alert.view")
def one(request: Request, pk: int) -> HttpResponse:
    """One heartbeat: how it stands, how to report for it, what it reported."""
    page = queries.one(request.actor, _visible(request, pk))
    link = request.build_absolute_uri(reverse("heartbeats:ping", args=[page.row.heartbeat.secret]))
    return render(request, "heartbeats/one.html", {"page": page, "heartbeat": page.row.heartbeat, "link": link})


@require_safe
@needs("alert.view")
def house(request: Request) -> HttpResponse:
    """Umlindi itself: does every process live, and did every job run? For who may see alerts everywhere."""
    page = queries.house(request.actor, timezone.now())
    return render(
        request, "heartbeats/house.html", {"page": page, "outgoing_set": bool(settings.UMLINDI_HEARTBEAT_URL)}
    )


@both
@needs(EDIT)
def add(request: Request, organisation: str) -> HttpResponse:
    """A new heartbeat."""
    owner = visible_or_404(request.actor, Organisation, slug=organisation)
    request.actor.require(EDIT, owner.pk)
    start = {**USUAL, "system": request.GET.get("system")}
    form = HeartbeatForm(owner, request.POST or None, initial=start)
    if _is_to_be_saved(request, form):
        try:
            return redirect(services.add(request.actor, owner, form.given(), timezone.now()))
        except services.NameTaken:
            form.add_error("name", "Another heartbeat here has this name.")
    return _form(request, form, {"title": "Add a heartbeat", "action": "Add it", "back": reverse("heartbeats:list")})


@both
@needs(EDIT)
def change(request: Request, pk: int) -> HttpResponse:
    """What it must do, and when."""
    heartbeat = _visible(request, pk)
    request.actor.require(EDIT, heartbeat.organisation_id)
    form = HeartbeatForm(heartbeat.organisation, request.POST or None, initial=initial(heartbeat))
    if _is_to_be_saved(request, form):
        try:
            return redirect(services.change(request.actor, heartbeat, form.given(), timezone.now()))
        except services.NameTaken:
            form.add_error("name", "Another heartbeat here has this name.")
    back = heartbeat.get_absolute_url()
    return _form(request, form, {"title": f"Change {heartbeat}", "action": "Save it", "back": back})


def _is_to_be_saved(request: Request, form: HeartbeatForm) -> bool:
    return form.is_bound and form.is_valid() and "preview" not in request.POST


def _form(request: Request, form: HeartbeatForm, context: dict[str, Any]) -> HttpResponse:
    context |= {"form": form, "upcoming": form.upcoming(timezone.now())}
    wrong = form.is_bound and "preview" not in request.POST
    return render(request, "heartbeats/form.html", context, status=422 if wrong else 200)


@require_POST
@needs(EDIT)
def pause(request: Request, pk: int) -> HttpResponse:
    heartbeat = services.pause(request.actor, _visible(request, pk), timezone.now())
    messages.success(request, f"{heartbeat} is paused: nobody is told when it does not report.")
    return redirect(heartbeat)


@require_POST
@needs(EDIT)
def resume(request: Request, pk: int) -> HttpResponse:
    heartbeat = services.resume(request.actor, _visible(request, pk), timezone.now())
    messages.success(request, f"{heartbeat} must report again.")
    return redirect(heartbeat)


@require_POST
@needs(EDIT)
def rotate(request: Request, pk: int) -> HttpResponse:
    heartbeat = services.rotate(request.actor, _visible(request, pk))
    messages.success(request, f"{heartbeat} has a new link. The old one is unknown from now on: change its script.")
    return redirect(heartbeat)


@require_POST
@needs(EDIT)
def remove(request: Request, pk: int) -> HttpResponse:
    heartbeat = _visible(request, pk)
    services.remove(request.actor, heartbeat, timezone.now())
    messages.success(request, f"{heartbeat} was removed.")
    return redirect("heartbeats:list")


def _visible(request: Request, pk: int) -> Heartbeat:
    return visible_or_404(request.actor, Heartbeat, pk=pk)
