"""Making promises, changing them from the next month on, and watching how fast their budgets are spent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import transaction

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import audited, record
from umlindi.estate.models import System
from umlindi.uptime.models import Objective, Terms
from umlindi.uptime.queries.book import promise, terms_in_force, zone
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.budgets import LONGEST_LOOK, PACES, Pace, burn_rate, burning
from umlindi.uptime.rules.months import month_of, plus
from umlindi.uptime.rules.promises import Promise
from umlindi.uptime.rules.timeline import Period
from umlindi.uptime.services.windows import Invalid
from umlindi.watch.models import Outage
from umlindi.watch.services import outages
from umlindi.web.wording import duration

EDIT = "watch.edit"


@dataclass(frozen=True, slots=True)
class Promised:
    """What an objective should ask. `target` is in percent."""

    target: Decimal
    hours: str
    counts: str
    systems: frozenset[System]


def promise_uptime(actor: Actor, organisation: Organisation, name: str, promised: Promised, now: datetime) -> Objective:
    """A new objective, from the running month on. Raises `Invalid`."""
    actor.require(EDIT, organisation.pk)
    _check(organisation, name, promised)
    objective = Objective(organisation=organisation, name=name)
    with transaction.atomic():
        with audited(actor, "objective.promised", objective):
            objective.save(force_insert=True)
        _put(actor, objective, promised, month_of(now, zone()))
    return objective


def change(actor: Actor, objective: Objective, name: str, promised: Promised, now: datetime) -> Terms:
    """Change what an objective asks: from the next month on, as the running one keeps the terms it began under; at once
    where the objective began in it. Raises `Invalid`."""
    actor.require(EDIT, objective.organisation_id)
    _check(objective.organisation, name, promised, objective)
    month = month_of(now, zone())
    with transaction.atomic():
        held = Objective.objects.select_for_update().get(pk=objective.pk)
        if held.name != name:
            with audited(actor, "objective.renamed", held):
                held.name = name
                held.save(update_fields=["name"])
        began = held.terms.order_by("since").values_list("since", flat=True)[0]
        return _put(actor, held, promised, month if began >= month else plus(month, 1))


def end(actor: Actor, objective: Objective, reason: str, now: datetime) -> Objective:
    """Promise it no longer: the running month is its last, and it alerts no more."""
    actor.require(EDIT, objective.organisation_id)
    with audited(actor, "objective.ended", objective, reason=reason):
        objective.ended_at = now
        objective.save(update_fields=["ended_at"])
    return objective


def watch_budgets(now: datetime) -> int:
    """Report every budget that is spent too fast, and end what is so no longer. Returns how many burn."""
    live = Objective.objects.filter(ended_at=None).values_list("pk", flat=True)
    terms = list(terms_in_force(live, month_of(now, zone())).values())
    systems = System.objects.filter(pk__in={system.pk for each in terms for system in each.systems.all()})
    period = Period(now - LONGEST_LOOK, now)
    ledger = Ledger.load(systems, period, now)
    burns = [burn for each in terms if (burn := _burn(each, promise(ledger, each, period), now))]
    with transaction.atomic():
        for key, each, pace in burns:
            _report(key, each, pace, now)
        told = Outage.objects.filter(kind=Outage.Kind.BUDGET, until=None).values_list("key", flat=True)
        for key in set(told) - {key for key, _, _ in burns}:
            outages.end(key, now, now)
    return len(burns)


def _burn(terms: Terms, promised: Promise, now: datetime) -> tuple[str, Terms, Pace] | None:
    """The fastest pace that burns, under its outage's key: a fast burn is a slow one too, and is told once."""

    def over(look: timedelta) -> tuple[Fraction, int]:
        period = Period(now - look, now)
        rate = burn_rate(promised.down(period), promised.counted(period), promised.target)
        return rate, promised.falls(period)

    for speed, paces in PACES.items():
        if (pace := burning(paces, over)) is not None:
            return f"budget:{terms.objective_id}:{speed}", terms, pace
    return None


def _report(key: str, terms: Terms, pace: Pace, now: datetime) -> None:
    """Said the same as long as it burns: an outage told anew each minute would be heard of each minute."""
    objective = terms.objective
    outages.report(
        key,
        "budget",
        organisation=objective.organisation,
        subject=objective.name,
        headline="spends its error budget too fast",
        condition="degraded",
        since=now,
        now=now,
        cause=(
            f"Over the last {duration(pace.long.total_seconds())} downtime came in several pieces, together at least "
            f"{float(pace.rate):g} times as fast as {terms.target.normalize():f} % uptime allows."
        ),
        fix="See what its outages have in common: the objective's page lists every interval.",
    )


def _check(organisation: Organisation, name: str, promised: Promised, own: Objective | None = None) -> None:
    complaints: dict[str, str] = {}
    if not promised.systems:
        complaints["systems"] = "Choose at least one system."
    elif any(system.site.organisation_id != organisation.pk for system in promised.systems):
        complaints["systems"] = f"An objective of {organisation} is about its own systems."
    if not 0 < promised.target < 100:
        complaints["target"] = "More than 0 % and less than 100 %: a target leaves a budget."
    same = Objective.objects.filter(organisation=organisation, name=name, ended_at=None)
    if (same.exclude(pk=own.pk) if own else same).exists():
        complaints["name"] = "There is an objective of this name."
    if complaints:
        raise Invalid(complaints)


def _put(actor: Actor, objective: Objective, promised: Promised, since: date) -> Terms:
    """Write the terms from a month on; terms that were to begin then, or later, are replaced."""
    objective.terms.filter(since__gt=since).delete()
    before = _told(objective.terms.order_by("-since").first())
    terms, _ = Terms.objects.update_or_create(
        objective=objective,
        since=since,
        defaults={"target": promised.target, "hours": promised.hours, "counts": promised.counts},
    )
    terms.systems.set(promised.systems)
    record(actor, "objective.terms", objective, before=before, after=_told(terms))
    return terms


def _told(terms: Terms | None) -> dict[str, Any] | None:
    if terms is None:
        return None
    systems = sorted(terms.systems.values_list("name", flat=True))
    return {
        "since": terms.since,
        "target": terms.target,
        "hours": terms.hours,
        "counts": terms.counts,
        "systems": systems,
    }
