"""The present of an interface, and the page Now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from umlindi.watch.rules.merging import merged
from umlindi.watch.rules.plans import Plan
from umlindi.watch.rules.standing import combined, standing_at

TRACE = timedelta(hours=24)
DUE_TODAY = "Daily health checks, due today"


@dataclass(frozen=True, slots=True)
class Now:
    """An interface as it is: its condition since when, its newest answer, and its last 24 hours.

    `result` is the JSON of one ladder made of the newest answers of its plans (docs/probes.md), empty where nothing
    was ever heard; `due_at` is the next probe. `flapping`: it comes and goes too often to be called up or down.
    """

    interface: Interface
    condition: Condition
    since: datetime | None
    probed_at: datetime | None
    due_at: datetime | None
    result: Mapping[str, Any]
    trace: Sequence[Span]
    flapping: bool = False

    @property
    def failure(self) -> Mapping[str, Any] | None:
        return wording.first_failure(self.result)

    @property
    def headline(self) -> str:
        if self.condition is Condition.UP:
            return "works"
        return wording.FLAPS if self.flapping and self.failure is None else wording.headline(self.failure)

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
    history = History.load([interface.pk for interface in found], now - TRACE)
    told = [_now(interface, history.of(interface.pk), now) for interface in found]
    return _with_evidence(told)


def present(actor: Actor, interface: Interface, now: datetime) -> Now:
    """One interface as it is."""
    return presents(actor, now, visible(actor, Interface).filter(pk=interface.pk))[0]


def _now(interface: Interface, intervals: Sequence[Interval], now: datetime) -> Now:
    probes = {Plan(probe.plan): probe for probe in interface.probes.all()}
    standings = {
        plan: standing_at(probe.standing, now, silence_allowed(timedelta(seconds=probe.interval_s)))
        for plan, probe in probes.items()
    }
    condition, since, flapping = combined(standings)
    heard = {plan: one for plan, probe in probes.items() if (one := probe.heard) is not None}
    if intervals and intervals[-1].until is None:
        if condition is intervals[-1].condition:
            since = bad_since(intervals) or intervals[-1].since
        else:
            intervals = _ended(intervals, since)
    return Now(
        interface,
        condition,
        since,
        max((one.at for one in heard.values()), default=None),
        min((probe.due_at for probe in probes.values()), default=None),
        merged(heard).to_json() if heard else {},
        trace(intervals, now - TRACE, now),
        flapping,
    )


def _ended(intervals: Sequence[Interval], since: datetime | None) -> list[Interval]:
    """The newest interval is not the present: it speaks until then, and what follows is not known."""
    newest = intervals[-1]
    until = max(newest.since, since or newest.since)
    return [*intervals[:-1], Interval(newest.condition, newest.since, until)]


def _with_evidence(told: Sequence[Now]) -> list[Now]:
    """Where the newest answer speaks against what is held true and is not yet believed, what made it so is told."""
    doubted = [one.interface.pk for one in told if one.condition in BAD and not one.failure]
    spells = Spell.objects.filter(interface__in=doubted, until=None, condition__in=BAD) if doubted else ()
    results = {spell.interface_id: spell.result for spell in spells}
    return [replace(one, result=results.get(one.interface.pk, one.result)) for one in told]


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
