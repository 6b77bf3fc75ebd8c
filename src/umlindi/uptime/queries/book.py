"""Figures of everything an actor may see over a period, worked out now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.utils import timezone

from umlindi.estate.rules import opening_hours
from umlindi.uptime.models import ClosedFigure, Terms
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.availability import ZERO, Availability, all_up, availability, mean
from umlindi.uptime.rules.budgets import Budget
from umlindi.uptime.rules.opening import open_periods
from umlindi.uptime.rules.promises import Part, Promise
from umlindi.uptime.rules.timeline import Period, Timeline, gaps

Kind = ClosedFigure.Kind


@dataclass(frozen=True, slots=True)
class Line:
    """One subject's figures. `own` is of an interface or system itself, of a site or organisation the mean of its
    systems, of an objective what was promised; `all_up` is a group's other figure. `parent` as in `ClosedFigure`.
    `measured_since` is the first answer of anything in it, None where the period did not begin before that."""

    kind: Kind
    subject: int
    parent: int | None
    name: str
    own: Availability
    all_up: Availability | None = None
    target: Fraction | None = None
    remaining: timedelta = ZERO
    terms: Mapping[str, str] = field(default_factory=dict)
    measured_since: datetime | None = None

    @property
    def budget(self) -> Budget | None:
        return None if self.target is None else Budget(self.target, self.own.adjusted, self.remaining)


def of_interfaces(ledger: Ledger) -> Iterator[Line]:
    for pk, spans in ledger.of_interfaces.items():
        row = ledger.interfaces[pk]
        own = availability(spans, ledger.windows.get(row.system_id, ()))
        yield Line(Kind.INTERFACE, pk, row.system_id, row.name, own, measured_since=ledger.measured_since([spans]))


def of_systems(ledger: Ledger, targets: Mapping[int, Terms] | None = None) -> Iterator[Line]:
    """`targets` are the terms that a system is held to by itself."""
    for pk, spans in ledger.of_systems.items():
        system, windows = ledger.systems[pk], ledger.windows.get(pk, ())
        held = (targets or {}).get(pk)
        yield Line(
            Kind.SYSTEM,
            pk,
            system.site_id,
            system.name,
            availability(spans, windows),
            target=held.share if held else None,
            remaining=_ahead(ledger, windows),
            terms={"target": str(held.target)} if held else {},
            measured_since=ledger.measured_since([spans]),
        )


def _ahead(ledger: Ledger, windows: Sequence[Period]) -> timedelta:
    """What of the period is still to come, without windows."""
    if ledger.ahead is None:
        return ZERO
    return sum((gap.length for gap in gaps(windows, ledger.ahead)), ZERO)


def strictest(terms: Iterable[Terms]) -> dict[int, Terms]:
    """The terms that each system is held to by itself: the highest target of those that count day and night."""
    found: dict[int, Terms] = {}
    for each in sorted(terms, key=lambda one: one.target):
        if each.hours == Terms.Hours.ALWAYS:
            found.update(dict.fromkeys((system.pk for system in each.systems.all()), each))
    return found


def of_groups(ledger: Ledger, systems: Sequence[Line]) -> Iterator[Line]:
    """Every site and organisation that these systems are of."""
    for kind in (Kind.SITE, Kind.ORGANISATION):
        groups: dict[int, list[Line]] = {}
        for line in systems:
            site = ledger.systems[line.subject].site
            groups.setdefault(site.pk if kind is Kind.SITE else site.organisation_id, []).append(line)
        for subject, lines in groups.items():
            site = ledger.systems[lines[0].subject].site
            name = site.name if kind is Kind.SITE else site.organisation.name
            parent = site.organisation_id if kind is Kind.SITE else None
            own, together = mean(line.own for line in lines), _together(ledger, lines)
            since = ledger.systems_since(line.subject for line in lines)
            yield Line(kind, subject, parent, name, own, together, measured_since=since)


def _together(ledger: Ledger, lines: Sequence[Line]) -> Availability:
    keys = [line.subject for line in lines]
    return all_up([ledger.of_systems[pk] for pk in keys], [ledger.windows.get(pk, ()) for pk in keys])


def terms_in_force(objectives: Iterable[int], month: date) -> dict[int, Terms]:
    """What each of these objectives asks in a month; one that began later asks nothing."""
    rows = Terms.objects.filter(objective__in=objectives, since__lte=month).order_by("objective_id", "-since")
    found = rows.distinct("objective_id").select_related("objective").prefetch_related("systems")
    return {terms.objective_id: terms for terms in found}


def promise(ledger: Ledger, terms: Terms, period: Period) -> Promise:
    """An objective's promise over a period of a ledger that holds its systems."""
    parts = []
    for system in terms.systems.all():
        if system.pk in ledger.of_systems:
            site = ledger.systems[system.pk].site
            hours = site.hours if terms.hours == Terms.Hours.SITE else ""
            opened = open_periods(opening_hours(hours), ZoneInfo(site.timezone), period)
            parts.append(Part(ledger.of_systems[system.pk], ledger.windows.get(system.pk, ()), opened))
    return Promise(terms.share, terms.counts == Terms.Counts.MEAN, parts)


def of_objective(ledger: Ledger, terms: Terms) -> Line:
    promised = promise(ledger, terms, ledger.period)
    return Line(
        Kind.OBJECTIVE,
        terms.objective_id,
        terms.objective.organisation_id,
        terms.objective.name,
        promised.availability(),
        target=terms.share,
        remaining=promised.counted(ledger.ahead) if ledger.ahead else ZERO,
        terms={"target": str(terms.target), "hours": terms.hours, "counts": terms.counts},
        measured_since=ledger.systems_since(system.pk for system in terms.systems.all()),
    )


def zone() -> ZoneInfo:
    """The house's: calendar months are cut in it."""
    return ZoneInfo(timezone.get_default_timezone_name())


@dataclass(frozen=True, slots=True)
class Book:
    """Lines of everything in a ledger; with the timelines that made them, for bars and drill-down."""

    ledger: Ledger
    lines: Mapping[Kind, Sequence[Line]]

    @classmethod
    def of(cls, ledger: Ledger, terms: Sequence[Terms], *, interfaces: bool) -> Book:
        systems = list(of_systems(ledger, strictest(terms)))
        groups = list(of_groups(ledger, systems))
        lines = {
            Kind.INTERFACE: list(of_interfaces(ledger)) if interfaces else [],
            Kind.SYSTEM: systems,
            Kind.SITE: [line for line in groups if line.kind is Kind.SITE],
            Kind.ORGANISATION: [line for line in groups if line.kind is Kind.ORGANISATION],
            Kind.OBJECTIVE: [of_objective(ledger, each) for each in terms],
        }
        return cls(ledger, lines)

    def spans(self, line: Line) -> Timeline:
        """What made an interface's or a system's line."""
        held = self.ledger.of_interfaces if line.kind is Kind.INTERFACE else self.ledger.of_systems
        return held.get(line.subject, [])
