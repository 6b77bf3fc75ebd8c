"""How many alerts are open: what every page's rail says."""

from __future__ import annotations

from django.db.models import Count, Q

from umlindi.alerts.models import Alert
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.web.context import Alarms

UNANSWERED = Q(state=Alert.State.FIRING, muted=False, snoozed_until=None, closed_at=None)


def alarms(actor: Actor) -> Alarms:
    """One query. What an agreed window mutes is counted as open, and waits for nobody."""
    if not actor.may(Alert.scope_right):
        return Alarms()
    found = (
        visible(actor, Alert)
        .exclude(state=Alert.State.RESOLVED)
        .aggregate(open=Count("pk"), unanswered=Count("pk", filter=UNANSWERED))
    )
    return Alarms(found["open"], found["unanswered"])
