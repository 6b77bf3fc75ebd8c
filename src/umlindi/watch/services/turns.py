"""What is asked of whom, when it is due, and who has it in hand."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from umlindi.core.actors import Actor
from umlindi.core.audit import audited
from umlindi.estate.models import Interface
from umlindi.watch.models import Probe, Watcher
from umlindi.watch.rules.plans import Plan
from umlindi.watch.rules.spreading import NEW_EACH_S, first_due
from umlindi.watch.services.settling import retire, settle
from umlindi.watch.targets import deadline_of, plans_for

SLACK_S = 5.0
"""What a claimed probe may wait for its turn among others, beyond its own deadline."""

CLAIM = """
WITH due AS (
    SELECT probe.id, site.id AS site, site.organisation_id AS organisation,
        interface.xmin::text || ' ' || system.xmin::text AS version
    FROM watch_probe AS probe
    JOIN estate_interface AS interface ON interface.id = probe.interface_id
    JOIN estate_system AS system ON system.id = interface.system_id
    JOIN estate_site AS site ON site.id = system.site_id
    WHERE probe.due_at <= %(until)s AND interface.enabled AND site.organisation_id <> ALL(%(busy)s)
        AND (probe.claimed_until IS NULL OR probe.claimed_until <= %(now)s)
    ORDER BY probe.due_at LIMIT %(at_most)s FOR UPDATE OF probe SKIP LOCKED
)
UPDATE watch_probe AS probe SET claimed_by = %(who)s,
    claimed_until = greatest(probe.due_at, %(now)s) + (probe.deadline_s + %(slack)s) * interval '1 second'
FROM due WHERE due.id = probe.id
RETURNING probe.id, probe.interface_id, probe.plan, probe.due_at, probe.interval_s, probe.deadline_s,
    due.site, due.organisation, due.version
"""
SET_BACK = """
UPDATE watch_probe SET claimed_until = NULL, due_at = %(now)s + random() * interval_s * interval '1 second'
WHERE due_at > %(now)s + interval_s * interval '1.6 seconds' + %(slack)s * interval '1 second'
    OR claimed_until > %(now)s + (interval_s + deadline_s) * interval '1.6 seconds' + %(slack)s * interval '1 second'
"""

SOON = """
UPDATE watch_probe SET due_at = least(due_at, %s + random() * least(interval_s, %s) * interval '1 second')
WHERE interface_id = ANY(%s)
"""
REMEMBERED = timedelta(days=30)
"""How long a watch process that has ended is known: what it left on disk is recorded once until then."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A probe that is this process's to ask. `version` changes with the interface's or its system's row."""

    probe: int
    interface: int
    plan: Plan
    due_at: datetime
    interval_s: float
    deadline_s: float
    site: int
    organisation: int
    version: str


def claim_due(
    until: datetime, now: datetime, at_most: int, who: str = "watch", busy: Iterable[int] = ()
) -> list[Claim]:
    """Take probes that are due by `until`, each for this process alone until an answer to it must have come.

    SKIP LOCKED: any number of processes share the work. A claim of a process that died runs out by itself. Probes of
    the organisations in `busy` are left: they have as many places as they may.
    """
    limits = {"until": until, "now": now, "at_most": at_most, "busy": list(busy)}
    given: dict[str, Any] = {**limits, "who": who, "slack": SLACK_S}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, given)
        return [Claim(probe, interface, Plan(plan), *rest) for probe, interface, plan, *rest in cursor.fetchall()]


def give_probes(interfaces: Sequence[Interface], now: datetime) -> int:
    """See that each of these has a probe for each of its plans, at the plan's interval, and no other.

    Returns how many are new. One alone is due at once; many are spread over their interval.
    """
    wanted = {
        (interface.pk, plan): (interval.total_seconds(), deadline_of(interface, plan).total_seconds())
        for interface in interfaces
        for plan, interval in plans_for(interface).items()
    }
    with transaction.atomic():
        rows = Probe.objects.select_for_update().filter(interface__in=interfaces).order_by("pk")
        have = {(row.interface_id, Plan(row.plan)): row for row in rows.defer("result")}
        surplus = [row for key, row in have.items() if key not in wanted]
        Probe.objects.filter(pk__in=[row.pk for row in surplus]).delete()
        settle({row.interface_id for row in surplus}, now)
        _retime([row for key, row in have.items() if key in wanted], wanted, now)
        return _add({key: told for key, told in wanted.items() if key not in have}, now)


def _retime(rows: Iterable[Probe], wanted: dict[tuple[int, Plan], tuple[float, float]], now: datetime) -> None:
    """Rows whose interval or deadline is another now. What is to be asked more often is not kept waiting."""
    changed = []
    for row in rows:
        told = wanted[row.interface_id, Plan(row.plan)]
        if told != (row.interval_s, row.deadline_s):
            row.interval_s, row.deadline_s = told
            row.due_at = min(row.due_at, now + timedelta(seconds=row.interval_s) * random.random())  # noqa: S311
            changed.append(row)
    Probe.objects.bulk_update(changed, ["interval_s", "deadline_s", "due_at"])


def _add(missing: dict[tuple[int, Plan], tuple[float, float]], now: datetime) -> int:
    keys = list(missing)
    random.shuffle(keys)
    of_plan = {plan: [key for key in keys if key[1] is plan] for plan in Plan}
    new = [
        Probe(
            interface_id=key[0],
            plan=plan,
            interval_s=missing[key][0],
            deadline_s=missing[key][1],
            due_at=first_due(now, timedelta(seconds=missing[key][0]), place, len(part)),
        )
        for plan, part in of_plan.items()
        for place, key in enumerate(part)
    ]
    return len(Probe.objects.bulk_create(new, ignore_conflicts=True))


def keep_schedule(now: datetime) -> None:
    """What no answer mends: probes of what is no longer asked, a schedule from before the clock was set back,
    and processes that ended long ago."""
    retire(now)
    Watcher.objects.filter(at__lt=now - REMEMBERED).delete()
    with connection.cursor() as cursor:
        cursor.execute(SET_BACK, {"now": now, "slack": SLACK_S})


def let_go(who: str) -> None:
    """Hand back what a process has claimed: it ends, and others need not wait for its claims to run out."""
    Probe.objects.filter(claimed_by=who).update(claimed_until=None, claimed_by="")


def probe_soon(interfaces: Sequence[int], now: datetime) -> None:
    """What changed is asked at once; where much did, spread as what is new."""
    with connection.cursor() as cursor:
        cursor.execute(SOON, [now, len(interfaces) / NEW_EACH_S, list(interfaces)])


def ask_now(actor: Actor, interface: Interface, now: datetime) -> None:
    """Put an interface first in line: the watch loop probes it within a second or two."""
    actor.require("probe.run", interface.system.site.organisation_id)
    with audited(actor, "probe.asked", interface):
        give_probes([interface], now)
        Probe.objects.filter(interface=interface).update(due_at=now)
