"""With whom a shift can be swapped, and for what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from umlindi.accounts.models import User
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.plans import plan_of
from umlindi.oncall.queries.weeks import seen_in, spans
from umlindi.oncall.rules.roster import roster

AHEAD = timedelta(weeks=6)
FOR_EACH = 4


@dataclass(frozen=True, slots=True)
class Exchange:
    """One choice of the form: somebody takes the shift, and gives `back` for it, or nothing."""

    other: User
    back: tuple[datetime, datetime] | None
    zone: ZoneInfo

    @property
    def value(self) -> str:
        when = f"/{self.back[0].isoformat()}/{self.back[1].isoformat()}" if self.back else ""
        return f"{self.other.pk}{when}"

    @property
    def said(self) -> str:
        if self.back is None:
            return f"{self.other}, for nothing in return"
        start, end = (moment.astimezone(self.zone) for moment in self.back)
        return f"{self.other}, for {start:%a} {start.day} {start:%b %H:%M} to {end:%a} {end.day} {end:%b %H:%M}"


def exchanges(rota: Rota, person: User, now: datetime) -> list[Exchange]:
    """Everybody else who is in the rota and can be paged, each with their next few shifts."""
    zone = ZoneInfo(rota.timezone)
    plan = plan_of(rota, now, now + AHEAD)
    found = roster(plan, now, now + AHEAD)
    seen = seen_in(found)
    ahead = [span for span in spans(found, seen) if span.person and not span.override and span.start > now]
    named = {turn for rotation in plan.rotations for turn in rotation.people} - plan.unfit - {person.pk}
    choices = []
    for other in User.objects.filter(pk__in=named):
        own = [(span.start, span.end) for span in ahead if span.person == other and span.end < now + AHEAD]
        choices += [Exchange(other, back, zone) for back in own[:FOR_EACH]]
        choices.append(Exchange(other, None, zone))
    return choices
