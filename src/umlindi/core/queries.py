"""Reads of the trail: scoped, filtered, and paged by number so that page 2 is as fast as page 2 000."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent
from umlindi.core.scope import visible

PAGE = 100
VERIFIED = "audit.verified"


@dataclass(frozen=True, slots=True)
class Filters:
    """What to look for; empty means everything. Days are the house's own, both included."""

    actor: str = ""
    verb: str = ""
    object: str = ""
    organisation: int | None = None
    first: date | None = None
    last: date | None = None
    text: str = ""

    def told(self) -> dict[str, Any]:
        """What was asked, for the record."""
        return {name: str(value) for name, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Verification:
    """The last time the trail was proved, and with what outcome."""

    at: datetime
    events: int
    whole: bool
    breaks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class TrailPage:
    """A page of events, newest first. `older` is the number to ask below, None on the last page."""

    total: int
    events: list[AuditEvent]
    older: int | None
    verification: Verification | None

    @property
    def total_in_words(self) -> str:
        """As people here write it, with a space that does not break: 2 114."""
        return f"{self.total:,}".replace(",", "\N{NO-BREAK SPACE}")


def events(actor: Actor, filters: Filters) -> QuerySet[AuditEvent]:
    """The events this actor may see that fit."""
    found = visible(actor, AuditEvent)
    if filters.actor:
        found = found.filter(actor_name__icontains=filters.actor)
    if filters.verb:
        found = found.filter(verb__startswith=filters.verb)
    if filters.object:
        found = found.filter(Q(object_kind__icontains=filters.object) | Q(object_name__icontains=filters.object))
    if filters.organisation:
        found = found.filter(organisation_id=filters.organisation)
    if filters.text:
        found = found.filter(Q(reason__icontains=filters.text) | Q(object_name__icontains=filters.text))
    return _between(found, filters.first, filters.last)


def trail_page(actor: Actor, filters: Filters, before: int | None = None) -> TrailPage:
    """One page of the trail, below an event's number."""
    found = events(actor, filters)
    below = found.filter(seq__lt=before) if before else found
    rows = list(below.order_by("-seq")[: PAGE + 1])
    older = rows[PAGE - 1].seq if len(rows) > PAGE else None
    return TrailPage(found.count(), rows[:PAGE], older, last_verification())


def last_verification() -> Verification | None:
    """Whether the trail is whole is for everybody who may read any of it."""
    event = AuditEvent.objects.filter(verb=VERIFIED).order_by("-seq").first()
    if event is None or event.after is None:
        return None
    return Verification(event.at, event.after["events"], event.after["whole"], event.after["breaks"])


def _between(found: QuerySet[AuditEvent], first: date | None, last: date | None) -> QuerySet[AuditEvent]:
    if first:
        found = found.filter(at__gte=_midnight(first))
    if last:
        found = found.filter(at__lt=_midnight(last + timedelta(days=1)))
    return found


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
