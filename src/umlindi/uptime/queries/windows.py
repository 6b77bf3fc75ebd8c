"""Windows as pages show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Site, System
from umlindi.uptime.models import Window
from umlindi.uptime.queries.book import zone
from umlindi.uptime.queries.coverage import Coverage, Reach, covered_by
from umlindi.uptime.rules import windows as rules

CALENDAR = timedelta(days=28)
PAST = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """A window with its state by the clock, and how many systems it covers."""

    window: Window
    state: rules.State
    systems: int


@dataclass(frozen=True, slots=True)
class WindowsPage:
    """`past` are the newest, cancelled ones among them. `calendar` is all of the next four weeks."""

    now: datetime
    running: Sequence[Shown]
    coming: Sequence[Shown]
    past: Sequence[Shown]

    @property
    def calendar(self) -> list[Shown]:
        return [one for one in (*self.running, *self.coming) if one.window.starts < self.now + CALENDAR]


def windows(actor: Actor, organisation: Organisation | None = None) -> QuerySet[Window]:
    """The windows this actor may see, by their start."""
    rows = visible(actor, Window).select_related("organisation")
    return rows if organisation is None else rows.filter(organisation=organisation)


def windows_page(actor: Actor, now: datetime, organisation: Organisation | None = None) -> WindowsPage:
    rows = windows(actor, organisation)
    ahead = _shown(rows.filter(ends__gt=now, state__in=["planned", "active"]), now)
    past = _shown(rows.exclude(pk__in=[one.window.pk for one in ahead]).order_by("-starts")[:PAST], now)
    return WindowsPage(
        now,
        [one for one in ahead if one.state is rules.State.ACTIVE],
        [one for one in ahead if one.state is rules.State.PLANNED],
        past,
    )


def _shown(rows: QuerySet[Window], now: datetime) -> list[Shown]:
    coverage = Coverage.load(rows)
    return [Shown(one, one.state_at(now), len(coverage.systems[one.pk])) for one in coverage.windows]


@dataclass(frozen=True, slots=True)
class WindowPage:
    """One window with what it covers: the systems it reaches beyond those it names are `beyond`."""

    window: Window
    state: rules.State
    named: Sequence[System]
    beyond: Sequence[System]
    series: Sequence[Window]

    @property
    def systems(self) -> list[System]:
        return [*self.named, *self.beyond]


def window_page(actor: Actor, window: Window, now: datetime) -> WindowPage:
    named = {system.pk for system in window.systems.all()} | set(
        System.objects.filter(site__in=window.sites.all()).values_list("pk", flat=True)
    )
    systems = list(visible(actor, System).filter(pk__in=covered_by(window)).select_related("site__organisation"))
    return WindowPage(
        window,
        window.state_at(now),
        [system for system in systems if system.pk in named],
        [system for system in systems if system.pk not in named],
        list(windows(actor).filter(series=window.series)) if window.series else [],
    )


def zone_of(systems: Iterable[System], sites: Iterable[Site]) -> ZoneInfo:
    """By whose clock a window is agreed: the one zone of all that it names, else the house's."""
    zones = {site.timezone for site in (*sites, *(system.site for system in systems))}
    return ZoneInfo(zones.pop()) if len(zones) == 1 else zone()


def reached(actor: Actor, organisation: Organisation, systems: Iterable[int], sites: Iterable[int]) -> list[System]:
    """What a window would cover, for a look before it is agreed."""
    keys = Reach.load([organisation.pk]).of(systems, sites)
    return list(visible(actor, System).filter(pk__in=keys).select_related("site__organisation"))
