"""What windows cover: the systems they name, all at the sites they name, and everything that stands on one of these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from umlindi.estate.models import Dependency, System
from umlindi.estate.rules import closure
from umlindi.uptime.models import Window
from umlindi.uptime.rules.timeline import Period, merged
from umlindi.watch.models import Outage


@dataclass(frozen=True, slots=True)
class Coverage:
    """For every window of a selection the ids of the systems it covers, and of the sites it covers whole."""

    windows: Sequence[Window]
    systems: dict[int, frozenset[int]]
    sites: dict[int, frozenset[int]]

    @classmethod
    def load(cls, windows: QuerySet[Window]) -> Coverage:
        """Five reads, whatever the number of windows and systems."""
        found = list(windows.prefetch_related("systems", "sites"))
        reach = Reach.load({window.organisation_id for window in found if not window.is_history})
        sites = {window.pk: frozenset(site.pk for site in window.sites.all()) for window in found}
        return cls(found, {window.pk: _covered(window, sites[window.pk], reach) for window in found}, sites)

    def on_systems(self) -> dict[int, list[Window]]:
        """The windows by the systems they cover, in the order they were asked for."""
        found: defaultdict[int, list[Window]] = defaultdict(list)
        for window in self.windows:
            for system in self.systems[window.pk]:
                found[system].append(window)
        return dict(found)

    def periods(self) -> dict[int, list[Period]]:
        """When each system is in a window; what overlaps counts once."""
        on = self.on_systems().items()
        return {system: merged(Period(each.starts, each.ends) for each in windows) for system, windows in on}


@dataclass(frozen=True, slots=True)
class Reach:
    """Systems by site, and what stands on what, of some organisations."""

    at_site: dict[int, list[int]]
    needed_by: dict[int, list[int]]

    @classmethod
    def load(cls, organisations: Iterable[int]) -> Reach:
        of = list(organisations)
        at_site, needed_by = defaultdict(list), defaultdict(list)
        if of:
            for system, site in System.objects.filter(site__organisation__in=of).values_list("pk", "site_id"):
                at_site[site].append(system)
            edges = Dependency.objects.filter(system__site__organisation__in=of)
            for system, needed in edges.values_list("system_id", "needs_id"):
                needed_by[needed].append(system)
        return cls(dict(at_site), dict(needed_by))

    def of(self, systems: Iterable[int], sites: Iterable[int]) -> frozenset[int]:
        """The systems, those at the sites, and all that stands on any of them."""
        named = {*systems, *(system for site in sites for system in self.at_site.get(site, ()))}
        return frozenset(named.union(*(closure(system, self.needed_by) for system in named)))


def covered_by(window: Window) -> frozenset[int]:
    """The ids of the systems that one window covers, by what is stored of it."""
    return Coverage.load(Window.objects.filter(pk=window.pk)).systems[window.pk]


def _covered(window: Window, sites: frozenset[int], reach: Reach) -> frozenset[int]:
    if window.state == Window.State.CLOSED:
        return frozenset(window.covered)
    return reach.of((system.pk for system in window.systems.all()), sites)


def muting(outages: Sequence[Outage], at: datetime) -> dict[int, Window]:
    """Of these outages, those whose pages an agreed window mutes at a moment, with that window, by the outage's id.

    An outage is muted where its system is covered, or one that it stands on; one that names only a site, where the
    whole site is. What concerns no system or site is never muted. Told by the clock: a window mutes from its start and
    no longer than to its end, even where no job has noted either. Of several windows, the one that ends last.
    """
    organisations = {outage.organisation_id for outage in outages if outage.organisation_id}
    coverage = Coverage.load(running(at).filter(organisation__in=organisations).order_by("ends"))
    systems = {system: windows[-1] for system, windows in coverage.on_systems().items()}
    sites = {site: window for window in coverage.windows for site in coverage.sites[window.pk]}
    found = {}
    for outage in outages:
        window = systems.get(outage.system_id or 0) if outage.system_id else sites.get(outage.site_id or 0)
        if window is not None:
            found[outage.pk] = window
    return found


def running(at: datetime) -> QuerySet[Window]:
    """Windows that a moment lies in, of everybody: for the house's own processes."""
    return Window.objects.filter(starts__lte=at, ends__gt=at).exclude(state=Window.State.CANCELLED)


def windows_on(systems: Iterable[int], at: datetime) -> dict[int, Window]:
    """Of these systems, those that are in a window at a moment, with the one that ends last."""
    wanted = set(systems)
    organisations = System.objects.filter(pk__in=wanted).values("site__organisation")
    covered = Coverage.load(running(at).filter(organisation__in=organisations).order_by("ends")).on_systems()
    return {system: windows[-1] for system, windows in covered.items() if system in wanted}
