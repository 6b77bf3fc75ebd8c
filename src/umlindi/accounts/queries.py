"""Reads about people, and the one that makes an actor of a person."""

from __future__ import annotations

from collections import defaultdict

from umlindi.accounts.models import User
from umlindi.accounts.rules import Role, rights_of
from umlindi.core.actors import EVERYWHERE, Actor


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
