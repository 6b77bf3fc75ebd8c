"""One person's own shifts."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from umlindi.accounts.models import User
from umlindi.core.digests import digest_of
from umlindi.oncall.models import Profile, Rota
from umlindi.oncall.queries.plans import roster_of
from umlindi.oncall.rules.rotation import Shift


def person_behind(secret: str) -> User | None:
    """Whose calendar link this is; None where it is nobody's, or of somebody who left."""
    row = Profile.objects.select_related("user").filter(digest=digest_of(secret), user__is_active=True).first()
    return row.user if row else None


def own_shifts(person: User, start: datetime, end: datetime) -> list[tuple[Rota, Shift]]:
    """When this person is on call, in every rota, in order."""
    named = Q(layers__turns__user=person) | Q(overrides__user=person)
    rotas = Rota.objects.filter(named).distinct()
    found = [
        (rota, shift) for rota in rotas for shift in roster_of(rota, start, end).shifts if shift.person == person.pk
    ]
    return sorted(found, key=lambda each: each[1].start)
