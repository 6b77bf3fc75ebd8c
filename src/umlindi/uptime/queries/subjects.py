"""One subject's page: its figures, the intervals that made them, and the windows that cover it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, Site, System
from umlindi.uptime.models import ClosedFigure, ClosedMonth, Objective, Terms
from umlindi.uptime.queries.book import Kind, promise, terms_in_force
from umlindi.uptime.queries.closed import Agreed, windows_of
from umlindi.uptime.queries.drill import Drill, Stretch, newest_first
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.queries.pages import Row, UptimePage, uptime_page
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.rules.availability import Piece, pieces
from umlindi.uptime.rules.timeline import Span, merged, together
from umlindi.watch.models import Outage
from umlindi.watch.rules.conditions import Condition

Subject = Organisation | Site | System | Interface | Objective
PARTS = {
    Kind.ORGANISATION: Kind.SITE,
    Kind.SITE: Kind.SYSTEM,
    Kind.SYSTEM: Kind.INTERFACE,
}
AT_MOST = 500
"""Intervals on one page; the CSV and the API have them all."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A stretch with the outages that the actor may see of it."""

    stretch: Stretch
    outages: Sequence[Outage]


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """`row` is None where nothing is known of it in the period. `bar` is its time as pieces, empty where it has no
    single timeline. `stretches` are newest first."""

    kind: Kind
    asked: Asked
    row: Row | None
    parts: Sequence[Row]
    bar: Sequence[Piece]
    stretches: Sequence[Stretch]
    windows: Sequence[Agreed]
    closed: ClosedMonth | None
    outages: dict[int, Outage]

    @property
    def shown(self) -> list[Shown]:
        """The newest, with their outages."""
        newest = self.stretches[:AT_MOST]
        return [Shown(one, [self.outages[pk] for pk in one.outages if pk in self.outages]) for one in newest]

    @property
    def cut(self) -> int:
        """How many of the stretches are shown, where not all are."""
        return AT_MOST if len(self.stretches) > AT_MOST else 0

    @property
    def grouped(self) -> bool:
        """Whether the parts are groups themselves."""
        return self.kind is Kind.ORGANISATION


def organisation_of(subject: Subject) -> Organisation:
    match subject:
        case Interface():
            return subject.system.site.organisation
        case System():
            return subject.site.organisation
        case Site() | Objective():
            return subject.organisation
    return subject


@dataclass(frozen=True, slots=True)
class _Made:
    """What a subject's figures are made of. `systems` are the ids of those it is about."""

    systems: Set[int]
    stretches: list[Stretch]
    bar: list[Piece]
    windows: list[Agreed]


def subject_page(actor: Actor, kind: Kind, subject: Subject, asked: Asked) -> SubjectPage:
    """Everything about one subject in a period; the caller has seen to it that the actor may see it."""
    organisation = organisation_of(subject)
    terms = terms_in_force([subject.pk], asked.first.replace(day=1)).get(subject.pk) if kind is Kind.OBJECTIVE else None
    only = _systems(actor, kind, subject, terms)
    page = uptime_page(actor, asked, organisation, interfaces=kind in {Kind.SYSTEM, Kind.INTERFACE}, only=only)
    closed = page.closed[0] if page.closed else None
    made = _frozen(closed, kind, subject) if closed else _live(kind, subject, terms, page.ledger)
    return SubjectPage(
        kind=kind,
        asked=asked,
        row=next((one for one in page.rows[kind] if one.line.subject == subject.pk), None),
        parts=_parts(page, kind, subject, made),
        bar=made.bar,
        stretches=newest_first(made.stretches),
        windows=made.windows,
        closed=closed,
        outages=visible(actor, Outage).in_bulk({pk for one in made.stretches for pk in one.outages}),
    )


def _parts(page: UptimePage, kind: Kind, subject: Subject, made: _Made) -> list[Row]:
    if kind is Kind.OBJECTIVE:
        return [row for row in page.systems if row.line.subject in made.systems]
    return [row for row in page.rows[PARTS[kind]] if row.line.parent == subject.pk] if kind in PARTS else []


