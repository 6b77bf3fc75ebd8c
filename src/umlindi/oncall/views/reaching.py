"""How people and teams are reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from umlindi.accounts.doors import Request, me, needs
from umlindi.accounts.models import Organisation, User
from umlindi.core.actors import Forbidden
from umlindi.core.scope import visible_or_404
from umlindi.oncall import services
from umlindi.oncall.forms import ChannelForm, ProfileForm, RulesForm
from umlindi.oncall.models import Channel
from umlindi.oncall.queries.channels import channel_or_404, person_or_404
from umlindi.oncall.queries.pages import reach_of
from umlindi.oncall.services.channels import Owner, owner_of
from umlindi.oncall.views.common import EDIT, NOT_YOURS, VIEW, both, tried

THE_PROVIDER = "-"


@require_safe
@needs(VIEW)
def mine(request: Request) -> HttpResponse:
    """How am I reached, for what, and when not?"""
    return _mine(request)


def _mine(request: Request, profile: ProfileForm | None = None, rules: RulesForm | None = None) -> HttpResponse:
    reach = reach_of(me(request))
    context = {
        "reach": reach,
        "profile": profile or ProfileForm.of(reach.profile),
        "rules": rules or RulesForm(reach.person, reach.channels),
    }
    return render(request, "oncall/me.html", context)


@require_POST
@needs(VIEW)
def set_profile(request: Request) -> HttpResponse:
    """Telephone and quiet hours."""
    form = ProfileForm(request.POST)
    if form.is_valid():
        try:
            services.set_profile(request.actor, me(request), **form.cleaned_data)
        except services.Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Saved.")
            return redirect("oncall:me")
    return _mine(request, profile=form)


@require_POST
@needs(VIEW)
def set_rules(request: Request) -> HttpResponse:
    """Which channel for what."""
    reach = reach_of(me(request))
    form = RulesForm(reach.person, reach.channels, request.POST)
    if form.is_valid():
        services.set_rules(request.actor, reach.person, form.rules())
        messages.success(request, "Saved.")
        return redirect("oncall:me")
    return _mine(request, rules=form)


@require_POST
@needs(VIEW)
def new_calendar(request: Request) -> HttpResponse:
    """Not a redirect: the link exists nowhere but in this answer."""
    secret = services.new_calendar_link(request.actor, me(request))
    link = settings.SITE_URL + reverse("oncall:calendar", args=[secret])
    return render(request, "oncall/calendar_shown_once.html", {"link": link})


@require_safe
@needs(EDIT)
def person(request: Request, pk: int) -> HttpResponse:
    """How is this person reached?"""
    return render(request, "oncall/person.html", {"reach": reach_of(person_or_404(request.actor, pk))})


@both
@needs(VIEW)
def add_channel(request: Request) -> HttpResponse:
    """A way to reach oneself, or with `?person=` or `?team=` somebody else."""
    owner, back = _owner(request)
    form = ChannelForm(request.POST or None)
    if form.is_valid():
        try:
            added = _add(request, owner, form.cleaned_data)
        except services.Refused as refusal:
            form.add_error(None, str(refusal))
        except Forbidden:
            form.add_error(None, NOT_YOURS)
        else:
            messages.success(request, f"{added.name} was added. Press Test to see that it works.")
            return redirect(back)
    whose = "you" if owner == request.user else owner or "the provider’s team"
    context = {"form": form, "title": f"A way to reach {whose}", "action": "Add", "back": back}
    return render(request, "oncall/form.html", context)


def _add(request: Request, owner: Owner, given: dict[str, Any]) -> Channel:
    if given["address"]:
        return services.add_mail(request.actor, owner, given["name"], given["address"])
    return services.add_service(request.actor, owner, given["name"], given["url"])


def _owner(request: Request) -> tuple[Owner, str]:
    """Whom the channel is to reach, and the page to return to. Http404 for whom the actor may not see."""
    if pk := request.GET.get("person", ""):
        if not pk.isdecimal() or len(pk) > 18:
            raise Http404("no such person")
        found = person_or_404(request.actor, int(pk))
        return found, reverse("oncall:person", args=[found.pk])
    if (team := request.GET.get("team", "")) == THE_PROVIDER:
        return None, reverse("oncall:now")
    if team:
        return visible_or_404(request.actor, Organisation, slug=team), reverse("oncall:now")
    return me(request), reverse("oncall:me")


@require_POST
@needs(VIEW)
def try_channel(request: Request, pk: int) -> HttpResponse:
    """Send a test, and say exactly what came of it."""
    row = channel_or_404(request.actor, pk)
    try:
        tested = services.try_channel(request.actor, row, timezone.now(), settings.SITE_URL)
    except Forbidden:
        messages.error(request, NOT_YOURS)
    else:
        tell = messages.success if tested.ok else messages.error
        tell(request, f"{row.name}: {'sent' if tested.ok else 'not sent'}. {tested.said}.")
    return redirect(_page_of(request, row))


@require_POST
@needs(VIEW)
def turn(request: Request, pk: int) -> HttpResponse:
    """Off for a while, or on again."""
    row = channel_or_404(request.actor, pk)
    wanted = not row.enabled
    done = f"{row.name} is {'on' if wanted else 'off'}."
    return _done(request, row, lambda: services.set_enabled(request.actor, row, wanted), done)


@require_POST
@needs(VIEW)
def remove_channel(request: Request, pk: int) -> HttpResponse:
    row = channel_or_404(request.actor, pk)
    return _done(request, row, lambda: services.remove_channel(request.actor, row), f"{row.name} was removed.")


def _done(request: Request, row: Channel, verb: Callable[[], None], done: str) -> HttpResponse:
    page = _page_of(request, row)
    tried(request, verb, done)
    return redirect(page)


def _page_of(request: Request, row: Channel) -> str:
    owner = owner_of(row)
    if not isinstance(owner, User):
        return reverse("oncall:now")
    return reverse("oncall:me") if owner == request.user else reverse("oncall:person", args=[owner.pk])
