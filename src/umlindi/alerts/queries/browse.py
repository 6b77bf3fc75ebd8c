"""The list of alerts, and one alert with all that is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.accounts.models import Organisation
from umlindi.alerts.models import Alert
from umlindi.alerts.queries.cards import Card, closed_alerts, open_alerts
from umlindi.alerts.queries.chain import Chain
from umlindi.alerts.queries.duty import on_duty
from umlindi.alerts.queries.figures import COUNTED, Figures, answer_figures
from umlindi.alerts.queries.now import NowCard, contacts_at, told_card
from umlindi.alerts.queries.pages import AlertPage, alert_page
from umlindi.core.actors import Actor

STATES = {
    "open": "Open",
    "waiting": "Waiting for a person",
    "acknowledged": "Acknowledged",
    "silent": "Snoozed, silenced or muted",
    "recent": "Over",
}
FIGURES_OVER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts to list. Empty is all that are open."""

    state: str = "open"
    severity: str = ""
    text: str = ""

    def fits(self, card: Card) -> bool:
        if self.severity and card.alert.severity != self.severity:
            return False
        match self.state:
            case "waiting":
                return card.needs_a_person
            case "acknowledged":
                return card.alert.state == Alert.State.ACKNOWLEDGED
            case "silent":
                return card.silent
        return True


@dataclass(frozen=True, slots=True)
class AlertList:
    """`open` is counted whatever is wanted; `figures` are A1's of the last thirty days."""

    cards: Sequence[Card]
    open: int
    waiting: int
    overdue: int
    figures: Figures


def alert_list(actor: Actor, now: datetime, wanted: Wanted, organisation: Organisation | None) -> AlertList:
    """The open ones in the order in which they press, or the newest that are over."""
    standing = open_alerts(actor, now, organisation)
    over = wanted.state == "recent"
    cards = closed_alerts(actor, now, organisation, wanted.text) if over else standing
    waiting = [card for card in standing if card.needs_a_person]
    return AlertList(
        cards=[card for card in cards if wanted.fits(card)],
        open=len(standing),
        waiting=len(waiting),
        overdue=sum(card.alert.answer_due_at < now and card.alert.severity in COUNTED for card in waiting),
        figures=answer_figures(actor, now - FIGURES_OVER, now, now, organisation=organisation),
    )


@dataclass(frozen=True, slots=True)
class AlertView:
    """One alert, with the same told of it as on Now. `waits_for_reader`: its reader was told, or is on call for it."""

    page: AlertPage
    one: NowCard
    waits_for_reader: bool


def alert_view(actor: Actor, pk: int, now: datetime) -> AlertView:
    """A visible alert, or Http404."""
    page = alert_page(actor, pk, now)
    alert = page.card.alert
    one = told_card(page.card, page.standing, contacts_at(actor, [alert]), Chain.load([alert], now))
    return AlertView(page, one, _waits_for(actor, page.card, now))


def _waits_for(actor: Actor, card: Card, now: datetime) -> bool:
    if any(page.user_id == actor.user_id for page in card.told):
        return True
    responsible = (
        duty for duty in on_duty(actor, now) if duty.rota.organisation_id in (None, card.alert.organisation_id)
    )
    return any(duty.person is not None and duty.person.pk == actor.user_id for duty in responsible)
