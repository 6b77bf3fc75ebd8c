"""Secret links: made by a person, shown once, read-only, and over when revoked."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from umlindi.accounts.models import Organisation
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.audit import audited
from umlindi.core.digests import digest_of
from umlindi.status.models import Link, StatusPage

EDIT = "watch.edit"
USE_NOTED_EVERY = timedelta(minutes=1)


def make_link(
    actor: Actor, name: str, now: datetime, *, page: StatusPage | None = None, organisation: Organisation | None = None
) -> tuple[Link, str]:
    """A link to a status page, or to the wallboard of one organisation or, with neither, of all of them.

    Returns it with its secret, which is kept nowhere.
    """
    owner = page.organisation if page else organisation
    actor.require(EDIT, owner.pk if owner else EVERYWHERE)
    secret = secrets.token_urlsafe(32)
    link = Link(organisation=owner, page=page, name=name, digest=digest_of(secret), made_at=now, made_by=actor.name)
    with audited(actor, "link.made", link):
        link.save()
    return link, secret


def revoke_link(actor: Actor, link: Link, now: datetime) -> None:
    """What was opened with it shows nothing from its next question on. Revoking it again changes nothing."""
    actor.require(EDIT, link.organisation_id or EVERYWHERE)
    if link.revoked_at is not None:
        return
    with audited(actor, "link.revoked", link):
        link.revoked_at = now
        link.save(update_fields=["revoked_at"])


def link_behind(secret: str, now: datetime) -> Link | None:
    """The live link with this secret, its use noted at most once a minute; None for anything else."""
    link = Link.objects.select_related("organisation", "page").filter(digest=digest_of(secret), revoked_at=None).first()
    if link is not None:
        stale = Q(used_at=None) | Q(used_at__lt=now - USE_NOTED_EVERY)
        Link.objects.filter(stale, pk=link.pk).update(used_at=now)
    return link
