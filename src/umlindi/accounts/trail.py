"""Sign-in, as the audit trail hears of it: allauth, axes and Django tell by signals. No password is ever in one."""

from __future__ import annotations

from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.signals import user_logged_in
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

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
    """Axes hears the same signal before us, as its app comes first, and marks the request."""
    known = User.objects.filter(username__iexact=str(credentials.get("username", ""))).first()
    locked = request is not None and getattr(request, "axes_locked_out", False)
    about = Subject.of(known) if known else UNKNOWN_NAME
    _record(request, NOBODY, "sign-in.locked" if locked else "sign-in.failed", about)


@receiver(authentication_failed)
def _second_factor_refused(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, NOBODY, "sign-in.failed", Subject.of(user), used=[authenticator.type])


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        verb = "sign-out.idle" if getattr(request, "session_is_over", False) else "sign-out"
        _record(request, actor_of(user), verb, Subject.of(user))


@receiver(authenticator_added)
def _second_factor_added(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, actor_of(user), "second-factor.added", Subject.of(user), used=[authenticator.type])


@receiver(authenticator_removed)
def _second_factor_removed(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, actor_of(user), "second-factor.removed", Subject.of(user), used=[authenticator.type])


@receiver(authenticator_reset)
def _second_factor_renewed(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _record(request, actor_of(user), "second-factor.renewed", Subject.of(user), used=[authenticator.type])


def _record(
    request: HttpRequest | None, actor: Actor, verb: str, about: Subject, used: list[str] | None = None
) -> None:
    after: dict[str, Any] = {"address": request.META.get("REMOTE_ADDR", "") if request else ""}
    if used is not None:
        after["used"] = used
    with transaction.atomic():
        record(actor, verb, about, after=after)
