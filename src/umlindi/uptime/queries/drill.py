"""From a figure to the intervals that made it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from umlindi.uptime.models import Terms, Window
from umlindi.uptime.queries.book import Kind, promise
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.availability import pieces
from umlindi.uptime.rules.timeline import Period, Timeline, merged, within
from umlindi.watch.models import Outage
from umlindi.watch.rules.conditions import Condition


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a subject was not simply up: down, degraded, unknown, or in an agreed window, whatever it was
    then. `outages` are those of its system that it lies in."""

    subject: str
    condition: Condition
    start: datetime
    end: datetime
    window: str = ""
    outages: tuple[int, ...] = ()

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def to_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "condition": self.condition.value,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "window": self.window,
            "outages": list(self.outages),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Stretch:
        return cls(
            told["subject"],
            Condition(told["condition"]),
            datetime.fromisoformat(told["start"]),
            datetime.fromisoformat(told["end"]),
            told["window"],
            tuple(told["outages"]),
        )


class Drill:
    """The stretches of everything in a ledger; outages and windows are looked up once for all."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._windows = ledger.coverage.on_systems()
        self._outages = _outages(ledger)

    def of(self, kind: Kind, subject: int) -> list[Stretch]:
        """Of an interface or a system, oldest first."""
        if kind is Kind.INTERFACE:
            row = self.ledger.interfaces[subject]
            spans = self.ledger.of_interfaces.get(subject, [])
            return list(self._told(f"{self.ledger.systems[row.system_id]} {row.name}", row.system_id, spans, subject))
        system = self.ledger.systems[subject]
        return list(self._told(system.name, subject, self.ledger.of_systems.get(subject, [])))

    def of_objective(self, terms: Terms) -> list[Stretch]:
        """Of each system of an objective, within the hours that count, oldest first."""
        found: list[Stretch] = []
        keys = [system.pk for system in terms.systems.all() if system.pk in self.ledger.of_systems]
        for pk, part in zip(keys, promise(self.ledger, terms, self.ledger.period).parts, strict=True):
            found += self._told(self.ledger.systems[pk].name, pk, within(part.spans, part.hours))
        return sorted(found, key=lambda one: one.start)

    def _told(self, name: str, system: int, spans: Timeline, interface: int | None = None) -> Iterator[Stretch]:
        windows = self._windows.get(system, [])
        agreed = merged(Period(each.starts, each.ends) for each in windows)
        for piece in pieces(spans, agreed):
            span = piece.span
            if piece.agreed or span.condition is not Condition.UP:
                title = _title(windows, span.start) if piece.agreed else ""
                outages = self._overlapping(system, interface, span.start, span.end)
                yield Stretch(name, span.condition, span.start, span.end, title, outages)

    def _overlapping(self, system: int, interface: int | None, start: datetime, end: datetime) -> tuple[int, ...]:
        return tuple(
            pk
            for pk, of, since, until in self._outages.get(system, ())
            if since < end and (until is None or until > start) and interface in {None, of}
        )


def _title(windows: Sequence[Window], at: datetime) -> str:
    return next(each.title for each in windows if each.starts <= at < each.ends)


def _outages(ledger: Ledger) -> dict[int, list[tuple[int, int | None, datetime, datetime | None]]]:
    rows = Outage.objects.filter(
        Q(until=None) | Q(until__gt=ledger.period.start),
        kind=Outage.Kind.INTERFACE,
        system__in=ledger.systems,
        since__lt=ledger.period.end,
    )
    found: defaultdict[int, list[tuple[int, int | None, datetime, datetime | None]]] = defaultdict(list)
    for pk, system, interface, since, until in rows.values_list("pk", "system_id", "interface_id", "since", "until"):
        if system is not None:
            found[system].append((pk, interface, since, until))
    return dict(found)


def newest_first(stretches: Iterable[Stretch]) -> list[Stretch]:
    return sorted(stretches, key=lambda one: (one.start, one.end), reverse=True)
