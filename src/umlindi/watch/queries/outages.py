"""What is out now, and what was out before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, Site, System
from umlindi.watch.models import Outage
from umlindi.watch.rules.outages import WORST_LAST

_RELATED = ("organisation", "site", "system__site", "interface")


@dataclass(frozen=True, slots=True)
class Open:
    """An open outage that is nobody's consequence, with those that are its own."""

    outage: Outage
    consequences: Sequence[Outage]


def open_outages(actor: Actor, organisation: Organisation | None = None) -> list[Open]:
    """What is out and a cause, the worst first and then the oldest; each consequence stands under its cause."""
    rows = visible(actor, Outage).filter(until=None).select_related(*_RELATED)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    found = sorted(rows, key=lambda one: (-WORST_LAST.index(one.condition), one.since, one.pk))
    shown = {outage.pk for outage in found}
    under: defaultdict[int, list[Outage]] = defaultdict(list)
    for outage in found:
        if outage.because_id in shown:
            under[outage.because_id].append(outage)
    return [Open(outage, under[outage.pk]) for outage in found if outage.because_id not in shown]


def outages_between(
    actor: Actor,
    start: datetime,
    end: datetime,
    *,
    organisation: Organisation | None = None,
    site: Site | None = None,
    system: System | None = None,
    interface: Interface | None = None,
) -> QuerySet[Outage]:
    """Every outage that reaches into a time, open ones too, the newest first."""
    lasted = Q(until=None) | Q(until__gt=start)
    places = {"organisation": organisation, "site": site, "system": system, "interface": interface}
    asked = {name: place for name, place in places.items() if place is not None}
    rows = visible(actor, Outage).filter(lasted, since__lt=end, **asked)
    return rows.select_related(*_RELATED).order_by("-since", "-pk")


@dataclass(frozen=True, slots=True)
class OutagePage:
    """One outage with what it caused and what caused it, as far as the actor may see those."""

    outage: Outage
    because: Outage | None
    consequences: Sequence[Outage]
    seconds: float

    @property
    def evidence(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """What was seen first and last, once where it is the same; each by its title."""
        first, last = self.outage.first, self.outage.last
        if first == last:
            return [("What was seen", first)] if first else []
        return [("Seen first", first), ("Seen last", last)]


def outage_page(actor: Actor, outage: Outage, now: datetime) -> OutagePage:
    """One visible outage, told at `now`."""
    related = visible(actor, Outage).select_related(*_RELATED)
    return OutagePage(
        outage=outage,
        because=related.filter(pk=outage.because_id).first() if outage.because_id else None,
        consequences=list(related.filter(because=outage).order_by("since", "pk")),
        seconds=((outage.until or now) - outage.since).total_seconds(),
    )
