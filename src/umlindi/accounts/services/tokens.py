"""Tokens: a program's key to the API, made by a person for a part of their own rights."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from umlindi.accounts.models import Token, User
from umlindi.accounts.queries import rights_per_organisation
from umlindi.accounts.rules import IN_PERSON, LONGEST_TOKEN, SIGNS_NOTHING, may_manage
from umlindi.accounts.services.refusals import Refused
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited
from umlindi.core.digests import digest_of

MARK = "uml_"
PREFIX_LENGTH = 12
USE_NOTED_EVERY = timedelta(minutes=1)


def create_token(
    actor: Actor, user: User, name: str, *, rights: frozenset[str], expires_at: datetime, now: datetime
) -> tuple[Token, str]:
    """A token for oneself, and its secret, which is shown once: only its digest is kept.

    Raises `Refused` where it would outlive a year, hold a right its owner does not, or sign; `Forbidden` for another's.
    """
    if actor.kind != "user" or actor.user_id != user.pk:
        raise Forbidden(actor, "tokens of another person")
    if not now < expires_at <= now + LONGEST_TOKEN:
        raise Refused("A token expires within a year.")
    if rights & IN_PERSON:
        raise Refused(SIGNS_NOTHING)
    if not rights or not all(actor.may(right) for right in rights):
        raise Refused("A token holds at least one right, and none that you do not hold.")
    secret = MARK + secrets.token_hex(4) + "_" + secrets.token_urlsafe(32)
    token = Token(user=user, name=name, prefix=secret[:PREFIX_LENGTH], digest=digest_of(secret), expires_at=expires_at)
    token.rights = sorted(rights)
    with audited(actor, "token.created", token):
        token.save()
    return token, secret


def revoke_token(actor: Actor, token: Token, now: datetime) -> None:
    """End a token, one's own or that of a person one manages. A token that has ended stays ended."""
    if actor.user_id != token.user_id and not may_manage(actor, rights_per_organisation(token.user)):
        raise Forbidden(actor, "people.edit")
    if token.revoked_at is not None:
        return
    with audited(actor, "token.revoked", token):
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])


def token_behind(secret: str, now: datetime) -> Token | None:
    """The live token of an active person with this secret, its use noted; None for anything else."""
    token = Token.objects.select_related("user").filter(prefix=secret[:PREFIX_LENGTH]).first()
    if token is None or not hmac.compare_digest(token.digest, digest_of(secret)):
        return None
    if token.revoked_at is not None or token.expires_at <= now or not token.user.is_active:
        return None
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED_EVERY)
    Token.objects.filter(stale, pk=token.pk).update(last_used_at=now)
    return token
