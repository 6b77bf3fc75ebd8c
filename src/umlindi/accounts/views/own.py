"""One's own account: second factor, passkeys, sessions and tokens."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.views import PasswordChangeView
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from umlindi.accounts import services
from umlindi.accounts.doors import me
from umlindi.accounts.forms import OwnNameForm, TokenForm
from umlindi.accounts.queries import own_account, token_or_404
from umlindi.accounts.rules import ALL_RIGHTS, IN_PERSON
from umlindi.core.doors import Request, signed_in


@require_safe
@signed_in
def account(request: Request) -> HttpResponse:
    """How do I sign in, where am I signed in, and which programs act for me?"""
    return render(request, "account/own.html", {"own": own_account(me(request), timezone.now())})


class OwnPasswordView(PasswordChangeView):  # type: ignore[misc]
    """Another password. Whoever has just typed theirs is not asked for it again before a second step is set up."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        reauthenticate_by_password(self.request)
        return response


change_password = signed_in(OwnPasswordView.as_view())


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change_name(request: Request) -> HttpResponse:
    """The name that one's signatures carry."""
    person = me(request)
    form = OwnNameForm(request.POST or None, initial={"first_name": person.first_name, "last_name": person.last_name})
    if form.is_valid():
        services.change_own_name(request.actor, person, **form.cleaned_data)
        messages.success(request, f"You sign as {person}.")
        return redirect("account")
    return render(request, "account/name.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add_token(request: Request) -> HttpResponse:
    """A new token; the page that follows shows its secret once."""
    held = frozenset(right for right in ALL_RIGHTS - IN_PERSON if request.actor.may(right))
    form = TokenForm(held, request.POST or None)
    if form.is_valid():
        now = timezone.now()
        token, secret = services.create_token(
            request.actor,
            me(request),
            form.cleaned_data["name"],
            rights=frozenset(form.cleaned_data["rights"]),
            expires_at=form.expires_at(now),
            now=now,
        )
        return render(request, "account/token_shown_once.html", {"token": token, "secret": secret})
    return render(request, "account/add_token.html", {"form": form, "held": held})


@require_POST
@signed_in
def revoke_own_token(request: Request, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    token = token_or_404(request.actor, pk)
    if token.user_id != request.actor.user_id:
        raise Http404("no such token")
    services.revoke_token(request.actor, token, timezone.now())
    messages.success(request, f"The token {token.name} has ended.")
    return redirect("account")


@require_POST
@signed_in
def end_other_sessions(request: Request) -> HttpResponse:
    """Sign out everywhere but here."""
    ended = services.end_own_sessions(request.actor, me(request), keep=request.session.session_key or "")
    messages.success(request, f"Signed out elsewhere: {ended}.")
    return redirect("account")
