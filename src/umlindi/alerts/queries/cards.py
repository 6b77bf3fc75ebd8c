"""An alert as its card says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import Http404

from umlindi.accounts.models import Organisation
from umlindi.alerts.models import Alert, Page
from umlindi.alerts.rules.clock import Verdict, verdict
from umlindi.alerts.rules.escalation import Frozen
from umlindi.alerts.rules.severity import rank
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.oncall.rules.severity import Severity

TELLING = (Page.Kind.PAGE, Page.Kind.LINE)
NOT_TOLD = (Page.State.FAILED, Page.State.CANCELLED)
MOST_CLOSED = 200


@dataclass(frozen=True, slots=True)
class Next:
    """What the pager does next if nobody answers: whom it tells, and when."""

    at: datetime
    to: Sequence[str]


@dataclass(frozen=True, slots=True)
class Card:
    """An alert with what became of its pages. `as_of` is the moment it was read for."""

    alert: Alert
    as_of: datetime
    pages: Sequence[Page]
    next: Next | None

    @property
    def needs_a_person(self) -> bool:
        """Nobody has answered, and nothing keeps it silent."""
        return self.alert.state == Alert.State.FIRING and not self.silent

    @property
    def quiet(self) -> bool:
        """Snoozed, or closed until recovery, by a person."""
        return self.alert.closed_at is not None or self.alert.snoozed_until is not None

    @property
    def silent(self) -> bool:
        """A person keeps it quiet, or an agreed window mutes it."""
        return self.quiet or self.alert.muted

    @property
    def exhausted(self) -> bool:
        """The policy was run through as often as it says, and nobody answered. What comes in a digest waits there."""
        return self.needs_a_person and self.alert.due_at is None and not self.in_digest

    @property
    def in_digest(self) -> bool:
        """It calls nobody: it is a line of what people read twice a day."""
        lines = (page for page in self.pages if page.kind == Page.Kind.LINE)
        return self.alert.severity == Severity.LOW and any(page.state not in NOT_TOLD for page in lines)

    @property
    def told(self) -> Sequence[Page]:
        """Who was told, the newest last."""
        return [page for page in self.pages if page.state == Page.State.DELIVERED]

    @property
    def under_way(self) -> Sequence[Page]:
        return [page for page in self.pages if page.state in (Page.State.WAITING, Page.State.SENDING)]

    @property
    def verdict(self) -> Verdict:
        """A1's, as it stands."""
        return verdict_of(self.alert, self.as_of)

    @property
    def left(self) -> timedelta | None:
        """What is left of the fifteen minutes, negative where they are over; None where the clock has stopped."""
        if self.alert.answered_at or self.alert.resolved_at or self.verdict is Verdict.MUTED:
            return None
        return self.alert.answer_due_at - self.as_of

    @property
    def lasted(self) -> timedelta:
        return (self.alert.resolved_at or self.as_of) - self.alert.since


def open_alerts(actor: Actor, now: datetime, organisation: Organisation | None = None) -> list[Card]:
    """Every open alert: what needs a person first, then the worst, then the oldest. Two queries."""
    rows = visible(actor, Alert).exclude(state=Alert.State.RESOLVED)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    return sorted(_cards(rows, now), key=_order)


def closed_alerts(actor: Actor, now: datetime, organisation: Organisation | None = None, text: str = "") -> list[Card]:
    """The newest that are over, at most MOST_CLOSED; `text` is looked for in title, cause and place."""
    rows = visible(actor, Alert).filter(state=Alert.State.RESOLVED).exclude(ending=Alert.Ending.MERGED)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    for word in text.replace("\0", "").split():
        places = Q(site__name__icontains=word) | Q(system__name__icontains=word)
        rows = rows.filter(Q(title__icontains=word) | Q(cause__icontains=word) | places)
    return _cards(rows.order_by("-resolved_at")[:MOST_CLOSED], now)


def card_or_404(actor: Actor, pk: int, now: datetime) -> Card:
    """One visible alert, open or over."""
    found = _cards(visible(actor, Alert).filter(pk=pk), now)
    if not found:
        raise Http404("no such alert")
    return found[0]


def verdict_of(alert: Alert, now: datetime) -> Verdict:
    """The stored one where it was given: what is closed is not judged anew."""
    if alert.clock:
        return Verdict(alert.clock)
    return verdict(
        alert.detected_at,
        alert.answer_due_at,
        now,
        answered=alert.answered_at,
        muted=alert.muted_at,
        resolved=alert.resolved_at,
        merged=alert.ending == Alert.Ending.MERGED,
    )


def _cards(rows: QuerySet[Alert], now: datetime) -> list[Card]:
    """In two queries. (A prefetch would build a query for each alert, which costs more than all else.)"""
    alerts = list(rows.select_related("organisation", "site", "system"))
    pages: dict[int | None, list[Page]] = defaultdict(list)
    told = Page.objects.filter(alert__in=[alert.pk for alert in alerts], kind__in=TELLING)
    for page in told.select_related("channel").defer("subject", "text").order_by("made_at", "pk"):
        pages[page.alert_id].append(page)
    for alert in alerts:
        _join_places(alert)
    return [Card(alert, now, pages[alert.pk], _next(alert)) for alert in alerts]


def _join_places(alert: Alert) -> None:
    """An alert's system stands at its site, which is its organisation's: read once, known to each other."""
    if alert.site is not None and alert.organisation is not None:
        alert.site.organisation = alert.organisation
        if alert.system is not None and alert.system.site_id == alert.site_id:
            alert.system.site = alert.site


def _next(alert: Alert) -> Next | None:
    """None while somebody has it in hand, and where nobody is left to tell."""
    if alert.due_at is None or alert.state == Alert.State.ACKNOWLEDGED or alert.muted:
        return None
    targets = Frozen.of(alert.policy, alert.severity).targets(alert.step)
    return Next(alert.due_at, [target.name for target in targets]) if targets else None


def _order(card: Card) -> tuple[bool, bool, int, datetime]:
    alert = card.alert
    waiting = card.needs_a_person or alert.state == Alert.State.PENDING
    return not waiting, card.silent, rank(alert.severity), alert.detected_at
