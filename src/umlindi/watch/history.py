"""The spells of many interfaces as plain intervals, loaded in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from umlindi.watch.models import Spell
from umlindi.watch.rules.conditions import Condition, Interval


class History:
    """Every interval that reaches past a moment, oldest first, by interface."""

    def __init__(self, intervals: dict[int, list[Interval]]) -> None:
        self._intervals = intervals

    @classmethod
    def load(cls, interfaces: Iterable[int], since: datetime) -> History:
        """One query, whatever the number of interfaces."""
        rows = (
            Spell.objects.filter(Q(until=None) | Q(until__gt=since), interface__in=list(interfaces))
            .order_by("interface_id", "since")
            .values_list("interface_id", "condition", "since", "until")
        )
        found: defaultdict[int, list[Interval]] = defaultdict(list)
        for interface_id, condition, began, until in rows.iterator():
            found[interface_id].append(Interval(Condition(condition), began, until))
        return cls(dict(found))

    def of(self, interface_id: int) -> Sequence[Interval]:
        return self._intervals.get(interface_id, [])
