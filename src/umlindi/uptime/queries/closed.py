"""Closed months, and the figures in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from django.urls import reverse

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.uptime.models import ClosedFigure, ClosedMonth
from umlindi.uptime.queries.book import Kind, Line
from umlindi.uptime.rules.availability import Availability
from umlindi.uptime.rules.closing import fingerprint


def in_force(actor: Actor, month: date) -> dict[int, ClosedMonth]:
    """A month as it counts, by organisation: the newest correction, or the first closing."""
    rows = visible(actor, ClosedMonth).filter(month=month).order_by("organisation_id", "-closed_at", "-pk")
    return {row.organisation_id: row for row in rows.distinct("organisation_id").select_related("organisation")}


def lines(months: Iterable[ClosedMonth], kinds: Iterable[Kind]) -> dict[Kind, list[Line]]:
    """The figures of closed months, as they were judged."""
    wanted = list(kinds)
    found: dict[Kind, list[Line]] = {kind: [] for kind in wanted}
    for row in ClosedFigure.objects.filter(month__in=list(months), kind__in=wanted).defer("intervals"):
        found[Kind(row.kind)].append(line_of(row))
    return found


def line_of(row: ClosedFigure) -> Line:
    figures: Mapping[str, Any] = row.figures
    together, terms = figures["all_up"], figures["terms"]
    since = figures.get("measured_since")
    return Line(
        Kind(row.kind),
        row.subject,
        row.parent,
        row.name,
        Availability.from_json(figures["own"]),
        Availability.from_json(together) if together else None,
        Fraction(terms["target"]) / 100 if terms else None,
        terms=terms,
        measured_since=datetime.fromisoformat(since) if since else None,
    )


@dataclass(frozen=True, slots=True)
class Agreed:
    """A window as it counted. `systems` are the ids of those it covered."""

    title: str
    agreed_by: str
    starts: datetime
    ends: datetime
    url: str
    systems: frozenset[int]


def windows_of(month: ClosedMonth) -> list[Agreed]:
    """The windows that a closed month was judged with, as they were."""
    return [
        Agreed(
            told["title"],
            told["agreed_by"],
            datetime.fromisoformat(told["starts"]),
            datetime.fromisoformat(told["ends"]),
            reverse("uptime:window", args=[told["id"]]),
            frozenset(told["systems"]),
        )
        for told in month.policy["windows"]
    ]


@dataclass(frozen=True, slots=True)
class Cell:
    """A subject's month in a strip of twelve. `adjusted` is in percent, cut off."""

    month: date
    adjusted: Fraction | None
    verdict: str


def past(
    actor: Actor, first: date, before: date, of: Mapping[Kind, Sequence[Line]]
) -> dict[tuple[Kind, int], list[Cell]]:
    """The closed months of at least these lines' subjects between two months, the second excluded, oldest first."""
    months = visible(actor, ClosedMonth).filter(month__gte=first, month__lt=before)
    newest = months.order_by("organisation_id", "month", "-closed_at", "-pk").distinct("organisation_id", "month")
    when = dict(newest.values_list("pk", "month"))
    subjects = {line.subject for each in of.values() for line in each}
    rows = ClosedFigure.objects.filter(month__in=when, kind__in=list(of), subject__in=subjects).order_by()
    found: dict[tuple[Kind, int], list[Cell]] = {}
    for kind, subject, month, adjusted, verdict in rows.values_list(
        "kind", "subject", "month_id", "adjusted", "verdict"
    ):
        share = None if adjusted is None else Fraction(adjusted)
        found.setdefault((Kind(kind), subject), []).append(Cell(when[month], share, verdict))
    for cells in found.values():
        cells.sort(key=lambda cell: cell.month)
    return found


def is_whole(month: ClosedMonth) -> bool:
    """Whether a closed month still is what was hashed."""
    return month.hash == fingerprint(head_of(month), map(told, month.figures.all()))


def head_of(month: ClosedMonth) -> dict[str, Any]:
    return {
        "organisation": month.organisation_id,
        "month": month.month.isoformat(),
        "rules": month.rules,
        "policy": month.policy,
        "reason": month.reason,
    }


def told(row: ClosedFigure) -> dict[str, Any]:
    """A figure as it is hashed."""
    return {
        "kind": str(row.kind),
        "subject": row.subject,
        "parent": row.parent,
        "name": row.name,
        "adjusted": None if row.adjusted is None else f"{row.adjusted:.3f}",
        "verdict": row.verdict,
        "figures": row.figures,
        "intervals": row.intervals,
    }
