"""Many causes at one place at one time are one storm, and one alert."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from umlindi.alerts.models import Alert
from umlindi.alerts.rules.grouping import EVERYWHERE, STORM_SPAN, Failure, Place, Scope, gathers, storm_key, storms
from umlindi.estate.models import System
from umlindi.watch.models import Outage

STORMY = Q(kind__in=["interface", "external"], condition__in=["down", "unknown"], until=None, system__isnull=False)


@dataclass(frozen=True, slots=True)
class Burst:
    """The storms that fresh failures are part of: `systems` of each by its key, and when the earliest could begin."""

    systems: Mapping[str, Collection[int]]
    began: datetime | None


def burst_of(fresh: Iterable[Outage]) -> Burst:
    """Of outages that have no alert yet. Two queries where any of them can be of a storm."""
    times = [each.detected_at for each in fresh if _may_storm(each)]
    if not times:
        return Burst({}, None)
    began = min(times) - STORM_SPAN
    rows = Outage.objects.filter(STORMY, detected_at__gte=began, detected_at__lte=max(times))
    found = rows.values_list("system", "system__site", "system__site__organisation", "detected_at", "because")
    failures = [Failure(system, site, whose, at, because is None) for system, site, whose, at, because in found]
    return Burst(storms(failures, times, _places()), began)


def open_storms() -> dict[str, tuple[Alert, datetime]]:
    """By their keys, each with when its newest member failed."""
    rows = Alert.objects.exclude(state=Alert.State.RESOLVED).exclude(breadth=Alert.Breadth.ONE)
    dated = rows.annotate(newest=Max("links__outage__detected_at", filter=Q(links__left_at=None)))
    return {alert.key: (alert, alert.newest or alert.detected_at) for alert in dated}


def gathering(known: Mapping[str, tuple[Alert, datetime]], root: Outage) -> Alert | None:
    """The widest open storm that still takes in what fails at the root's place."""
    site = root.system.site if root.system else None
    if site is None or not _may_storm(root):
        return None
    for scope in (Scope.EVERYWHERE, Scope.ORGANISATION, Scope.SITE):
        alert, newest = known.get(storm_key(scope, site.pk, site.organisation_id), (None, root.detected_at))
        if alert is not None and gathers(newest, root.detected_at):
            return alert
    return None


def scope_of(key: str) -> Scope:
    return Scope.EVERYWHERE if key == EVERYWHERE else Scope(key.partition(":")[0])


def _may_storm(outage: Outage) -> bool:
    is_asked = outage.kind in (Outage.Kind.INTERFACE, Outage.Kind.EXTERNAL)
    return is_asked and outage.system_id is not None and outage.condition != Outage.Worst.DEGRADED


def _places() -> dict[int, Place]:
    """Every site with a watched system, and how many."""
    rows = System.objects.filter(interfaces__enabled=True).values("site", "site__organisation")
    counted: dict[int, Place] = {}
    for row in rows.annotate(number=Count("pk", distinct=True)).order_by("site"):
        counted[row["site"]] = Place(row["site__organisation"], row["number"])
    return counted
