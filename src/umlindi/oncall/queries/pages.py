"""What the pages and the API of on call show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.accounts.models import User
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.plans import roster_of
from umlindi.oncall.rules.rotation import Shift

AHEAD = timedelta(weeks=5)


@dataclass(frozen=True, slots=True)
class Now:
    """A rota's present: who is on call, until when (None: longer than five weeks), and who comes after."""

    rota: Rota
    person: User | None
    until: datetime | None
    next_person: User | None
    next_from: datetime | None


def on_call_now(actor: Actor, at: datetime) -> list[Now]:
    """Every rota that the actor may see, with who is on call."""
    return [now_of(rota, at) for rota in visible(actor, Rota).select_related("organisation")]


def now_of(rota: Rota, at: datetime) -> Now:
    shifts = roster_of(rota, at, at + AHEAD).shifts
    people = User.objects.in_bulk({shift.person for shift in shifts})
    present = shifts[0] if shifts and shifts[0].start <= at else None
    until = _stays_until(shifts) if present else None
    coming = next((shift for shift in shifts if shift.start >= (until or at) and shift is not present), None)
    return Now(
        rota,
        people[present.person] if present else None,
        until if until and until < at + AHEAD else None,
        people[coming.person] if coming else None,
        coming.start if coming else None,
    )


def _stays_until(shifts: list[Shift]) -> datetime:
    """When the first shift's person is relieved: shifts of the same person that touch are one."""
    until, person = shifts[0].end, shifts[0].person
    for shift in shifts[1:]:
        if shift.start != until or shift.person != person:
            break
        until = shift.end
    return until
