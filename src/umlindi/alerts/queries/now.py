"""The page Now: what is broken, since when, who is affected, what to do next, and who is on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, QuerySet

from umlindi.accounts.models import Organisation
from umlindi.alerts.models import Alert, AlertOutage
from umlindi.alerts.queries.cards import Card, open_alerts
from umlindi.alerts.queries.chain import Chain
from umlindi.alerts.queries.duty import on_duty
from umlindi.alerts.queries.figures import COUNTED
from umlindi.alerts.rules.severity import rank
from umlindi.alerts.rules.summing import OURS, leading
from umlindi.alerts.rules.unsaid import Unsaid, unsaid
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Contact
from umlindi.oncall.queries.pages import Now as OnCall
from umlindi.watch.models import Outage
from umlindi.watch.queries.due import Due, due_today
from umlindi.watch.queries.estate import Estate, estate_now
from umlindi.web.wording import number

MINUTE = 60
TAKEN_UP_WITHIN = timedelta(minutes=1)
SHOWN = 8
"""As many causes are told in full; a person deals with them one after another. The others are lines beneath."""
LINES = 24
SYSTEMS = 60
"""As many systems are listed unasked, the worst: the page is fetched each ten seconds, over poor links too."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An outage that an alert is made of, with its newest evidence."""

    outage: Outage

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        """Likely causes, the likeliest first."""
        return list(self.outage.last.get("diagnosis", []))

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        """The ladder of what we probed; a report that came, or did not, climbs none."""
        return list(self.outage.last.get("steps", [])) if self.outage.kind == OURS else []


@dataclass(frozen=True, slots=True)
class NowCard:
    """One alert told in full. `roots` are broken by themselves, what it is named after first; `because` fail with them.

    `contact` is whom to ring at its site; `next_people` who would be told next, by name.
    """

    card: Card
    roots: Sequence[Broken]
    because: Sequence[Outage]
    contact: Contact | None
    next_people: Sequence[str]

    @property
    def main(self) -> Broken | None:
        return self.roots[0] if self.roots else None

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        """Likely causes, the likeliest first. Where much failed at once, one system's are not the alert's."""
        return self.main.causes if self.main and self.card.alert.breadth == Alert.Breadth.ONE else []

    @property
    def unsaid(self) -> Unsaid:
        return unsaid(self.main.outage.kind if self.main else OURS)

    @property
    def others(self) -> Sequence[Broken]:
        return self.roots[1:]

    @property
    def failing(self) -> list[tuple[str, Outage]]:
        """What fails because of it, each system once, by the name under which it is known to be affected."""
        return list({self._name(one): one for one in reversed(self.because)}.items())[::-1]

    @property
    def standing(self) -> list[str]:
        """Who else is affected: whom it serves, and what stands on it and still works."""
        failing = {name for name, _ in self.failing}
        return [name for name in self.card.alert.affected if name not in failing]

    def _name(self, outage: Outage) -> str:
        name = outage.interface.system.name if outage.interface else outage.subject
        known = (one for one in self.card.alert.affected if one == name or one.startswith(f"{name} ("))
        return next(known, name)


@dataclass(frozen=True, slots=True)
class NowPage:
    """Everything the first page says. `told` are the causes in full, `more` those beneath, `quiet` what a window mutes
    or a person has silenced; `untold` is broken and in no alert that is shown. `well_since` is the end of the last
    outage, None where there never was one."""

    as_of: datetime
    told: Sequence[NowCard]
    more: Sequence[Card]
    quiet: Sequence[Card]
    untold: Sequence[Outage]
    estate: Estate
    on_call: Sequence[OnCall]
    due: Sequence[Due]
    well_since: datetime | None

    @property
    def loud(self) -> list[Card]:
        return [*(one.card for one in self.told), *self.more]

    @property
    def more_shown(self) -> Sequence[Card]:
        return self.more[:LINES]

    @property
    def down(self) -> int:
        return sum(card.alert.condition == Outage.Worst.DOWN for card in self.loud) + len(self.untold)

    @property
    def badly(self) -> int:
        return len(self.loud) + len(self.untold) - self.down

    @property
    def unanswered(self) -> list[Card]:
        """What waits for a person within fifteen minutes (A1 speaks of what is critical), the most pressing first."""
        waiting = (card for card in self.loud if card.needs_a_person and card.alert.severity in COUNTED)
        return sorted(waiting, key=lambda card: card.alert.answer_due_at)

    @property
    def all_in_hand(self) -> bool:
        return not self.untold and all(card.alert.state == Alert.State.ACKNOWLEDGED for card in self.loud)

    @property
    def waiting(self) -> str:
        """The end of the page's sentence: how many need a person, and how soon. Empty where none does."""
        unanswered = self.unanswered
        if not unanswered:
            return ""
        left = (unanswered[0].alert.answer_due_at - self.as_of).total_seconds()
        need = f"{number(len(unanswered)).capitalize()} {'needs' if len(unanswered) == 1 else 'need'} you"
        return f"{need} now." if left < MINUTE else f"{need} within {int(left / MINUTE)} min."

    @property
    def forgotten(self) -> Outage | None:
        """What was found so long ago that a living pager would have taken it up."""
        left = (outage for outage in self.untold if not outage.taken)  # type: ignore[attr-defined]
        return next((outage for outage in left if self.as_of - outage.detected_at > TAKEN_UP_WITHIN), None)


