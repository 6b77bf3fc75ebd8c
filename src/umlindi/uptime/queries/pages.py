"""The page of all figures, and the rows it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, Site, System
from umlindi.uptime.models import ClosedMonth, Objective
from umlindi.uptime.queries.book import Book, Kind, Line, terms_in_force
from umlindi.uptime.queries.closed import Cell, in_force, lines, past
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.rules.budgets import Budget, Verdict
from umlindi.uptime.rules.months import plus

MODELS: dict[Kind, Any] = {
    Kind.ORGANISATION: Organisation,
    Kind.SITE: Site,
    Kind.SYSTEM: System,
    Kind.INTERFACE: Interface,
    Kind.OBJECTIVE: Objective,
}
STRIP = 12
WORST_FIRST = (Verdict.MISSED, Verdict.AT_RISK, Verdict.UNKNOWN, Verdict.ON_COURSE, Verdict.MET)


@dataclass(frozen=True, slots=True)
class Row:
    """A line as it is shown: where it is, what leads to its intervals, and its last twelve months, this one last."""

    line: Line
    where: str = ""
    url: str = ""
    cells: Sequence[Cell] = ()

    @property
    def budget(self) -> Budget | None:
        """None where nothing is promised of it."""
        return self.line.budget

    @property
    def verdict(self) -> Verdict | None:
        return self.budget.verdict if self.budget else None

    @property
    def rank(self) -> tuple[int, Fraction, str]:
        """Missed first, then the least available; what nothing is known of last."""
        verdict = WORST_FIRST.index(self.verdict) if self.verdict else WORST_FIRST.index(Verdict.MET)
        share = self.line.own.adjusted.share
        return verdict, Fraction(2) if share is None else share, self.line.name.casefold()


@dataclass(frozen=True, slots=True)
class UptimePage:
    """Everything the actor may see in a period. `closed` are the organisations' months that are frozen; `ledger` holds
    what is not."""

    asked: Asked
    rows: Mapping[Kind, Sequence[Row]]
    closed: Sequence[ClosedMonth]
    ledger: Ledger

    @property
    def objectives(self) -> Sequence[Row]:
        return self.rows[Kind.OBJECTIVE]

    @property
    def organisations(self) -> Sequence[Row]:
        return self.rows[Kind.ORGANISATION]

    @property
    def sites(self) -> Sequence[Row]:
        return self.rows[Kind.SITE]

    @property
    def systems(self) -> Sequence[Row]:
        return self.rows[Kind.SYSTEM]

    @property
    def measured_since(self) -> datetime | None:
        """The first answer of all, where the period began before it."""
        firsts = [row.line.measured_since for row in self.organisations]
        known = [first for first in firsts if first is not None]
        return min(known, default=None) if len(known) == len(firsts) else None

    @property
    def missed(self) -> list[Row]:
        return [row for row in self.objectives if row.verdict is Verdict.MISSED]

    @property
    def at_risk(self) -> list[Row]:
        return [row for row in self.objectives if row.verdict is Verdict.AT_RISK]

    @property
    def troubled(self) -> list[Row]:
        """Systems that were not up all the time that counts."""
        return [row for row in self.systems if row.line.own.adjusted.down]


def uptime_page(
    actor: Actor,
    asked: Asked,
    organisation: Organisation | None = None,
    *,
    interfaces: bool = False,
    only: QuerySet[System] | None = None,
) -> UptimePage:
    """The figures of a period by organisation, site, system and objective, and where asked for by interface.

    With `only`, what is not frozen is worked out for these systems alone: figures of what they are a part of are then
    not to be used.
    """
    closed = in_force(actor, asked.month) if asked.month else {}
    if organisation is not None:
        closed = {pk: month for pk, month in closed.items() if pk == organisation.pk}
    kinds = [kind for kind in Kind if interfaces or kind is not Kind.INTERFACE]
    systems = visible(actor, System) if only is None else only
    book = _live(actor, asked, organisation, systems.exclude(site__organisation__in=list(closed)), interfaces)
    frozen = lines(closed.values(), kinds)
    found = {kind: [*frozen[kind], *book.lines[kind]] for kind in kinds}
    return UptimePage(asked, _rows(actor, asked, found), list(closed.values()), book.ledger)


def _live(
    actor: Actor, asked: Asked, organisation: Organisation | None, systems: QuerySet[System], interfaces: bool
) -> Book:
    """What is not frozen, worked out now."""
    promised = objectives_of(actor, asked)
    if organisation is not None:
        systems = systems.filter(site__organisation=organisation)
        promised = promised.filter(organisation=organisation)
    ledger = Ledger.load(systems, asked.period, asked.now)
    there = {system.site.organisation_id for system in ledger.systems.values()}
    keys = promised.filter(organisation__in=there).values_list("pk", flat=True)
    terms = list(terms_in_force(keys, asked.first.replace(day=1)).values())
    return Book.of(ledger, terms, interfaces=interfaces)


def objectives_of(actor: Actor, asked: Asked) -> QuerySet[Objective]:
    """The objectives that were promised in a period."""
    return visible(actor, Objective).filter(Q(ended_at=None) | Q(ended_at__gte=asked.period.start))


def _rows(actor: Actor, asked: Asked, found: Mapping[Kind, Sequence[Line]]) -> dict[Kind, list[Row]]:
    earlier = past(actor, plus(asked.month, 1 - STRIP), asked.month, found) if asked.month else {}
    names = {kind: {line.subject: line for line in found[kind]} for kind in found}
    rows = {}
    for kind, each in found.items():
        there = set(visible(actor, MODELS[kind]).values_list("pk", flat=True))
        made = [
            Row(
                line,
                _where(line, names),
                _url(line, asked) if line.subject in there else "",
                _cells(line, asked, earlier.get((kind, line.subject), ())),
            )
            for line in each
        ]
        rows[kind] = sorted(made, key=lambda row: row.rank)
    return rows


def _cells(line: Line, asked: Asked, earlier: Sequence[Cell]) -> list[Cell]:
    """The twelve months to the one asked for; those of which nothing is known are there too."""
    if asked.month is None:
        return []
    share, budget = line.own.adjusted.share, line.budget
    now = Cell(asked.month, None if share is None else share * 100, budget.verdict if budget else "")
    by_month = {cell.month: cell for cell in (*earlier, now)}
    months = [plus(asked.month, back) for back in range(1 - STRIP, 1)]
    return [by_month.get(month, Cell(month, None, "")) for month in months]


def _where(line: Line, names: Mapping[Kind, Mapping[int, Line]]) -> str:
    """The names of all that a line is within, nearest first."""
    within = {
        Kind.INTERFACE: Kind.SYSTEM,
        Kind.SYSTEM: Kind.SITE,
        Kind.SITE: Kind.ORGANISATION,
        Kind.OBJECTIVE: Kind.ORGANISATION,
    }
    found, at = [], line
    while at.kind in within and at.parent is not None:
        above = names.get(within[at.kind], {}).get(at.parent)
        if above is None:
            break
        found.append(above.name)
        at = above
    return ", ".join(found)


def _url(line: Line, asked: Asked) -> str:
    return reverse(f"uptime:{line.kind}", args=[line.subject]) + asked.query
