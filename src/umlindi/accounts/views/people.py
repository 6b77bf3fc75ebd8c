"""People: who has access, as what, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from umlindi.accounts import services
from umlindi.accounts.forms import NameForm, PersonForm, ReasonForm, RoleForm
from umlindi.accounts.models import Membership, User
from umlindi.accounts.queries import live_tokens, people_page, person_or_404, rights_per_organisation, token_or_404
from umlindi.accounts.rules import Role, may_grant, may_manage
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.doors import Request, needs
from umlindi.core.scope import visible_or_404

require_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@needs("people.view")
def listing(request: Request) -> HttpResponse:
    """Who has access, and who of them signs in with a password alone?"""
    return render(request, "people/list.html", {"page": people_page(request.actor)})


@require_safe
@needs("people.view")
def person(request: Request, pk: int) -> HttpResponse:
    """What may this person do, and how do they sign in?"""
    found = person_or_404(request.actor, pk)
    context = {
        "person": found,
        "may_manage": may_manage(request.actor, rights_per_organisation(found)),
        "roles": [(role, _may_revoke(request.actor, role)) for role in found.roles_seen],  # type: ignore[attr-defined]
        "tokens": live_tokens(found, timezone.now()),
    }
    return render(request, "people/person.html", context)


@require_form
@needs("people.edit")
def add(request: Request) -> HttpResponse:
    """A new person; the page that follows shows their one-time password."""
    form = PersonForm(request.actor, request.POST or None)
    if form.is_valid():
        wanted = {name: form.cleaned_data[name] for name in ("first_name", "last_name", "email", "organisation")}
        try:
            added, password = services.add_person(
                request.actor, form.cleaned_data["username"], role=Role(form.cleaned_data["role"]), **wanted
            )
        except services.Refused as refusal:
            form.add_error("username", str(refusal))
        else:
            return _show_once(request, added, password)
    return render(request, "people/form.html", {"form": form, "title": "Add a person", "action": "Add"})


@require_form
@needs("people.edit")
def change(request: Request, pk: int) -> HttpResponse:
    """Another name or address."""
    found = person_or_404(request.actor, pk)
    now = {"first_name": found.first_name, "last_name": found.last_name, "email": found.email}
    form = NameForm(request.POST or None, initial=now)
    if form.is_valid():
        services.change_person(request.actor, found, **form.cleaned_data)
        return redirect("people:person", pk)
    return _form(request, form, found, f"Change {found}", "Save")


@require_form
@needs("people.edit")
def grant(request: Request, pk: int) -> HttpResponse:
    """One more role for a person."""
    found = person_or_404(request.actor, pk)
    form = RoleForm(request.actor, request.POST or None)
    if form.is_valid():
        wanted = form.cleaned_data
        services.grant_role(request.actor, found, Role(wanted["role"]), wanted["organisation"], wanted["reason"])
        return redirect("people:person", pk)
    return _form(request, form, found, f"Give {found} a role", "Give role")


@require_POST
@needs("people.edit")
def revoke(request: Request, pk: int) -> HttpResponse:
    """Take one role away."""
    membership = visible_or_404(request.actor, Membership, pk=pk)
    _try(request, lambda: services.revoke_role(request.actor, membership))
    return redirect("people:person", membership.user_id)


@require_form
@needs("people.edit")
def deactivate(request: Request, pk: int) -> HttpResponse:
    """End a person's access at once."""
    found = person_or_404(request.actor, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        _try(request, lambda: services.deactivate(request.actor, found, form.cleaned_data["reason"]))
        return redirect("people:person", pk)
    return _form(request, form, found, f"End {found}’s access", "End access now", danger=True)


@require_form
@needs("people.edit")
def reactivate(request: Request, pk: int) -> HttpResponse:
    """Let a person back in, with a new one-time password."""
    found = person_or_404(request.actor, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        password = services.reactivate(request.actor, found, form.cleaned_data["reason"])
        return _show_once(request, found, password)
    return _form(request, form, found, f"Let {found} back in", "Let back in")


@require_POST
@needs("people.edit")
def reset_password(request: Request, pk: int) -> HttpResponse:
    """A new one-time password for somebody who forgot theirs."""
    found = person_or_404(request.actor, pk)
    return _show_once(request, found, services.reset_password(request.actor, found))


@require_form
@needs("people.edit")
def reset_second_factor(request: Request, pk: int) -> HttpResponse:
    """Remove the second factor of somebody who lost it."""
    found = person_or_404(request.actor, pk)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        services.reset_second_factor(request.actor, found, form.cleaned_data["reason"])
        messages.success(request, f"{found} signs in with a password alone until they set up a second step again.")
        return redirect("people:person", pk)
    return _form(request, form, found, f"Remove {found}’s second step", "Remove it", danger=True)


@require_POST
@needs("people.edit")
def revoke_token(request: Request, pk: int) -> HttpResponse:
    """End somebody's token."""
    token = token_or_404(request.actor, pk)
    services.revoke_token(request.actor, token, timezone.now())
    return redirect("people:person", token.user_id)


def _may_revoke(actor: Actor, role: Membership) -> bool:
    where = EVERYWHERE if role.organisation_id is None else role.organisation_id
    return may_grant(actor, Role(role.role), where)


def _try(request: Request, verb: Callable[[], None]) -> None:
    try:
        verb()
    except services.Refused as refusal:
        messages.error(request, str(refusal))


def _form(
    request: Request, form: forms.Form, found: User, title: str, action: str, *, danger: bool = False
) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "person": found, "title": title, "action": action, "danger": danger}
    return render(request, "people/form.html", context)


def _show_once(request: Request, found: User, password: str) -> HttpResponse:
    """Not a redirect: the password exists nowhere but in this answer."""
    return render(request, "people/shown_once.html", {"person": found, "password": password})
