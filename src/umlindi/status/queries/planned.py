"""Planned work as a status page tells it: which of its components, from when to when, and nothing of why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.status.models import Component
from umlindi.uptime.models import Window
from umlindi.uptime.queries import Coverage

AHEAD = timedelta(days=14)


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


def planned_for(components: Sequence[Component], coverage: Coverage, now: datetime) -> list[Planned]:
    """Windows of the next two weeks, and those now, that cover a component or what it stands on."""
    coming = (one for one in coverage.windows if one.ends > now and one.starts < now + AHEAD and not one.is_history)
    told = (_planned(window, components, coverage.systems[window.pk], now) for window in coming)
    return sorted((one for one in told if one.components), key=lambda one: one.starts)


def _planned(window: Window, components: Sequence[Component], covered: frozenset[int], now: datetime) -> Planned:
    touched = [one for one in components if one.system_id in covered]
    return Planned(
        starts=window.starts,
        ends=window.ends,
        names=[one.name for one in touched],
        components=frozenset(one.pk for one in touched),
        active=window.starts <= now,
    )