def _live(kind: Kind, subject: Subject, terms: Terms | None, ledger: Ledger) -> _Made:
    drill, windows = Drill(ledger), _agreed(ledger)
    if terms is not None:
        spans = promise(ledger, terms, ledger.period).spans()
        return _Made(ledger.systems.keys(), drill.of_objective(terms), pieces(spans, ()), windows)
    if kind in {Kind.INTERFACE, Kind.SYSTEM}:
        held = ledger.of_interfaces if kind is Kind.INTERFACE else ledger.of_systems
        covering = merged(window for each in ledger.windows.values() for window in each)
        bar = pieces(held.get(subject.pk, []), covering)
        return _Made(ledger.systems.keys(), drill.of(kind, subject.pk), bar, windows)
    stretches = [one for pk in ledger.of_systems for one in drill.of(Kind.SYSTEM, pk)]
    bar = pieces(together([*ledger.of_systems.values()]), ())
    return _Made(ledger.systems.keys(), stretches, bar, windows)


def _systems(actor: Actor, kind: Kind, subject: Subject, terms: Terms | None) -> QuerySet[System]:
    """The systems that make a subject."""
    lookups = {
        Kind.ORGANISATION: "site__organisation",
        Kind.SITE: "site",
        Kind.SYSTEM: "pk",
        Kind.INTERFACE: "interfaces",
    }
    rows = visible(actor, System)
    if kind is Kind.OBJECTIVE:
        return rows.filter(pk__in=[system.pk for system in terms.systems.all()] if terms else [])
    return rows.filter(**{lookups[kind]: subject.pk})


def _agreed(ledger: Ledger) -> list[Agreed]:
    """The windows on any system of a ledger."""
    covers = ledger.coverage.systems
    return [
        Agreed(one.title, one.agreed_by, one.starts, one.ends, one.get_absolute_url(), covers[one.pk])
        for one in ledger.coverage.windows
        if not covers[one.pk].isdisjoint(ledger.systems)
    ]


def _frozen(closed: ClosedMonth, kind: Kind, subject: Subject) -> _Made:
    rows = list(_figures(closed, kind, subject))
    stretches = [Stretch.from_json(told) for row in rows for told in row.intervals]
    inside = _systems_in(closed, kind, subject, rows)
    windows = [one for one in windows_of(closed) if not inside.isdisjoint(one.systems)]
    bar = _filled(rows[0], stretches) if rows and kind in {Kind.INTERFACE, Kind.SYSTEM} else []
    return _Made(inside, stretches, bar, windows)


def _figures(closed: ClosedMonth, kind: Kind, subject: Subject) -> QuerySet[ClosedFigure]:
    """The figures that hold a subject's intervals: its own, or those of a group's systems."""
    if kind is Kind.ORGANISATION:
        return closed.figures.filter(kind=Kind.SYSTEM)
    if kind is Kind.SITE:
        return closed.figures.filter(kind=Kind.SYSTEM, parent=subject.pk)
    return closed.figures.filter(kind=kind, subject=subject.pk)


def _systems_in(closed: ClosedMonth, kind: Kind, subject: Subject, rows: Iterable[ClosedFigure]) -> set[int]:
    if kind is Kind.INTERFACE:
        return {row.parent for row in rows if row.parent is not None}
    if kind is Kind.OBJECTIVE:
        return {pk for one in closed.policy["objectives"] if one["id"] == subject.pk for pk in one["systems"]}
    return {row.subject for row in rows}


def _filled(row: ClosedFigure, stretches: Sequence[Stretch]) -> list[Piece]:
    """The whole time again: what lay between the stretches was up."""
    start, end = (datetime.fromisoformat(at) for at in row.figures["counted"])
    found, at = [], start
    for one in stretches:
        if one.start > at:
            found.append(Piece(Span(Condition.UP, at, one.start), agreed=False))
        found.append(Piece(Span(one.condition, one.start, one.end), bool(one.window)))
        at = one.end
    if at < end:
        found.append(Piece(Span(Condition.UP, at, end), agreed=False))
    return found
