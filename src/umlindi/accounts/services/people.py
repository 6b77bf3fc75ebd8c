"""People come, change, leave and come back. None is ever deleted: the trail names them."""

from __future__ import annotations

import secrets

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils import timezone

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.queries import rights_per_organisation
from umlindi.accounts.rules import Role, may_manage
from umlindi.accounts.services.refusals import Refused
from umlindi.accounts.services.roles import grant_role, keep_an_administrator
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited, record

# No vowels and no look-alikes: it is read out over the telephone. 16 of 27 are 76 bits.
ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
GROUPS, GROUP_LENGTH = 4, 4


def one_time_password() -> str:
    """Such as `k7mp-q2xw-9frt-h4vd`."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def ensure_first_admin() -> str | None:
    """Where there is nobody yet, make `admin`, an administrator everywhere. Returns its one-time password, or None."""
    with transaction.atomic():
        if User.objects.exists():
            return None
        _, password = add_person(Actor.house("first start"), "admin", role=Role.ADMINISTRATOR)
    return password


def add_person(
    actor: Actor,
    username: str,
    *,
    role: Role,
    organisation: Organisation | None = None,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
) -> tuple[User, str]:
    """A new person with a first role, and the one-time password they sign in with. It is shown once and kept nowhere.

    Raises `Forbidden` where the actor may not give that role there, `Refused` where the name is taken.
    """
    user = User(username=username, first_name=first_name, last_name=last_name, email=email, must_change_password=True)
    password = one_time_password()
    user.set_password(password)
    with transaction.atomic():
        if User.objects.filter(username__iexact=username).exists():
            raise Refused(f"The name {username} is taken.")
        with audited(actor, "person.added", user):
            user.save()
        grant_role(actor, user, role, organisation)
    return user, password


def change_person(actor: Actor, user: User, *, first_name: str, last_name: str, email: str) -> User:
    """A new name or address. The sign-in name stays: the trail uses it."""
    _require_manage(actor, user)
    with audited(actor, "person.changed", user):
        user.first_name, user.last_name, user.email = first_name, last_name, email
        user.save(update_fields=["first_name", "last_name", "email"])
    return user


def change_own_name(actor: Actor, user: User, *, first_name: str, last_name: str) -> User:
    """What one's signatures carry from now on: those given before keep the name they were given in.

    Raises `Forbidden` for anybody but the person, their tokens too.
    """
    if actor.kind != "user" or actor.user_id != user.pk:
        raise Forbidden(actor, "the name of another person")
    with audited(actor, "person.own-name-changed", user):
        user.first_name, user.last_name = first_name, last_name
        user.save(update_fields=["first_name", "last_name"])
    return user


def deactivate(actor: Actor, user: User, reason: str) -> None:
    """End a person's access at once: no sign-in, no session, no token. Raises `Refused` for the last administrator."""
    _require_manage(actor, user)
    with transaction.atomic():
        keep_an_administrator(user)
        with audited(actor, "person.deactivated", user, reason):
            user.is_active = False
            user.set_unusable_password()
            user.save(update_fields=["is_active", "password"])
        _end_sessions(user)
        _end_tokens(actor, user, reason)


def reactivate(actor: Actor, user: User, reason: str) -> str:
    """Let a person back in, with their roles as they were and a new one-time password, which is returned."""
    _require_manage(actor, user)
    with audited(actor, "person.reactivated", user, reason):
        user.is_active = True
        return _set_one_time_password(user)


def reset_password(actor: Actor, user: User) -> str:
    """A new one-time password, returned once; every session and token of the person ends: who stole one has both."""
    _require_manage(actor, user)
    with transaction.atomic():
        with audited(actor, "person.password-reset", user):
            password = _set_one_time_password(user)
        _end_sessions(user)
        _end_tokens(actor, user, "password reset")
    return password


def reset_second_factor(actor: Actor, user: User, reason: str) -> int:
    """Remove every authenticator of a person who lost theirs. Returns how many there were."""
    _require_manage(actor, user)
    with transaction.atomic():
        kinds = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
        Authenticator.objects.filter(user=user).delete()
        record(actor, "person.second-factor-reset", user, before={"second_factors": sorted(kinds)}, reason=reason)
        _end_sessions(user)
    return len(kinds)


def end_own_sessions(actor: Actor, user: User, keep: str) -> int:
    """Sign oneself out everywhere but in the session whose key is `keep`. Returns how many sessions ended."""
    with transaction.atomic():
        ended = _end_sessions(user, keep)
        if ended:
            record(actor, "sign-out.elsewhere", user, after={"sessions": ended})
    return ended


def _end_tokens(actor: Actor, user: User, reason: str) -> None:
    """Coming back revives none of them."""
    for token in user.tokens.filter(revoked_at=None):
        with audited(actor, "token.revoked", token, reason):
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])


def _end_sessions(user: User, keep: str = "") -> int:
    sessions = UserSession.objects.filter(user=user).exclude(session_key=keep)
    for session in sessions:
        session.end()
    return len(sessions)


def _set_one_time_password(user: User) -> str:
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["is_active", "password", "must_change_password"])
    return password


def _require_manage(actor: Actor, user: User) -> None:
    if not may_manage(actor, rights_per_organisation(user)):
        raise Forbidden(actor, "people.edit")
