"""Sign-in, as the audit trail hears of it: allauth, axes and Django tell by signals. No password is ever in one."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponseBase

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.core.actors import NOBODY, Actor
from umlindi.core.audit import Subject, record

# What was typed may be a password in the wrong field: only names that exist are written down.
UNKNOWN_NAME = Subject("accounts.user", "", "an unknown name")


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    records = get_authentication_records(request, user)
    used = [step.get("type") or step["method"] for step in records]
    _record(request, actor_of(user), "sign-in", Subject.of(user), used=used)


@receiver(user_login_failed)
def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    _record(request, NOBODY, "sign-in.failed", _person(credentials.get("username")))


@receiver(user_locked_out)
def _locked(request: HttpRequest, username: str | None, **_: Any) -> None:
    """At the attempt that locks, and at each one that a lock refuses."""
    _record(request, NOBODY, "sign-in.locked", _person(username))


@receiver(authentication_failed)
def _second_factor_refused(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, NOBODY, "sign-in.failed", Subject.of(user), used=[authenticator.type])


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        verb = "sign-out.idle" if getattr(request, "session_is_over", False) else "sign-out"
        _record(request, actor_of(user), verb, Subject.of(user))


View = Callable[..., HttpResponseBase]


def trailed(view: View) -> View:
    """For a view that changes its caller's second factors: the change and its event in one transaction.

    allauth's own signals come only after the commit, when the process may be dead.
    """

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return view(request, *args, **kwargs)
        with transaction.atomic():
            before = _second_factors(request.user)
            response = view(request, *args, **kwargs)
            after = _second_factors(request.user)
            if before != after:
                _record_factors(request.user, before, after)
        return response

    return door


def _record_factors(user: User, before: list[str], after: list[str]) -> None:
    told = {"second_factors": before}, {"second_factors": after}
    record(actor_of(user), "second-factor.changed", user, before=told[0], after=told[1])


def _second_factors(user: User) -> list[str]:
    return [f"{factor.pk} {factor}" for factor in Authenticator.objects.filter(user=user).order_by("pk")]


def _person(username: str | None) -> Subject:
    known = User.objects.filter(username__iexact=username or "").first()
    return Subject.of(known) if known else UNKNOWN_NAME


def _record(
    request: HttpRequest | None, actor: Actor, verb: str, about: Subject, used: list[str] | None = None
) -> None:
    after: dict[str, Any] = {"address": request.META.get("REMOTE_ADDR", "") if request else ""}
    if used is not None:
        after["used"] = used
    with transaction.atomic():
        record(actor, verb, about, after=after)
