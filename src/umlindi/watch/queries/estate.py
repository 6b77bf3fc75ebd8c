"""Every system in one line: how it is, its last day, how fast it answers. Made for hundreds of systems at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, System
from umlindi.watch.history import History
from umlindi.watch.models import Probe
from umlindi.watch.rules.conditions import WORST_FIRST, Condition, Interval, Span, silence_allowed, trace, worst

DAY = timedelta(hours=24)


class Part(NamedTuple):
    """An interface of a system, as it stands."""

    pk: int
    name: str
    kind: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class EstateRow:
    """A system in one line. `ms` is what its slowest interface took to answer the last time it was asked."""

    system: System
    interfaces: Sequence[Part]
    condition: Condition
    trace: Sequence[Span]
    ms: float | None
    probed_at: datetime | None
    flapping: bool


class _Asked(NamedTuple):
    interface: int
    probed_at: datetime
    ms: float | None
    condition: str
    flapping: bool
    interval_s: float


def estate_rows(actor: Actor, now: datetime, organisation: Organisation | None = None) -> list[EstateRow]:
    """Every system with an interface that is asked, the worst first. Four queries, none of which reads evidence."""
    interfaces = visible(actor, Interface).filter(enabled=True)
    systems = visible(actor, System).select_related("site__organisation")
    if organisation is not None:
        interfaces = interfaces.filter(system__site__organisation=organisation)
        systems = systems.filter(site__organisation=organisation)
    asked = _asked(actor)
    rows = interfaces.order_by("name").values_list("pk", "name", "kind", "system_id")
    by_system: defaultdict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        by_system[row[-1]].append(row)
    history = History.load((row[0] for each in by_system.values() for row in each), now - DAY)
    found = [_row(system, by_system[system.pk], asked, history, now) for system in systems if system.pk in by_system]
    return sorted(found, key=lambda row: WORST_FIRST.index(row.condition))


def _asked(actor: Actor) -> dict[int, list[_Asked]]:
    rows = visible(actor, Probe).exclude(probed_at=None)
    found: defaultdict[int, list[_Asked]] = defaultdict(list)
    for row in rows.values_list("interface_id", "probed_at", "ms", "condition", "flapping", "interval_s"):
        found[row[0]].append(_Asked(*row))  # type: ignore[arg-type]
    return found


def _row(
    system: System,
    interfaces: Iterable[tuple[Any, ...]],
    asked: dict[int, list[_Asked]],
    history: History,
    now: datetime,
) -> EstateRow:
    parts = [Part(pk, name, kind, condition_at(asked.get(pk, ()), now)) for pk, name, kind, _ in interfaces]
    parts.sort(key=lambda part: WORST_FIRST.index(part.condition))
    newest = [one for part in parts for one in asked.get(part.pk, ())]
    return EstateRow(
        system=system,
        interfaces=parts,
        condition=parts[0].condition,
        trace=trace(_known(history.of(parts[0].pk), parts[0].condition, newest), now - DAY, now),
        ms=max((one.ms for one in newest if one.ms is not None), default=None),
        probed_at=max((one.probed_at for one in newest), default=None),
        flapping=any(one.flapping for one in newest),
    )


def condition_at(asked: Iterable[_Asked], now: datetime) -> Condition:
    """The worst of what each plan confirmed; one not heard from for too long is unknown (law 2)."""
    return worst(
        Condition(one.condition)
        if now - one.probed_at <= silence_allowed(timedelta(seconds=one.interval_s))
        else Condition.UNKNOWN
        for one in asked
    )


def _known(intervals: Sequence[Interval], condition: Condition, newest: Sequence[_Asked]) -> Sequence[Interval]:
    """The open interval says nothing of the time after its last answer where that is too long ago."""
    if condition is not Condition.UNKNOWN or not intervals or intervals[-1].until is not None:
        return intervals
    until = max((one.probed_at for one in newest), default=intervals[-1].since)
    return [*intervals[:-1], Interval(intervals[-1].condition, intervals[-1].since, until)]
