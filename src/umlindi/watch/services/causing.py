"""Which outage hangs on which, and the haste to know what lies beneath one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from umlindi.watch.affected import Affected
from umlindi.watch.models import Outage, Probe
from umlindi.watch.rules.outages import Open, causes
from umlindi.watch.rules.plans import Plan

JUST_ASKED = timedelta(seconds=5)


def settle_causes(organisations: Iterable[int], affected: Affected) -> Mapping[int, int | None]:
    """Hang every open outage of these organisations on the one that caused it; what changed, by id.

    One that loses its cause and is still out is told as if it were new.
    """
    values = ("id", "system_id", "kind", "condition", "since", "because_id")
    rows = Outage.objects.filter(until=None, system__isnull=False, organisation__in=organisations).order_by()
    known = [Open(*row) for row in rows.values_list(*values)]
    wanted = causes(known, affected.standing_on)
    changed = {one.id: wanted[one.id] for one in known if wanted[one.id] != one.because}
    by_cause: defaultdict[int | None, list[int]] = defaultdict(list)
    for outage, cause in changed.items():
        by_cause[cause].append(outage)
    for cause, those in by_cause.items():
        Outage.objects.filter(pk__in=those).update(because=cause, heard=False)
    return changed


def ask_beneath(systems: Iterable[int], affected: Affected, now: datetime) -> None:
    """Probe at once, and as quickly as can be, everything that these systems stand on: one of them may be the cause.

    What another process has in hand is being asked already.
    """
    beneath = {other for system in systems for other in affected.standing_on(system)}
    quicker = Probe.objects.filter(interface=OuterRef("interface"), plan=Plan.QUICK)
    quickest = Q(plan=Plan.QUICK) | Q(plan=Plan.FULL) & ~Exists(quicker)
    asked = Q(probed_at__gt=now - JUST_ASKED) | Q(claimed_until__gt=now)
    rows = Probe.objects.filter(quickest, interface__system__in=beneath, interface__enabled=True, due_at__gt=now)
    free = rows.exclude(asked).select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    Probe.objects.filter(pk__in=list(free)).update(due_at=now)
