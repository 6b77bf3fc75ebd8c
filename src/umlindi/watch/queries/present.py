"""The present of an interface, with its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface
from umlindi.watch import wording
from umlindi.watch.history import History
from umlindi.watch.models import Spell
from umlindi.watch.rules.conditions import (
    BAD,
    WORST_FIRST,
    Condition,
    Interval,
    Span,
    bad_since,
    silence_allowed,
    trace,
)
from umlindi.watch.rules.merging import merged
from umlindi.watch.rules.plans import Plan
from umlindi.watch.rules.standing import combined, standing_at

TRACE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Now:
    """An interface as it is: its condition since when, its newest answer, and its last 24 hours.

    `result` is the JSON of one ladder made of the newest answers of its plans (docs/probes.md), empty where nothing
    was ever heard; `due_at` is the next probe. `flapping`: it comes and goes too often to be called up or down.
    """

    interface: Interface
    condition: Condition
    since: datetime | None
    probed_at: datetime | None
    due_at: datetime | None
    result: Mapping[str, Any]
    trace: Sequence[Span]
    flapping: bool = False

    @property
    def failure(self) -> Mapping[str, Any] | None:
        return wording.first_failure(self.result)

    @property
    def headline(self) -> str:
        if self.condition is Condition.UP:
            return "works"
        return wording.FLAPS if self.flapping and self.failure is None else wording.headline(self.failure)

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        """Likely causes, the likeliest first."""
        return list(self.result.get("diagnosis", []))

    @property
    def steps(self) -> list[Mapping[str, Any]]:
        return list(self.result.get("steps", []))

    @property
    def facts(self) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self.result.get("facts", {})
        return facts

    @property
    def response_ms(self) -> float | None:
        """What the whole ladder took, in milliseconds; None where nothing was measured."""
        measured = [step["ms"] for step in self.steps if step["ms"] is not None]
        return sum(measured) if measured else None


def presents(actor: Actor, now: datetime, interfaces: QuerySet[Interface] | None = None) -> list[Now]:
    """The visible, enabled interfaces as they are now, in four queries whatever their number."""
    rows = visible(actor, Interface).filter(enabled=True) if interfaces is None else interfaces
    found = list(rows.select_related("system__site__organisation").prefetch_related("probes"))
    history = History.load([interface.pk for interface in found], now - TRACE)
    told = [_now(interface, history.of(interface.pk), now) for interface in found]
    return _with_evidence(told)


def present(actor: Actor, interface: Interface, now: datetime) -> Now:
    """One interface as it is."""
    return presents(actor, now, visible(actor, Interface).filter(pk=interface.pk))[0]


def _now(interface: Interface, intervals: Sequence[Interval], now: datetime) -> Now:
    probes = {Plan(probe.plan): probe for probe in interface.probes.all()}
    standings = {
        plan: standing_at(probe.standing, now, silence_allowed(timedelta(seconds=probe.interval_s)))
        for plan, probe in probes.items()
    }
    condition, since, flapping = combined(standings)
    heard = {plan: one for plan, probe in probes.items() if (one := probe.heard) is not None}
    if intervals and intervals[-1].until is None:
        if condition is intervals[-1].condition:
            since = bad_since(intervals) or intervals[-1].since
        else:
            intervals = _ended(intervals, since)
    return Now(
        interface,
        condition,
        since,
        max((one.at for one in heard.values()), default=None),
        min((probe.due_at for probe in probes.values()), default=None),
        merged(heard).to_json() if heard else {},
        trace(intervals, now - TRACE, now),
        flapping,
    )


def _ended(intervals: Sequence[Interval], since: datetime | None) -> list[Interval]:
    """The newest interval is not the present: it speaks until then, and what follows is not known."""
    newest = intervals[-1]
    until = max(newest.since, since or newest.since)
    return [*intervals[:-1], Interval(newest.condition, newest.since, until)]


def _with_evidence(told: Sequence[Now]) -> list[Now]:
    """Where the newest answer speaks against what is held true and is not yet believed, what made it so is told."""
    doubted = [one.interface.pk for one in told if one.condition in BAD and not one.failure]
    spells = Spell.objects.filter(interface__in=doubted, until=None, condition__in=BAD) if doubted else ()
    results = {spell.interface_id: spell.result for spell in spells}
    return [replace(one, result=results.get(one.interface.pk, one.result)) for one in told]


def worst_first(parts: Iterable[Now]) -> list[Now]:
    """What needs a person before what works; among equals, what is surest."""
    return sorted(parts, key=lambda one: (WORST_FIRST.index(one.condition), -_sureness(one)))


def _sureness(one: Now) -> float:
    return max((float(cause["confidence"]) for cause in one.causes), default=0.0)
