"""What a system's own page says beyond its present: its past, its speed, what is agreed, and who is on call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from umlindi.alerts.queries.duty import duties
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, System
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.pages import Now as OnCall
from umlindi.readings.queries import Chart, chart, measures_of
from umlindi.uptime.models import Window
from umlindi.uptime.queries import Coverage
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.availability import Availability, Piece, availability, pieces
from umlindi.uptime.rules.timeline import Period
from umlindi.watch.models import Outage
from umlindi.watch.queries import outages_between

PERIODS = {1: "24 h", 7: "7 days", 30: "30 days"}
MOST_OUTAGES, MOST_CHARTS = 12, 3
AHEAD = timedelta(days=28)
TELLING = {
    "echo": "C-ECHO",
    "message": "acknowledgement",
    "http": "HTTP",
    "query": "query",
    "cpu_share": "processor",
    "runtime_s": "minutes on battery",
    "total": "the whole probe",
}
"""The measure that says most of an interface, the best first."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One interface over the period."""

    interface: Interface
    pieces: Sequence[Piece]
    figures: Availability


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast one interface answered, by its most telling measure."""

    title: str
    chart: Chart


@dataclass(frozen=True, slots=True)
class Past:
    """A system over the last `days`. `month` is its uptime since the first of the month; None: nothing is known.
    `month_since` is its first answer, where that came later in the month."""

    days: int
    period: Period
    strips: Sequence[Strip]
    outages: Sequence[Outage]
    month: Availability | None
    month_since: datetime | None
    windows: Sequence[Window]
    on_call: Sequence[OnCall]
    speeds: Sequence[Speed]


def past(actor: Actor, system: System, days: int, now: datetime) -> Past:
    """One visible system."""
    period = Period(now - timedelta(days=days), now)
    rows = visible(actor, System).filter(pk=system.pk)
    first = timezone.localtime(now).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    month = Ledger.load(rows, Period(first, now), now)
    return Past(
        days=days,
        period=period,
        strips=_strips(Ledger.load(rows, period, now), system),
        outages=list(outages_between(actor, now - timedelta(days=30), now, system=system)[:MOST_OUTAGES]),
        month=month.figures(system.pk),
        month_since=month.systems_since([system.pk]),
        windows=_windows(actor, system, now),
        on_call=_on_call(actor, system, now),
        speeds=_speeds(actor, system, period),
    )


def _strips(ledger: Ledger, system: System) -> list[Strip]:
    agreed = ledger.windows.get(system.pk, [])
    rows = ((ledger.interfaces[pk], spans) for pk, spans in ledger.of_interfaces.items())
    found = [Strip(row, pieces(spans, agreed), availability(spans, agreed)) for row, spans in rows if row.enabled]
    return sorted(found, key=lambda strip: strip.interface.name)


def _windows(actor: Actor, system: System, now: datetime) -> list[Window]:
    """Those that cover it now or within four weeks."""
    coming = visible(actor, Window).filter(
        organisation=system.site.organisation_id,
        state__in=(Window.State.PLANNED, Window.State.ACTIVE),
        ends__gt=now,
        starts__lt=now + AHEAD,
    )
    return Coverage.load(coming).on_systems().get(system.pk, [])


def _on_call(actor: Actor, system: System, now: datetime) -> list[OnCall]:
    whose = Q(organisation=None) | Q(organisation=system.site.organisation_id)
    return duties(visible(actor, Rota).filter(whose).select_related("organisation"), now)


def _speeds(actor: Actor, system: System, period: Period) -> list[Speed]:
    found = []
    for interface in visible(actor, Interface).filter(system=system, enabled=True)[:MOST_CHARTS]:
        measured = measures_of(interface.pk, period.start)
        measure = next((one for one in TELLING if one in measured), None)
        if measure:
            drawn = chart(interface.pk, measure, period.start, period.end)
            found.append(Speed(f"{interface.name}: {TELLING[measure]}", drawn))
    return found
