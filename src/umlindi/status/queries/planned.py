"""Planned work as a status page tells it: which of its components, from when to when, and nothing of why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import System
from umlindi.estate.queries import DependencyGraph
from umlindi.status.models import Component
from umlindi.uptime.models import Window

AHEAD = timedelta(days=14)
COMING = (Window.State.PLANNED, Window.State.ACTIVE)


@dataclass(frozen=True, slots=True)
class Planned:
    """One window, with the names and ids of the page's components that it touches."""

    starts: datetime
    ends: datetime
    names: Sequence[str]
    components: frozenset[int]
    active: bool

    @property
    def name(self) -> str:
        return ", ".join(self.names)


def planned_for(actor: Actor, organisation_id: int, components: Sequence[Component], now: datetime) -> list[Planned]:
    """Windows of the next two weeks, and those now, that cover a component or what it stands on."""
    graph = DependencyGraph.load(actor, organisation_id)
    beneath = {
        one.pk: {one.system, *graph.standing_on(one.system_id)} for one in components if one.system_id in graph.systems
    }
    windows = (
        visible(actor, Window)
        .filter(organisation=organisation_id, state__in=COMING, ends__gt=now, starts__lt=now + AHEAD)
        .prefetch_related("systems", "sites")
        .order_by("starts")
    )
    return [planned for window in windows if (planned := _planned(window, components, beneath, now)).components]


def _planned(
    window: Window, components: Sequence[Component], beneath: Mapping[int, set[System]], now: datetime
) -> Planned:
    systems, sites = set(window.systems.all()), {site.pk for site in window.sites.all()}
    touched = [
        one
        for one in components
        if any(system in systems or system.site_id in sites for system in beneath.get(one.pk, ()))
    ]
    return Planned(
        starts=window.starts,
        ends=window.ends,
        names=[one.name for one in touched],
        components=frozenset(one.pk for one in touched),
        active=window.starts <= now,
    )
