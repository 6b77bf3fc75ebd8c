"""The availability of one subject over any period, for other rooms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, Site, System
from umlindi.uptime.queries.book import Book, Kind, Line
from umlindi.uptime.queries.drill import Drill, Stretch
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.timeline import Period


@dataclass(frozen=True, slots=True)
class Told:
    """A subject's figures with the intervals that made them; of a group, those of its systems."""

    line: Line
    intervals: Sequence[Stretch]


def availability(
    actor: Actor, subject: Organisation | Site | System | Interface, start: datetime, end: datetime, now: datetime
) -> Told | None:
    """Worked out from what is known now, whether or not a month is closed; None where nothing is known at all."""
    kind, lookup = _kind(subject)
    systems = visible(actor, System).filter(**{lookup: subject.pk})
    ledger = Ledger.load(systems, Period(start, end), now)
    lines = Book.of(ledger, (), interfaces=kind is Kind.INTERFACE).lines[kind]
    line = next((one for one in lines if one.subject == subject.pk), None)
    if line is None:
        return None
    drill = Drill(ledger)
    if kind in {Kind.INTERFACE, Kind.SYSTEM}:
        return Told(line, drill.of(kind, subject.pk))
    return Told(line, [one for pk in ledger.of_systems for one in drill.of(Kind.SYSTEM, pk)])


def _kind(subject: Organisation | Site | System | Interface) -> tuple[Kind, str]:
    match subject:
        case Organisation():
            return Kind.ORGANISATION, "site__organisation"
        case Site():
            return Kind.SITE, "site"
        case System():
            return Kind.SYSTEM, "pk"
    return Kind.INTERFACE, "interfaces"
