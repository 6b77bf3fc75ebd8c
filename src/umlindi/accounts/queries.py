"""Reads about people, and the one that makes an actor of a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404

from umlindi.accounts.models import Membership, Organisation, Token, User
from umlindi.accounts.rules import Role, rights_of
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.scope import visible

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def organisations_where(actor: Actor, right: str) -> QuerySet[Organisation]:
    """Those an actor sees and holds a right in."""
    allowed = actor.organisations(right)
    rows = visible(actor, Organisation)
    return rows if allowed is None else rows.filter(pk__in=allowed)


def rights_per_organisation(user: User) -> dict[int, frozenset[str]]:
    """What a person's roles let them do where, active or not."""
    roles: dict[int, set[Role]] = defaultdict(set)
    for organisation_id, role in user.memberships.values_list("organisation_id", "role"):
        roles[EVERYWHERE if organisation_id is None else organisation_id].add(Role(role))
    return {where: rights_of(frozenset(held)) for where, held in roles.items()}


def actor_of(user: User, token_id: int | None = None, only: frozenset[str] | None = None) -> Actor:
    """The actor a person is now. `only` cuts the rights down to a token's."""
    rights = rights_per_organisation(user) if user.is_active else {}
    if only is not None:
        rights = {where: held & only for where, held in rights.items()}
    return Actor(
        name=str(user),
        kind="user" if token_id is None else "token",
        user_id=user.pk,
        token_id=token_id,
        rights=rights,
    )


def people(actor: Actor) -> QuerySet[User]:
    """The people this actor may see, with `has_second_factor`, and of their roles only those it may see."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=SECOND_FACTORS)
    roles = visible(actor, Membership).select_related("organisation").order_by("organisation__name", "role")
    return (
        visible(actor, User)
        .annotate(has_second_factor=Exists(factors))
        .prefetch_related(Prefetch("memberships", queryset=roles, to_attr="roles_seen"))
    )


def person_or_404(actor: Actor, pk: int) -> User:
    """One of `people`, or Http404 for a stranger and for nobody alike."""
    found = people(actor).filter(pk=pk).first()
    if found is None:
        raise Http404("no such person")
    return found


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Who has access, of them the `bare` ones without a second factor, and whose access has ended."""

    active: list[User]
    bare: list[User]
    ended: list[User]


def people_page(actor: Actor) -> PeoplePage:
    found = list(people(actor))
    active = [person for person in found if person.is_active]
    return PeoplePage(
        active=active,
        bare=[person for person in active if not person.has_second_factor],  # type: ignore[attr-defined]
        ended=[person for person in found if not person.is_active],
    )


def live_tokens(user: User, now: datetime) -> QuerySet[Token]:
    """A person's tokens that work now."""
    return Token.objects.filter(user=user, revoked_at=None, expires_at__gt=now)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A person's own account: what they sign in with, where they are signed in, which programs act for them."""

    totp: Authenticator | None
    passkeys: list[Authenticator]
    codes_left: int | None
    sessions: list[UserSession]
    tokens: list[Token]
    roles: list[Membership]

    @property
    def has_second_factor(self) -> bool:
        return self.totp is not None or bool(self.passkeys)


def own_account(user: User, now: datetime) -> OwnAccount:
    factors = list(Authenticator.objects.filter(user=user).order_by("created_at"))
    codes = _of_type(factors, Authenticator.Type.RECOVERY_CODES)
    totp = _of_type(factors, Authenticator.Type.TOTP)
    return OwnAccount(
        totp=totp[0] if totp else None,
        passkeys=_of_type(factors, Authenticator.Type.WEBAUTHN),
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else None,
        sessions=UserSession.objects.purge_and_list(user),
        tokens=list(live_tokens(user, now)),
        roles=list(user.memberships.select_related("organisation")),
    )


def _of_type(factors: Iterable[Authenticator], kind: str) -> list[Authenticator]:
    return [factor for factor in factors if factor.type == kind]


def token_or_404(actor: Actor, pk: int) -> Token:
    """A token of somebody this actor may see, or their own."""
    own = Q(user_id=actor.user_id) if actor.user_id else Q(pk__in=[])
    found = Token.objects.filter(own | Q(pk__in=visible(actor, Token).values("pk")), pk=pk).first()
    if found is None:
        raise Http404("no such token")
    return found