def now_page(
    actor: Actor, now: datetime, organisation: Organisation | None = None, most: int | None = SYSTEMS
) -> NowPage:
    """The same number of queries whatever the number of systems and alerts."""
    cards = sorted(open_alerts(actor, now, organisation), key=_order)
    loud = [card for card in cards if not card.silent]
    return NowPage(
        as_of=now,
        told=_told(actor, loud[:SHOWN], now),
        more=loud[SHOWN:],
        quiet=[card for card in cards if card.silent],
        untold=untold(actor, organisation),
        estate=estate_now(actor, now, organisation, most),
        on_call=on_duty(actor, now),
        due=due_today(actor, now, organisation),
        well_since=_narrowed(visible(actor, Outage), organisation).aggregate(at=Max("until"))["at"]
        if not cards
        else None,
    )


def _order(card: Card) -> tuple[bool, bool, int, datetime]:
    """Outages before degradations; among each, what nobody has in hand, the worst, the oldest."""
    alert = card.alert
    return alert.condition != Outage.Worst.DOWN, not card.needs_a_person, rank(alert.severity), alert.detected_at


def _narrowed(rows: QuerySet[Outage], organisation: Organisation | None) -> QuerySet[Outage]:
    return rows if organisation is None else rows.filter(organisation=organisation)


def untold(actor: Actor, organisation: Organisation | None) -> list[Outage]:
    """Open causes that are in no alert: the pager takes them up within seconds, or it does not run. And those that are
    `taken`, but into an alert of several organisations, which is the provider's and does not exist here: what is broken
    must not look well."""
    links = AlertOutage.objects.filter(outage=OuterRef("pk"), left_at=None)
    alerts = visible(actor, Alert)
    shown = links.filter(alert__in=alerts if organisation is None else alerts.filter(organisation=organisation))
    rows = _narrowed(visible(actor, Outage), organisation).filter(~Exists(shown), until=None, because=None)
    rows = rows.annotate(taken=Exists(links)).order_by("detected_at")
    return list(rows.select_related("system__site__organisation", "site").defer("first", "last"))


def _told(actor: Actor, cards: Sequence[Card], now: datetime) -> list[NowCard]:
    links = AlertOutage.objects.filter(alert__in=[card.alert for card in cards], left_at=None, outage__until=None)
    by_alert: defaultdict[int, list[Outage]] = defaultdict(list)
    for link in links.select_related("outage__interface__system").defer("outage__first"):
        by_alert[link.alert_id].append(link.outage)
    contacts = contacts_at(actor, [card.alert for card in cards])
    chain = Chain.load([card.alert for card in cards], now)
    return [told_card(card, by_alert[card.alert.pk], contacts, chain) for card in cards]


def told_card(card: Card, outages: Sequence[Outage], contacts: Mapping[int, Contact], chain: Chain) -> NowCard:
    """An alert with its outages, whose `interface.system` has been fetched."""
    outages = sorted(outages, key=lambda one: leading(one.kind, one.condition, one.since))
    return NowCard(
        card=card,
        roots=[Broken(one) for one in outages if one.because_id is None],
        because=[one for one in outages if one.because_id is not None],
        contact=contacts.get(card.alert.pk),
        next_people=chain.next_people(card),
    )


def contacts_at(actor: Actor, alerts: Sequence[Alert]) -> dict[int, Contact]:
    """Whom to ring, by alert: the site's first contact, else the organisation's."""
    rows = (
        visible(actor, Contact)
        .filter(organisation__in={alert.organisation_id for alert in alerts})
        .order_by("-position")
    )
    at = {(one.organisation_id, one.site_id): one for one in rows}
    found = {
        alert.pk: at.get((alert.organisation_id, alert.site_id)) or at.get((alert.organisation_id, None))
        for alert in alerts
        if alert.organisation_id
    }
    return {alert: contact for alert, contact in found.items() if contact is not None}
