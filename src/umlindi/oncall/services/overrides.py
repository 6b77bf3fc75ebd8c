"""Somebody in another's place, and the note for whoever comes next."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from umlindi.accounts.models import User
from umlindi.accounts.services import Refused
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited
from umlindi.oncall.models import Handover, Override, Rota
from umlindi.oncall.queries.plans import fit_people
from umlindi.oncall.services.places import EDIT, edits_or_serves, require_can_answer, require_edit

LONGEST = timedelta(days=92)


def put_on(
    actor: Actor, rota: Rota, user: User, starts: datetime, ends: datetime, *, reason: str, now: datetime
) -> Override:
    """Have somebody on call from `starts` until `ends`, whatever the layers say; from now on, where `starts` is past:
    who was on call stays as it was.

    Who may change the rota puts on anybody who may answer alerts there; who is named in it, themselves. Raises
    `Refused` where an override stands there already.
    """
    if actor.user_id != user.pk or not edits_or_serves(actor, rota):
        require_edit(actor, rota.organisation_id)
    starts = max(starts, now)
    _judge(rota, user, starts, ends)
    with transaction.atomic():
        return place_override(actor, rota, user, starts, ends, reason=reason)


def place_override(actor: Actor, rota: Rota, user: User, starts: datetime, ends: datetime, *, reason: str) -> Override:
    """Write an override that fits among the rota's. The rota is locked until the caller's transaction ends, so that it
    still fits then."""
    Rota.objects.select_for_update(of=("self",)).get(pk=rota.pk)
    if there := Override.objects.filter(rota=rota, starts__lt=ends, ends__gt=starts).select_related("user").first():
        raise Refused(f"{there.user} was put on for a part of that time already: take that off first.")
    row = Override(rota=rota, user=user, starts=starts, ends=ends, reason=reason)
    with audited(actor, "override.added", row, reason=reason):
        row.save(force_insert=True)
    return row


def take_off(actor: Actor, override: Override, reason: str, now: datetime) -> None:
    """Let the layers say again who is on call: from now on, where it has begun. What is over stays."""
    if actor.user_id != override.user_id or actor.kind != "user":
        require_edit(actor, override.rota.organisation_id)
    if override.ends <= now:
        raise Refused("It is over: who was on call then stays written down.")
    with audited(actor, "override.removed" if override.starts >= now else "override.ended", override, reason=reason):
        if override.starts >= now:
            override.delete()
        else:
            override.ends = now
            override.save(update_fields=["ends"])


def write_handover(actor: Actor, rota: Rota, text: str, shift_starts: datetime, now: datetime) -> Handover:
    """A note for whoever is on call from `shift_starts`."""
    if actor.kind != "user" or actor.user_id is None or not edits_or_serves(actor, rota):
        raise Forbidden(actor, EDIT)
    row = Handover(rota=rota, author_id=actor.user_id, text=text, shift_starts=shift_starts, written_at=now)
    with audited(actor, "handover.written", row):
        row.save(force_insert=True)
    return row


def _judge(rota: Rota, user: User, starts: datetime, ends: datetime) -> None:
    if ends <= starts:
        raise Refused("It must end after it starts, and not be over.")
    if ends - starts > LONGEST:
        raise Refused("For longer than three months, change the rota itself.")
    require_can_answer(rota.organisation_id, {user.pk})
    if user.pk not in fit_people(rota.organisation_id, {user.pk}):
        raise Refused(f"{user} has no channel: nobody could page them. They add one under On call → How I am reached.")
