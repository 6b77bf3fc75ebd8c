"""Morning checks as pages: the list of mornings, and one check with its lines in the order they matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface
from umlindi.watch import wording
from umlindi.watch.models import Check, CheckLine
from umlindi.watch.rules.conditions import BAD, Change, Condition

MORNINGS = 60


def checks(actor: Actor) -> QuerySet[Check]:
    """The morning checks this actor may see, newest first."""
    return visible(actor, Check).select_related("organisation")


@dataclass(frozen=True, slots=True)
class Morning:
    """A check in the list, with its counts."""

    check: Check
    works: int
    bad: int
    unknown: int

    @property
    def total(self) -> int:
        return self.works + self.bad + self.unknown


@dataclass(frozen=True, slots=True)
class ChecksPage:
    """Who can be checked, who has not been today, and the mornings before."""

    organisations: Sequence[Organisation]
    open_today: Sequence[Organisation]
    mornings: Sequence[Morning]


def checks_page(actor: Actor, now: datetime, organisation: Organisation | None = None) -> ChecksPage:
    """The last mornings, and the organisations whose check of today is not signed."""
    organisations = visible(actor, Organisation).filter(sites__isnull=False).distinct()
    rows = checks(actor)
    if organisation is not None:
        organisations = organisations.filter(pk=organisation.pk)
        rows = rows.filter(organisation=organisation)
    signed = set(
        rows.filter(started_at__date=timezone.localdate(now), signed_at__isnull=False).values_list(
            "organisation_id", flat=True
        )
    )
    return ChecksPage(
        organisations=list(organisations),
        open_today=[one for one in organisations if one.pk not in signed],
        mornings=[_morning(check) for check in _counted(rows)[:MORNINGS]],
    )


def _counted(rows: QuerySet[Check]) -> QuerySet[Check]:
    return rows.annotate(
        works=Count("lines", filter=Q(lines__condition=Condition.UP)),
        bad=Count("lines", filter=Q(lines__condition__in=BAD)),
        unknown=Count("lines", filter=Q(lines__condition=Condition.UNKNOWN)),
    )


def _morning(check: Check) -> Morning:
    counts: Any = check
    return Morning(check, counts.works, counts.bad, counts.unknown)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a check as a person reads it."""

    row: CheckLine

    @property
    def condition(self) -> Condition:
        return Condition(self.row.condition)

    @property
    def change(self) -> Change:
        return Change(self.row.change)

    @property
    def failure(self) -> Mapping[str, Any] | None:
        return wording.first_failure(self.row.result)

    @property
    def headline(self) -> str:
        return "works" if self.condition is Condition.UP else wording.headline(self.failure)

    @property
    def causes(self) -> list[Mapping[str, Any]]:
        return list(self.row.result.get("diagnosis", []))

    @property
    def next(self) -> str:
        """What to do: the likeliest cause's safe fix. Empty where nothing is wrong or nothing is known of it."""
        return str(self.causes[0]["fix"]) if self.causes and self.condition in BAD else ""

    @property
    def ms(self) -> float | None:
        measured = [step["ms"] for step in self.row.result.get("steps", []) if step["ms"] is not None]
        return sum(measured) if measured else None


@dataclass(frozen=True, slots=True)
class CheckPage:
    """One check. `left_s` is about how many seconds it still runs, None where it has ended or cannot be told."""

    check: Check
    expected: int
    done: int
    left_s: float | None
    new: Sequence[Line]
    still: Sequence[Line]
    recovered: Sequence[Line]
    unknown: Sequence[Line]
    working: Sequence[Line]

    @property
    def counts(self) -> Mapping[str, int]:
        """Lines by condition; every condition is there."""
        lines = (*self.new, *self.still, *self.recovered, *self.unknown, *self.working)
        return {one.value: sum(line.condition is one for line in lines) for one in Condition}

    @property
    def bad(self) -> int:
        return len(self.new) + len(self.still)


def check_page(actor: Actor, check: Check, now: datetime) -> CheckPage:
    """One visible check with its lines: what broke, what is still broken, what came back, what works."""
    lines = [Line(row) for row in check.lines.all()]
    expected = len(lines) if check.finished_at else _expected(actor, check, len(lines))
    return CheckPage(
        check=check,
        expected=expected,
        done=len(lines),
        left_s=None if check.finished_at else _left(check, len(lines), expected, now),
        new=[line for line in lines if line.condition in BAD and line.change is not Change.STILL],
        still=[line for line in lines if line.condition in BAD and line.change is Change.STILL],
        recovered=[line for line in lines if line.condition is Condition.UP and line.change is Change.RECOVERED],
        unknown=[line for line in lines if line.condition is Condition.UNKNOWN],
        working=[line for line in lines if line.condition is Condition.UP and line.change is not Change.RECOVERED],
    )


def _expected(actor: Actor, check: Check, done: int) -> int:
    rows = visible(actor, Interface).filter(system__site__organisation=check.organisation_id, enabled=True)
    return max(rows.count(), done)


def _left(check: Check, done: int, expected: int, now: datetime) -> float | None:
    """Seconds left at the pace so far."""
    if done == 0:
        return None
    return (now - check.started_at) / timedelta(seconds=1) / done * (expected - done)
