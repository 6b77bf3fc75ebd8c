"""What is known of many interfaces over a period, with the windows that cover them: loaded in a few reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Max, Min, Q, QuerySet

from umlindi.estate.models import Interface, System
from umlindi.estate.rules.interfaces import INTERVAL_S
from umlindi.uptime.models import Window
from umlindi.uptime.queries.coverage import Coverage
from umlindi.uptime.rules.availability import Availability, availability
from umlindi.uptime.rules.timeline import Period, Timeline, timeline, together
from umlindi.watch.models import Probe, Spell
from umlindi.watch.rules.conditions import Condition, Interval, silence_allowed

_CONDITIONS = {one.value: one for one in Condition}


@dataclass(frozen=True)
class Ledger:
    """Timelines of interfaces and systems within a period, up to now; and windows to its end, also those to come.

    An interface that is no longer probed speaks until its last answer. An interface or system without any answer in the
    period has no timeline: it does not count.
    """

    period: Period
    now: datetime
    systems: Mapping[int, System]
    interfaces: Mapping[int, Interface]
    of_interfaces: Mapping[int, Timeline]
    coverage: Coverage

    @classmethod
    def load(cls, systems: QuerySet[System], period: Period, now: datetime) -> Ledger:
        """Ten reads, whatever their number. The caller has scoped the systems."""
        found = {system.pk: system for system in systems.select_related("site__organisation")}
        rows = Interface.objects.filter(system__in=found).only("system_id", "name", "enabled")
        interfaces = {row.pk: row for row in rows}
        until = min(period.end, now)
        known = _timelines(interfaces, Period(period.start, until), now) if until > period.start else {}
        organisations = {system.site.organisation_id for system in found.values()}
        windows = Window.objects.filter(organisation__in=organisations, starts__lt=period.end, ends__gt=period.start)
        coverage = Coverage.load(windows.exclude(state=Window.State.CANCELLED))
        return cls(period, now, found, interfaces, known, coverage)

    @cached_property
    def windows(self) -> dict[int, list[Period]]:
        """When each of these systems is in a window, merged."""
        return {system: periods for system, periods in self.coverage.periods().items() if system in self.systems}

    @cached_property
    def parts(self) -> dict[int, list[int]]:
        """The interfaces that count, by system."""
        found: defaultdict[int, list[int]] = defaultdict(list)
        for pk in self.of_interfaces:
            found[self.interfaces[pk].system_id].append(pk)
        return dict(found)

    @cached_property
    def of_systems(self) -> dict[int, Timeline]:
        """A system is as bad as the worst of its interfaces, at each instant."""
        return {
            system: together([self.of_interfaces[pk] for pk in interfaces]) for system, interfaces in self.parts.items()
        }

    def figures(self, system: int) -> Availability | None:
        """A system's; None where nothing is known of it."""
        spans = self.of_systems.get(system)
        return availability(spans, self.windows.get(system, [])) if spans else None

    def measured_since(self, timelines: Iterable[Timeline]) -> datetime | None:
        """The first answer that any of these hold, where the period began before it; None where it did not."""
        first = min((spans[0].start for spans in timelines if spans), default=None)
        return None if first is None or first <= self.period.start else first

    def systems_since(self, systems: Iterable[int]) -> datetime | None:
        """The same of systems by their ids."""
        return self.measured_since(self.of_systems.get(pk, []) for pk in systems)

    @property
    def ahead(self) -> Period | None:
        """What of the period is still to come."""
        start = max(self.period.start, self.now)
        return Period(start, self.period.end) if start < self.period.end else None


def _timelines(interfaces: Mapping[int, Interface], period: Period, now: datetime) -> dict[int, Timeline]:
    intervals, confirmed = _intervals(interfaces, period)
    asked = _asked(interfaces)
    found = {}
    for pk, spells in intervals.items():
        answered, silence = asked.get(pk, (None, silence_allowed(timedelta(seconds=INTERVAL_S))))
        last = max(at for at in (answered, confirmed.get(pk), period.start) if at is not None)
        if interfaces[pk].enabled:
            spans = timeline(spells, period, now if now - last <= silence else last)
        else:
            spans = timeline(spells, Period(period.start, min(period.end, last)), last)
        if spans:
            found[pk] = spans
    return found


def _intervals(interfaces: Iterable[int], period: Period) -> tuple[dict[int, list[Interval]], dict[int, datetime]]:
    """Every spell that reaches into the period, oldest first; and when the open ones were last confirmed."""
    rows = Spell.objects.filter(
        Q(until=None) | Q(until__gt=period.start), interface__in=list(interfaces), since__lt=period.end
    )
    found: defaultdict[int, list[Interval]] = defaultdict(list)
    confirmed = {}
    values = rows.order_by("interface_id", "since").values_list(
        "interface_id", "condition", "since", "until", "probed_at"
    )
    for pk, condition, since, until, probed_at in values.iterator(chunk_size=10_000):
        found[pk].append(Interval(_CONDITIONS[condition], since, until))
        if until is None:
            confirmed[pk] = probed_at
    return dict(found), confirmed


def _asked(interfaces: Iterable[int]) -> dict[int, tuple[datetime | None, timedelta]]:
    """When each interface last answered, and how long that speaks for it: by the plan that is asked most often."""
    rows = Probe.objects.filter(interface__in=list(interfaces)).order_by().values_list("interface_id")
    told = rows.annotate(Max("probed_at"), Min("interval_s"))
    return {pk: (last, silence_allowed(timedelta(seconds=interval))) for pk, last, interval in told}
