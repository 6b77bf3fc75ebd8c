"""Closing months: freezing figures with the policy they were judged by. What is closed is never judged anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Min, Q

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import record
from umlindi.estate.models import Dependency, System
from umlindi.uptime.models import ClosedFigure, ClosedMonth, Objective, Terms
from umlindi.uptime.queries.book import Book, Kind, Line, terms_in_force, zone
from umlindi.uptime.queries.closed import head_of, told
from umlindi.uptime.queries.drill import Drill
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.availability import VERSION
from umlindi.uptime.rules.closing import fingerprint
from umlindi.uptime.rules.months import GRACE, month_period, to_close
from umlindi.uptime.rules.showing import digits
from umlindi.uptime.rules.timeline import Timeline
from umlindi.uptime.services.windows import Invalid
from umlindi.watch.models import Spell

CORRECT = "watch.edit"


class NotOver(Exception):
    """The month, with its days of grace, still runs."""


def close_months(actor: Actor, now: datetime) -> list[ClosedMonth]:
    """Close every month that is over and not closed yet, of every organisation."""
    closed = []
    firsts = Spell.objects.order_by().values_list("interface__system__site__organisation").annotate(Min("since"))
    for organisation, first in firsts:
        done = set(ClosedMonth.objects.filter(organisation=organisation).values_list("month", flat=True))
        for month in to_close(first, now, zone()):
            if month not in done:
                closed.append(close_month(actor, Organisation.objects.get(pk=organisation), month, now))
    return closed


def close_month(actor: Actor, organisation: Organisation, month: date, now: datetime) -> ClosedMonth:
    """Freeze one month. Raises `NotOver`; closing it again is refused by the database."""
    if month_period(month, zone()).end + GRACE > now:
        raise NotOver
    with transaction.atomic():
        return _frozen(actor, ClosedMonth(organisation=organisation, month=month, closed_at=now), "month.closed")


def correct(actor: Actor, closed: ClosedMonth, reason: str, now: datetime) -> ClosedMonth:
    """Work a closed month out anew from what is known today, as a row beside the one that stands. Raises `Invalid`
    without a reason."""
    actor.require(CORRECT, closed.organisation_id)
    if not reason.strip():
        raise Invalid({"reason": "Say why."})
    fresh = ClosedMonth(
        organisation=closed.organisation, month=closed.month, closed_at=now, corrects=closed, reason=reason
    )
    with transaction.atomic():
        return _frozen(actor, fresh, "month.corrected")


def _frozen(actor: Actor, month: ClosedMonth, verb: str) -> ClosedMonth:
    period = month_period(month.month, zone())
    ledger = Ledger.load(System.objects.filter(site__organisation=month.organisation), period, month.closed_at)
    promised = Objective.objects.filter(
        Q(ended_at=None) | Q(ended_at__gte=period.start), organisation=month.organisation
    )
    terms = list(terms_in_force(promised.values_list("pk", flat=True), month.month).values())
    figures = list(_figures(Book.of(ledger, terms, interfaces=True), terms))
    month.rules, month.closed_by = VERSION, actor.name
    month.policy = _policy(ledger, terms)
    month.hash = fingerprint(head_of(month), map(told, figures))
    month.save(force_insert=True)
    for row in figures:
        row.month = month
    ClosedFigure.objects.bulk_create(figures, batch_size=500)
    record(actor, verb, month, after={"hash": month.hash, "figures": len(figures)}, reason=month.reason)
    return month


def _figures(book: Book, terms: Sequence[Terms]) -> Iterator[ClosedFigure]:
    drill, by_objective = Drill(book.ledger), {each.objective_id: each for each in terms}
    for kind, lines in book.lines.items():
        for line in lines:
            stretches, spans = [], []
            if kind in {Kind.INTERFACE, Kind.SYSTEM}:
                stretches, spans = drill.of(kind, line.subject), book.spans(line)
            elif kind is Kind.OBJECTIVE:
                stretches = drill.of_objective(by_objective[line.subject])
            yield _figure(line, [each.to_json() for each in stretches], spans)


def _figure(line: Line, intervals: list[dict[str, Any]], spans: Timeline) -> ClosedFigure:
    share, budget = line.own.adjusted.share, line.budget
    return ClosedFigure(
        kind=line.kind,
        subject=line.subject,
        parent=line.parent,
        name=line.name[:200],
        adjusted=None if share is None else Decimal(digits(share)),
        verdict=budget.verdict if budget else "",
        figures={
            "own": line.own.to_json(),
            "all_up": line.all_up.to_json() if line.all_up else None,
            "terms": dict(line.terms) or None,
            "measured_since": line.measured_since.isoformat() if line.measured_since else None,
            "counted": [spans[0].start.isoformat(), spans[-1].end.isoformat()] if spans else None,
        },
        intervals=intervals,
    )


def _policy(ledger: Ledger, terms: Sequence[Terms]) -> dict[str, Any]:
    """All that a figure depends on beside what was measured."""
    coverage = ledger.coverage
    sites = {system.site_id: system.site for system in ledger.systems.values()}
    edges = Dependency.objects.filter(system__in=ledger.systems).order_by("system_id", "needs_id")
    return {
        "zone": str(zone()),
        "start": ledger.period.start.isoformat(),
        "end": ledger.period.end.isoformat(),
        "windows": [
            {
                "id": each.pk,
                "title": each.title,
                "agreed_by": each.agreed_by,
                "starts": each.starts.isoformat(),
                "ends": each.ends.isoformat(),
                "systems": sorted(coverage.systems[each.pk]),
            }
            for each in coverage.windows
        ],
        "objectives": [
            {
                "id": each.objective_id,
                "name": each.objective.name,
                "target": str(each.target),
                "hours": each.hours,
                "counts": each.counts,
                "systems": sorted(system.pk for system in each.systems.all()),
            }
            for each in terms
        ],
        "sites": [{"id": pk, "hours": site.hours, "zone": site.timezone} for pk, site in sorted(sites.items())],
        "needs": [list(edge) for edge in edges.values_list("system_id", "needs_id")],
    }
