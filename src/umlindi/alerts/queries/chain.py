"""Who comes next: the targets of a frozen policy as people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from umlindi.alerts.models import Alert
from umlindi.alerts.queries.cards import Card
from umlindi.alerts.queries.duty import duties
from umlindi.alerts.rules.escalation import Frozen, Target
from umlindi.oncall.models import Rota

NOBODY = "nobody is on call"


@dataclass(frozen=True, slots=True)
class Chain:
    """The people behind rotas, each rota asked once."""

    on_call: Mapping[int, str]

    @classmethod
    def load(cls, alerts: Sequence[Alert], now: datetime) -> Chain:
        """For the next step of each alert. A rota is asked for the present: until then it may still change hands."""
        rotas = {target.id for alert in alerts for target in _next_targets(alert) if target.kind == "rota"}
        found = duties(Rota.objects.filter(pk__in=rotas), now)
        return cls({one.rota.pk: str(one.person) if one.person else NOBODY for one in found})

    def next_people(self, card: Card) -> list[str]:
        """Who is told next; none where nobody is to come."""
        return [self._named(target) for target in _next_targets(card.alert)] if card.next else []

    def _named(self, target: Target) -> str:
        if target.kind != "rota":
            return target.name
        return f"{self.on_call.get(target.id, NOBODY)} ({target.name})"


def _next_targets(alert: Alert) -> Sequence[Target]:
    return Frozen.of(alert.policy, alert.severity).targets(alert.step) if alert.due_at is not None else []
