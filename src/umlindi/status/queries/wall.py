"""The wallboard: is everything well, and if not, what is broken and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from umlindi.alerts.queries import Card, open_alerts
from umlindi.alerts.queries.now import untold
from umlindi.alerts.rules.severity import rank
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.watch.models import Outage, Probe

ROOM_FOR = 6
"""As many causes fit on a screen that is read from across a room."""
MEASURED_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Wall:
    """`causes` are what is loud, by severity; `silent` counts what a window mutes or a person has silenced. `measured`
    is the newest answer of any probe."""

    as_of: datetime
    causes: Sequence[Card]
    untold: Sequence[Outage]
    silent: int
    measured: datetime | None

    @property
    def shown(self) -> Sequence[Card]:
        return self.causes[:ROOM_FOR]

    @property
    def fresh(self) -> Sequence[Outage]:
        """What was just found, as far as there is room."""
        return self.untold[: max(ROOM_FOR - len(self.causes), 0)]

    @property
    def more(self) -> int:
        return len(self.causes) + len(self.untold) - len(self.shown) - len(self.fresh)

    @property
    def down(self) -> int:
        return sum(card.alert.condition == Outage.Worst.DOWN for card in self.causes) + len(self.untold)

    @property
    def waiting(self) -> int:
        return sum(card.needs_a_person for card in self.causes)

    @property
    def blind(self) -> bool:
        """Nothing has been measured for so long that nothing here speaks for the present."""
        return self.measured is None or self.as_of - self.measured > MEASURED_WITHIN


def wall(actor: Actor, now: datetime) -> Wall:
    """For everything the actor may see. Four queries."""
    cards = open_alerts(actor, now)
    loud = [card for card in cards if not card.silent]
    return Wall(
        as_of=now,
        causes=sorted(loud, key=_order),
        untold=untold(actor, None),
        silent=len(cards) - len(loud),
        measured=visible(actor, Probe).aggregate(at=Max("probed_at"))["at"],
    )


def _order(card: Card) -> tuple[int, datetime]:
    return rank(card.alert.severity), card.alert.since
