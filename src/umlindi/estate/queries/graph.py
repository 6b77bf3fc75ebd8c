"""What stands on what: the whole graph in two reads, asked in memory."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Dependency, System
from umlindi.estate.rules import closure


@dataclass(frozen=True, slots=True)
class DependencyGraph:
    """Systems by id, with the ids each needs and the ids that need it."""

    systems: dict[int, System]
    needs: dict[int, list[int]]
    needed_by: dict[int, list[int]]

    @classmethod
    def load(cls, actor: Actor, *organisations: int) -> DependencyGraph:
        """Of these organisations, by their ids, what the actor may see. No dependency leads out of one."""
        systems = visible(actor, System).filter(site__organisation__in=organisations)
        edges = visible(actor, Dependency).filter(system__site__organisation__in=organisations)
        needs, needed_by = defaultdict(list), defaultdict(list)
        for system, needed in edges.order_by("needs__name", "system__name").values_list("system_id", "needs_id"):
            needs[system].append(needed)
            needed_by[needed].append(system)
        return cls(
            {system.pk: system for system in systems.select_related("site__organisation")}, dict(needs), dict(needed_by)
        )

    def affected_by(self, system_id: int) -> list[System]:
        """All that does not work while this does not, nearest first."""
        return [self.systems[found] for found in closure(system_id, self.needed_by)]

    def standing_on(self, system_id: int) -> list[System]:
        """All that must work for this to work, nearest first."""
        return [self.systems[found] for found in closure(system_id, self.needs)]
