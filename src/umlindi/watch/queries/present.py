"""The present of an interface, and the page Now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Contact, Interface, System
from umlindi.watch import wording
from umlindi.watch.affected import Affected
from umlindi.watch.history import History
from umlindi.watch.models import Check, Spell
from umlindi.watch.queries.checks import checks
from umlindi.watch.rules.conditions import (
    BAD,
    WORST_FIRST,
    Condition,
    Interval,
    Span,
    bad_since,
    roots,
    silence_allowed,
    trace,
    worst,
)
from umlindi.watch.targets import interval_of

TRACE = timedelta(hours=24)
DUE_TODAY = "Daily health checks, due today"


@dataclass(frozen=True, slots=True)
class Now:
    """An interface as it is: its condition since when, its newest answer, and its last 24 hours.

    `result` is the probe result's JSON (docs/probes.md), empty where nothing was ever heard; `due_at` is the next
    probe.
    """

    interface: Interface
    condition: Condition
    since: datetime | None
    probed_at: datetime | None
    due_at: datetime | None
    result: Mapping[str, Any]
    trace: Sequence[Span]

    @property
    def failure(self) -> Mapping[str, Any] | None:
        return wording.first_failure(self.result)

    @property
    def headline(self) -> str:
        return "works" if self.condition is Condition.UP else wording.headline(self.failure)

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


@dataclass(frozen=True, slots=True)
class FaultCard:
    """One broken system that is a cause, with what breaks because of it."""

    system: System
    main: Now
    others: Sequence[Now]
    because: Sequence[System]
    affects: Sequence[str]
    contact: Contact | None

    @property
    def condition(self) -> Condition:
        return self.main.condition


@dataclass(frozen=True, slots=True)
class EstateRow:
    """A system in one line."""

    system: System
    interfaces: Sequence[Now]
    condition: Condition
    trace: Sequence[Span]
    response_ms: float | None


@dataclass(frozen=True, slots=True)
class Due:
    """A line of what the contract asks today. `state` is ok, warn, fail or later."""

    code: str
    state: str
    text: str
    detail: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class NowPage:
    """What is broken, since when, who is affected, what to do next."""

    as_of: datetime
    faults: Sequence[FaultCard]
    estate: Sequence[EstateRow]
    counts: Mapping[str, int]
    due: Sequence[Due] = field(default_factory=tuple)

    @property
    def newest(self) -> datetime | None:
        """When anything was last probed: how fresh the page is."""
        times = [now.probed_at for row in self.estate for now in row.interfaces if now.probed_at]
        return max(times, default=None)


def presents(actor: Actor, now: datetime, interfaces: QuerySet[Interface] | None = None) -> list[Now]:
    """The visible, enabled interfaces as they are now, in four queries whatever their number."""
    rows = visible(actor, Interface).filter(enabled=True) if interfaces is None else interfaces
    found = list(rows.select_related("system__site__organisation").prefetch_related("probes"))
    keys = [interface.pk for interface in found]
    history = History.load(keys, now - TRACE)
    spells = {spell.interface_id: spell for spell in Spell.objects.filter(interface__in=keys, until=None)}
    return [_now(interface, spells.get(interface.pk), history.of(interface.pk), now) for interface in found]


def present(actor: Actor, interface: Interface, now: datetime) -> Now:
    """One interface as it is."""
    return presents(actor, now, visible(actor, Interface).filter(pk=interface.pk))[0]


def _now(interface: Interface, spell: Spell | None, intervals: Sequence[Interval], now: datetime) -> Now:
    due = min((probe.due_at for probe in interface.probes.all()), default=None)
    if spell is None:
        return Now(interface, Condition.UNKNOWN, None, None, due, {}, trace([], now - TRACE, now))
    if now - spell.probed_at > silence_allowed(interval_of(interface)):
        known = [*intervals[:-1], Interval(intervals[-1].condition, intervals[-1].since, spell.probed_at)]
        spans = trace(known, now - TRACE, now)
        return Now(interface, Condition.UNKNOWN, spell.probed_at, spell.probed_at, due, spell.result, spans)
    since = bad_since(intervals) or spell.since
    spans = trace(intervals, now - TRACE, now)
    return Now(interface, Condition(spell.condition), since, spell.probed_at, due, spell.result, spans)


def now_page(actor: Actor, now: datetime, organisation: Organisation | None = None) -> NowPage:
    """Everything the first page says."""
    interfaces = visible(actor, Interface).filter(enabled=True)
    if organisation is not None:
        interfaces = interfaces.filter(system__site__organisation=organisation)
    all_now = presents(actor, now, interfaces)
    by_system: dict[System, list[Now]] = {}
    for one in all_now:
        by_system.setdefault(one.interface.system, []).append(one)
    affected = Affected.load(actor)
    return NowPage(
        as_of=now,
        faults=_faults(by_system, affected),
        estate=sorted(
            (_row(system, parts) for system, parts in by_system.items()),
            key=lambda row: WORST_FIRST.index(row.condition),
        ),
        counts={one.value: sum(answer.condition is one for answer in all_now) for one in Condition},
        due=_due(actor, now, organisation),
    )


def _row(system: System, parts: Sequence[Now]) -> EstateRow:
    ordered = worst_first(parts)
    response = max((one.response_ms for one in parts if one.response_ms is not None), default=None)
    return EstateRow(system, ordered, worst(one.condition for one in parts), ordered[0].trace, response)


def worst_first(parts: Iterable[Now]) -> list[Now]:
    """What needs a person before what works; among equals, what is surest."""
    return sorted(parts, key=lambda one: (WORST_FIRST.index(one.condition), -_sureness(one)))


def _sureness(one: Now) -> float:
    return max((float(cause["confidence"]) for cause in one.causes), default=0.0)


def _faults(by_system: Mapping[System, Sequence[Now]], affected: Affected) -> list[FaultCard]:
    """One card a cause: what is down because of something else is told on that one's card."""
    systems = {system.pk: system for system in by_system}
    conditions = {system.pk: worst(one.condition for one in parts) for system, parts in by_system.items()}
    down = [pk for pk, condition in conditions.items() if condition is Condition.DOWN]
    causes = roots(down, affected.standing_on)
    degraded = [pk for pk, condition in conditions.items() if condition is Condition.DEGRADED]
    contacts = _contacts(systems[pk] for pk in [*causes, *degraded])
    cards = [
        _card(systems[pk], by_system, [systems[one] for one in causes.get(pk, ())], affected, contacts)
        for pk in [*causes, *degraded]
    ]
    return sorted(cards, key=lambda card: (card.condition is not Condition.DOWN, -_sureness(card.main)))


