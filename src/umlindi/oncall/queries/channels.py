"""Whose channels an actor may see and change."""

from __future__ import annotations

from django.http import Http404

from umlindi.accounts.models import User
from umlindi.accounts.queries import rights_per_organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.oncall.models import Channel

EDIT = "oncall.edit"


def may_arrange(actor: Actor, user: User) -> bool:
    """Whether the actor may change how a person is reached: the person, or who edits on call wherever they belong.

    Whoever adds a channel reads what is sent to it, and so everything that any of those organisations sends.
    """
    if actor.kind == "user" and actor.user_id == user.pk:
        return True
    held = rights_per_organisation(user)
    return bool(held) and all(actor.may(EDIT, where) for where in held)


def person_or_404(actor: Actor, pk: int) -> User:
    """A person whose channels the actor may change, or Http404."""
    found = User.objects.filter(pk=pk).first()
    if found is None or not may_arrange(actor, found):
        raise Http404("no such person")
    return found


def channel_or_404(actor: Actor, pk: int) -> Channel:
    """A team's channel that the actor may see, one's own, or that of a person whose channels one may change."""
    found = Channel.objects.select_related("user", "organisation").filter(pk=pk).first()
    if found is None or not _may_see(actor, found):
        raise Http404("no such channel")
    return found


def _may_see(actor: Actor, channel: Channel) -> bool:
    if channel.user is not None:
        return may_arrange(actor, channel.user)
    return visible(actor, Channel).filter(pk=channel.pk).exists()
