"""Every system in one line: how it is, its last day, how fast it answers. Made for hundreds of systems at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, System
from umlindi.watch.history import History
from umlindi.watch.models import Probe
from umlindi.watch.rules.conditions import WORST_FIRST, Condition, Interval, Span, silence_allowed, trace, worst

DAY = timedelta(hours=24)
IN_ORDER = ("system__site__organisation__name", "system__site__name", "system__name", "name")


class Part(NamedTuple):
    """An interface of a system, as it stands. `probed_at` and `ms` are of its newest answer."""

    pk: int
    name: str
    kind: str
    condition: Condition
    probed_at: datetime | None
    ms: float | None


@dataclass(frozen=True, slots=True)
class EstateRow:
    """A system in one line, its worst interface first. `ms` is the longest that any of them took to answer."""

    system: System
    interfaces: Sequence[Part]
    trace: Sequence[Span]

    @property
    def condition(self) -> Condition:
        return self.interfaces[0].condition

    @property
    def ms(self) -> float | None:
        return max((part.ms for part in self.interfaces if part.ms is not None), default=None)


@dataclass(frozen=True, slots=True)
class Estate:
    """All that is asked. `rows` are the worst systems, as many as were wanted; `systems` says how many there are,
    `counts` how many interfaces are in each condition, `newest` when any of them last answered."""

    rows: Sequence[EstateRow]
    systems: int
    counts: Mapping[str, int]
    newest: datetime | None

    @property
    def left_out(self) -> int:
        return self.systems - len(self.rows)


class _Answered(NamedTuple):
    """What one plan of an interface last confirmed, and how often it is asked."""

    interface: int
    at: datetime
    ms: float | None
    condition: str
    interval_s: float


def estate_now(
    actor: Actor, now: datetime, organisation: Organisation | None = None, most: int | None = None
) -> Estate:
    """Every system with an interface that is asked, the worst first. Four queries, none of which reads evidence."""
    interfaces = visible(actor, Interface).filter(enabled=True)
    probes = visible(actor, Probe).exclude(probed_at=None)
    if organisation is not None:
        interfaces = interfaces.filter(system__site__organisation=organisation)
        probes = probes.filter(interface__system__site__organisation=organisation)
    answered: defaultdict[int, list[_Answered]] = defaultdict(list)
    for row in probes.values_list("interface_id", "probed_at", "ms", "condition", "interval_s"):
        answered[row[0]].append(_Answered(*row))  # type: ignore[arg-type]
    parts: defaultdict[int, list[Part]] = defaultdict(list)
    for pk, name, kind, system in interfaces.order_by(*IN_ORDER).values_list("pk", "name", "kind", "system_id"):
        parts[system].append(_part(pk, name, kind, answered.get(pk, ()), now))
    return _estate(actor, parts, most, now)


def _part(pk: int, name: str, kind: str, answered: Sequence[_Answered], now: datetime) -> Part:
    newest = max(answered, key=lambda one: one.at, default=None)
    at, ms = (newest.at, newest.ms) if newest else (None, None)
    return Part(pk, name, kind, condition_at(answered, now), at, ms)


def condition_at(answered: Iterable[_Answered], now: datetime) -> Condition:
    """The worst of what each plan confirmed; one not heard from for too long is unknown (law 2)."""
    return worst(
        Condition(one.condition)
        if now - one.at <= silence_allowed(timedelta(seconds=one.interval_s))
        else Condition.UNKNOWN
        for one in answered
    )


def _estate(actor: Actor, parts: Mapping[int, list[Part]], most: int | None, now: datetime) -> Estate:
    for each in parts.values():
        each.sort(key=lambda part: WORST_FIRST.index(part.condition))
    shown = sorted(parts, key=lambda system: WORST_FIRST.index(parts[system][0].condition))[:most]
    systems = visible(actor, System).select_related("site__organisation").in_bulk(shown)
    history = History.load((parts[system][0].pk for system in shown), now - DAY)
    every = [part for each in parts.values() for part in each]
    found = [part.condition for part in every]
    return Estate(
        rows=[EstateRow(systems[pk], parts[pk], _trace(parts[pk][0], history, now)) for pk in shown],
        systems=len(parts),
        counts={one.value: found.count(one) for one in Condition},
        newest=max((part.probed_at for part in every if part.probed_at), default=None),
    )


def _trace(part: Part, history: History, now: datetime) -> Sequence[Span]:
    """The open interval says nothing of the time after its last answer where that is too long ago."""
    intervals = history.of(part.pk)
    if part.condition is Condition.UNKNOWN and intervals and intervals[-1].until is None:
        newest = intervals[-1]
        until = max(part.probed_at or newest.since, newest.since)
        intervals = [*intervals[:-1], Interval(newest.condition, newest.since, until)]
    return trace(intervals, now - DAY, now)