def _card(
    system: System,
    by_system: Mapping[System, Sequence[Now]],
    because: Sequence[System],
    affected: Affected,
    contacts: Mapping[int, Contact],
) -> FaultCard:
    bad = [one for one in worst_first(by_system[system]) if one.condition in BAD]
    return FaultCard(system, bad[0], bad[1:], because, affected.names(system), contacts.get(system.site_id))


def _contacts(systems: Iterable[System]) -> dict[int, Contact]:
    """Whom to ring at each system's site: the site's first contact, else the organisation's, by site."""
    wanted = {system.site_id: system.site.organisation_id for system in systems}
    rows = Contact.objects.filter(organisation__in=set(wanted.values())).order_by("position")
    of_site: dict[int, Contact] = {}
    of_organisation: dict[int, Contact] = {}
    for contact in rows:
        if contact.site_id is None:
            of_organisation.setdefault(contact.organisation_id, contact)
        else:
            of_site.setdefault(contact.site_id, contact)
    chosen = {site: of_site.get(site) or of_organisation.get(owner) for site, owner in wanted.items()}
    return {site: contact for site, contact in chosen.items() if contact is not None}


def _due(actor: Actor, now: datetime, organisation: Organisation | None) -> list[Due]:
    """Today's morning check of every organisation the actor may sign or see."""
    organisations = visible(actor, Organisation).filter(sites__isnull=False).distinct()
    if organisation is not None:
        organisations = organisations.filter(pk=organisation.pk)
    today = checks(actor).filter(started_at__date=timezone.localdate(now)).order_by("started_at")
    newest = {check.organisation_id: check for check in today}
    return [_due_check(one, newest.get(one.pk)) for one in organisations]


def _due_check(organisation: Organisation, check: Check | None) -> Due:
    if check is None:
        return Due("A1", "warn", f"Morning check of {organisation} not run yet", DUE_TODAY, reverse("watch:checks"))
    url = check.get_absolute_url()
    if check.finished_at is None:
        return Due("A1", "later", f"Morning check of {organisation} is running", "", url)
    if check.signed_at is None:
        return Due("A1", "warn", f"Morning check of {organisation} waits for a signature", DUE_TODAY, url)
    return Due("A1", "ok", f"Morning check of {organisation} signed", check.signed_name, url)
