"""What is changed by hand: an override, a swap, a note for whoever comes next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from umlindi.accounts.doors import Request, me, needs
from umlindi.accounts.models import User
from umlindi.core.scope import visible
from umlindi.oncall import services
from umlindi.oncall.forms import NoteForm, OverrideForm, SwapForm
from umlindi.oncall.models import Override, Rota, Swap
from umlindi.oncall.queries.pages import now_of
from umlindi.oncall.queries.plans import candidates
from umlindi.oncall.queries.swaps import exchanges
from umlindi.oncall.views.common import VIEW, both, rota_of, tried

REASON_TAKEN = "Taken over"
FIRST_YEAR, LAST_YEAR = 1971, 2999


def _moment(text: str) -> datetime | None:
    """An aware moment as our own links write it, or None. At the ends of the calendar no zone can be reckoned with."""
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo and FIRST_YEAR <= found.year <= LAST_YEAR else None


def _asked(request: Request, names: tuple[str, str] = ("starts", "ends")) -> tuple[datetime, datetime] | None:
    given = request.POST if request.method == "POST" else request.GET
    start, end = (_moment(given.get(name, "")) for name in names)
    return (start, end) if start and end else None


@both
@needs(VIEW)
def put_on(request: Request, pk: int) -> HttpResponse:
    """Somebody else for a while."""
    rota = rota_of(request, pk)
    zone = ZoneInfo(rota.timezone)
    asked = _asked(request)
    start = {"starts": asked[0].astimezone(zone), "ends": asked[1].astimezone(zone)} if asked else {}
    people = candidates(rota.organisation_id)
    initial = {name: f"{moment:%Y-%m-%dT%H:%M}" for name, moment in start.items()} | {"person": request.actor.user_id}
    form = OverrideForm(people, rota.timezone, request.POST or None, initial=initial)
    if form.is_valid() and tried(request, lambda: _put_on(request, rota, form.cleaned_data), "It is written down."):
        return redirect(rota)
    context = {"form": form, "title": "Put somebody on", "action": "Put on", "back": rota}
    return render(request, "oncall/form.html", context)


def _put_on(request: Request, rota: Rota, given: dict[str, Any]) -> Override:
    user = User.objects.get(pk=given["person"])
    now = timezone.now()
    return services.put_on(request.actor, rota, user, given["starts"], given["ends"], reason=given["reason"], now=now)


@require_POST
@needs(VIEW)
def take(request: Request, pk: int) -> HttpResponse:
    """One's own name on a shift: one press, and one to confirm."""
    rota = rota_of(request, pk)
    asked = _asked(request)
    if asked is None:
        messages.error(request, "Choose a shift.")
        return redirect(rota)
    now = timezone.now()
    starts, ends = asked
    tried(
        request,
        lambda: services.put_on(request.actor, rota, me(request), starts, ends, reason=REASON_TAKEN, now=now),
        "The shift is yours.",
    )
    return redirect(rota)


@require_POST
@needs(VIEW)
def take_off(request: Request, pk: int) -> HttpResponse:
    """Let the layers say again."""
    row = get_object_or_404(visible(request.actor, Override).select_related("rota"), pk=pk)
    reason = request.POST.get("reason", "")[:300] or "Taken off"
    tried(request, lambda: services.take_off(request.actor, row, reason, timezone.now()), "It was taken off.")
    return redirect(row.rota)


@both
@needs(VIEW)
def swap(request: Request, pk: int) -> HttpResponse:
    """Ask somebody to take one's shift, for one of theirs or for nothing."""
    rota = rota_of(request, pk)
    shift = _asked(request)
    if shift is None:
        messages.error(request, "Choose the shift that you want to give.")
        return redirect(rota)
    choices = exchanges(rota, me(request), timezone.now())
    form = SwapForm([(each.value, each.said) for each in choices], request.POST or None)
    if form.is_valid():
        chosen = next(each for each in choices if each.value == form.cleaned_data["other"])
        reason = form.cleaned_data["reason"]

        def propose() -> Swap:
            return services.propose(
                request.actor, rota, chosen.other, shift, back=chosen.back, reason=reason, now=timezone.now()
            )

        tried(request, propose, f"{chosen.other} is asked. Until they accept, nothing changes.")
        return redirect(rota)
    context = {"form": form, "rota": rota, "shift": shift, "zone": rota.timezone, "choices": choices}
    return render(request, "oncall/swap.html", context)


@require_POST
@needs(VIEW)
def accept(request: Request, pk: int) -> HttpResponse:
    row = _swap(request, pk)
    tried(request, lambda: services.accept(request.actor, row, timezone.now()), "Swapped.")
    return redirect(row.rota)


@require_POST
@needs(VIEW)
def decline(request: Request, pk: int) -> HttpResponse:
    row = _swap(request, pk)
    tried(request, lambda: services.decline(request.actor, row, timezone.now()), "Declined.")
    return redirect(row.rota)


@require_POST
@needs(VIEW)
def withdraw(request: Request, pk: int) -> HttpResponse:
    row = _swap(request, pk)
    tried(request, lambda: services.withdraw(request.actor, row, timezone.now()), "Withdrawn.")
    return redirect(row.rota)


def _swap(request: Request, pk: int) -> Swap:
    return get_object_or_404(visible(request.actor, Swap).select_related("rota"), pk=pk)


@require_POST
@needs(VIEW)
def hand_over(request: Request, pk: int) -> HttpResponse:
    """A note for whoever is on call next."""
    rota = rota_of(request, pk)
    form = NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write what they must know.")
        return redirect(rota)
    now = timezone.now()
    starts = now_of(rota, now).next_from or now
    verb = services.write_handover
    tried(request, lambda: verb(request.actor, rota, form.cleaned_data["text"], starts, now), "The note is written.")
    return redirect(rota)
