"""Two people swap shifts: one proposes, the other accepts, and it becomes overrides."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from umlindi.accounts.models import User
from umlindi.accounts.services import Refused
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited
from umlindi.oncall.models import Rota, Swap
from umlindi.oncall.queries.plans import fit_people, roster_of
from umlindi.oncall.services.overrides import LONGEST, place_override

Interval = tuple[datetime, datetime]


def propose(
    actor: Actor,
    rota: Rota,
    other: User,
    shift: Interval,
    *,
    back: Interval | None = None,
    reason: str = "",
    now: datetime,
) -> Swap:
    """Ask `other` to take one's shift, for one of theirs in return where `back` names it. Changes nothing yet."""
    proposer = _person(actor)
    row = Swap(rota=rota, proposer=proposer, other=other, reason=reason, proposed_at=now)
    row.starts, row.ends = shift
    if back is not None:
        row.back_starts, row.back_ends = back
    _judge(row, now)
    with audited(actor, "swap.proposed", row, reason=reason):
        row.save(force_insert=True)
    return row


def accept(actor: Actor, swap: Swap, now: datetime) -> Swap:
    """Take the shift that one was asked to take. Only `other` may. Raises `Refused` where the rota changed since."""
    with transaction.atomic():
        held = _open(actor, swap, swap.other_id)
        _judge(held, now)
        why = f"Swap {held.pk}" + (f": {held.reason}" if held.reason else "")
        place_override(actor, held.rota, held.other, held.starts, held.ends, reason=why)
        if held.back_starts and held.back_ends:
            place_override(actor, held.rota, held.proposer, held.back_starts, held.back_ends, reason=why)
        return _answer(actor, held, Swap.State.ACCEPTED, now)


def decline(actor: Actor, swap: Swap, now: datetime) -> Swap:
    """Say no. Only `other` may."""
    with transaction.atomic():
        return _answer(actor, _open(actor, swap, swap.other_id), Swap.State.DECLINED, now)


def withdraw(actor: Actor, swap: Swap, now: datetime) -> Swap:
    """Take one's own proposal back."""
    with transaction.atomic():
        return _answer(actor, _open(actor, swap, swap.proposer_id), Swap.State.WITHDRAWN, now)


def _open(actor: Actor, swap: Swap, whose: int) -> Swap:
    """The swap, locked, where it is still open and the actor is the person whose answer counts."""
    held = Swap.objects.select_for_update(of=("self",)).select_related("rota", "proposer", "other").get(pk=swap.pk)
    if actor.kind != "user" or actor.user_id != whose:
        raise Refused(f"{User.objects.get(pk=whose)} answers that, nobody else.")
    if held.state != Swap.State.PROPOSED:
        raise Refused(f"This swap is {held.get_state_display().lower()} already.")
    return held


def _answer(actor: Actor, swap: Swap, state: Swap.State, now: datetime) -> Swap:
    with audited(actor, f"swap.{state}", swap):
        swap.state, swap.answered_at = state, now
        swap.save(update_fields=["state", "answered_at"])
    return swap


def _judge(swap: Swap, now: datetime) -> None:
    """Both are on call when they say, and can be paged; and it lies ahead."""
    if swap.proposer_id == swap.other_id:
        raise Refused("Nobody swaps with themselves.")
    if swap.ends <= swap.starts or swap.starts < now:
        raise Refused("A shift is swapped before it begins; for one under way, put somebody on.")
    if swap.ends - swap.starts > LONGEST:
        raise Refused("For longer than three months, change the rota itself.")
    if swap.other_id not in fit_people(swap.rota.organisation_id, {swap.other_id}):
        raise Refused(f"{swap.other} cannot be paged for this rota.")
    _require_on_call(swap.rota, swap.proposer, (swap.starts, swap.ends))
    if swap.back_starts and swap.back_ends:
        if swap.back_starts < now:
            raise Refused("The shift in return has begun already.")
        _require_on_call(swap.rota, swap.other, (swap.back_starts, swap.back_ends))


def _require_on_call(rota: Rota, person: User, when: Interval) -> None:
    """All the time, by the layers: what an override gave is given back by taking that off."""
    found = roster_of(rota, *when)
    if found.gaps or {(shift.person, shift.layer is None) for shift in found.shifts} != {(person.pk, False)}:
        raise Refused(f"{person} is not on call then by the rota as it is now.")


def _person(actor: Actor) -> User:
    if actor.kind != "user" or actor.user_id is None:
        raise Forbidden(actor, "a swap of another person's shift")
    return User.objects.get(pk=actor.user_id)
