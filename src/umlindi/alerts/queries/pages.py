"""One alert with everything that happened to it; policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from umlindi.alerts.models import Alert, AlertEvent, AlertOutage, Attempt, Page, Policy
from umlindi.alerts.queries.cards import Card, card_or_404
from umlindi.alerts.rules.summing import leading
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.watch.models import Outage

MOST_OUTAGES = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One page with its attempts, the first first."""

    page: Page
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Everything about one alert. `roots` are what is broken by itself, `consequences` what hangs on them, each with
    its outage; of both together at most MOST_OUTAGES. `merged` are the alerts that went into this one."""

    card: Card
    events: Sequence[AlertEvent]
    told: Sequence[Told]
    roots: Sequence[AlertOutage]
    consequences: Sequence[AlertOutage]
    merged: Sequence[Alert]

    @property
    def standing(self) -> list[Outage]:
        """The outages of which it is made now; once it is over, those that it was made of."""
        links = [link for link in (*self.roots, *self.consequences) if link.left_at is None]
        still = [link.outage for link in links if link.outage.until is None]
        return still or [link.outage for link in links]


def alert_page(actor: Actor, pk: int, now: datetime) -> AlertPage:
    """A visible alert, or Http404. Seven queries."""
    card = card_or_404(actor, pk, now)
    alert = card.alert
    links = list(
        alert.links.select_related("outage__system", "outage__interface__system", "outage__because").order_by(
            F("left_at").asc(nulls_first=True), "outage__because", "joined_at"
        )[:MOST_OUTAGES]
    )
    pages = alert.pages.select_related("channel", "user").prefetch_related("attempts").order_by("made_at", "pk")
    return AlertPage(
        card=card,
        events=list(alert.events.all()),
        told=[Told(page, list(page.attempts.all())) for page in pages],
        roots=sorted((link for link in links if link.outage.because_id is None), key=_leading),
        consequences=[link for link in links if link.outage.because_id is not None],
        merged=list(alert.merged.all()),
    )


def _leading(link: AlertOutage) -> tuple[bool, bool, tuple[int, bool, datetime]]:
    """What the alert is named after first, what is over or has left it last."""
    outage = link.outage
    lead = leading(outage.kind, outage.condition, outage.since)
    return link.left_at is not None, outage.until is not None, lead


def policies(actor: Actor) -> QuerySet[Policy]:
    """With their steps and targets, the provider's own first."""
    rows = visible(actor, Policy).select_related("organisation").order_by(F("organisation__name").asc(nulls_first=True))
    return rows.prefetch_related("steps__targets__rota", "steps__targets__user", "steps__targets__channel")
