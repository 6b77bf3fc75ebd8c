"""Who is affected when a system does not work: those it serves, and everything that stands on it."""

from __future__ import annotations

from umlindi.core.actors import Actor
from umlindi.estate.models import System
from umlindi.estate.queries import DependencyGraph


class Affected:
    """Names of people and systems, nearest first, by system."""

    def __init__(self, graph: DependencyGraph) -> None:
        self._graph = graph
        self._known: dict[int, list[str]] = {}

    @classmethod
    def load(cls, actor: Actor, *organisations: int) -> Affected:
        """Over what the actor may see of these organisations."""
        return cls(DependencyGraph.load(actor, *organisations))

    def names(self, system: System) -> list[str]:
        """Whom the system serves, then the systems that need it, each with whom it serves."""
        if system.pk not in self._known:
            others = [_told(other) for other in self._graph.affected_by(system.pk)]
            self._known[system.pk] = ([system.serves] if system.serves else []) + others
        return self._known[system.pk]

    def standing_on(self, system_id: int) -> list[int]:
        """The ids of everything a system needs."""
        return [below.pk for below in self._graph.standing_on(system_id)]


def _told(system: System) -> str:
    return f"{system.name} ({system.serves})" if system.serves else system.name
