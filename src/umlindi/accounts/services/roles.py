"""Roles are given and taken, in one organisation or everywhere."""

from __future__ import annotations

from django.db import transaction

from umlindi.accounts.models import Membership, Organisation, User
from umlindi.accounts.rules import Role, may_grant
from umlindi.accounts.services.refusals import Refused
from umlindi.core.actors import EVERYWHERE, Actor, Forbidden
from umlindi.core.audit import audited


def grant_role(
    actor: Actor, user: User, role: Role, organisation: Organisation | None = None, reason: str = ""
) -> Membership:
    """Give a role in an organisation, or in every one with None. A role already held is returned as it is.

    Raises `Forbidden` where the actor does not hold all of that role's rights there.
    """
    _require_grant(actor, role, organisation)
    with transaction.atomic():
        held = Membership.objects.filter(user=user, organisation=organisation, role=role).first()
        if held is not None:
            return held
        membership = Membership(user=user, organisation=organisation, role=role)
        with audited(actor, "role.granted", membership, reason):
            membership.save()
    return membership


def revoke_role(actor: Actor, membership: Membership, reason: str = "") -> None:
    """Take a role away. Raises `Forbidden`, or `Refused` for the last administrator of the installation."""
    role = Role(membership.role)
    _require_grant(actor, role, membership.organisation)
    with transaction.atomic():
        if membership.organisation is None and role is Role.ADMINISTRATOR:
            keep_an_administrator(membership.user)
        with audited(actor, "role.revoked", membership, reason):
            membership.delete()


def keep_an_administrator(leaving: User) -> None:
    """Raise `Refused` where nobody but this person is an active administrator everywhere.

    Locks those rows, so that two administrators cannot remove each other at once.
    """
    everywhere = Membership.objects.select_for_update().filter(organisation=None, role=Role.ADMINISTRATOR)
    holders = set(everywhere.filter(user__is_active=True).values_list("user_id", flat=True))
    if holders == {leaving.pk}:
        raise Refused(f"{leaving} is the last administrator of this installation: name another one first.")


def _require_grant(actor: Actor, role: Role, organisation: Organisation | None) -> None:
    if not may_grant(actor, role, EVERYWHERE if organisation is None else organisation.pk):
        raise Forbidden(actor, "people.edit")
