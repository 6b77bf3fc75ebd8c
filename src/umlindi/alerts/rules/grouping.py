"""Which outages are one cause, and when many causes are one storm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GROUP_WAIT = timedelta(seconds=15)
"""A cause has this long to show itself before anybody is told of what may only hang on it."""
LEFTOVER_WAIT = timedelta(minutes=2)
"""What a storm leaves behind is given a probe or two to come back."""
STORM_SPAN = timedelta(minutes=2)
MORE_THAN = 5
GATHERS = timedelta(minutes=10)
"""A storm takes in what fails until so long after its newest member: a fault of the next day is one of its own."""
LEFT_OVER = 2
"""A storm of which no more systems than this are still out is over; those have alerts of their own again."""
EVERYWHERE = "everywhere"
_TICK_S = 10
_BY_SYSTEM = frozenset({"interface", "external"})


class Scope(StrEnum):
    """The widest first: the breadth of an alert."""

    EVERYWHERE = "everywhere"
    ORGANISATION = "organisation"
    SITE = "site"
    ONE = "one"


@dataclass(frozen=True, slots=True)
class Failure:
    """A system that failed. `is_root`: by itself, not because of another."""

    system: int
    site: int
    organisation: int
    at: datetime
    is_root: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A site: whose it is, and how many watched systems stand there."""

    organisation: int
    systems: int


def own_key(kind: str, key: str, system: int | None) -> str:
    """The cause an outage stands for by itself: its system, for what was asked of a system; else its own key. A backup
    that did not report is not what makes its archive refuse queries."""
    return f"system:{system}" if kind in _BY_SYSTEM and system is not None else key


def storm_key(scope: Scope, site: int | None, organisation: int | None) -> str:
    match scope:
        case Scope.EVERYWHERE:
            return EVERYWHERE
        case Scope.ORGANISATION:
            return f"organisation:{organisation}"
        case _:
            return f"site:{site}"


def gathers(newest: datetime, at: datetime) -> bool:
    """Whether a storm whose newest member failed then takes in what fails at a moment."""
    return at - newest <= GATHERS


def storms(failures: Sequence[Failure], fresh: Iterable[datetime], places: Mapping[int, Place]) -> dict[str, set[int]]:
    """The storms that the fresh failures (by their times) are part of: their keys with the systems in them.

    A site is in a storm when more than MORE_THAN of its systems fail by themselves within STORM_SPAN. A site is hit
    when it is, or when over half of its systems are out. An organisation is in a storm when over half of its sites, at
    least two, are hit; everything is when over half of all sites are, at least three, of at least two organisations;
    both only with more than MORE_THAN roots. The widest wins.
    """
    found: dict[str, set[int]] = {}
    for end in sorted({_tick(at) for at in fresh}):
        burst = [one for one in failures if end - STORM_SPAN - timedelta(seconds=_TICK_S) < one.at <= end]
        for key, systems in _of_burst(burst, places).items():
            found.setdefault(key, set()).update(systems)
    return found


def _tick(at: datetime) -> datetime:
    """The end of the ten seconds that a moment lies in: a burst of thousands is looked at a dozen times."""
    return datetime.fromtimestamp((at.timestamp() // _TICK_S + 1) * _TICK_S, at.tzinfo)


def _of_burst(burst: Sequence[Failure], places: Mapping[int, Place]) -> dict[str, set[int]]:
    roots: dict[int, set[int]] = defaultdict(set)
    out: dict[int, set[int]] = defaultdict(set)
    for one in burst:
        out[one.site].add(one.system)
        if one.is_root:
            roots[one.site].add(one.system)
    stormy = {site for site, systems in roots.items() if len(systems) > MORE_THAN}
    hit = stormy | {site for site in out if site in places and 2 * len(out[site]) > places[site].systems}
    if _is_everywhere(hit, places) and _many(hit, roots):
        return {EVERYWHERE: {system for site in out for system in out[site]}}
    found = {}
    for organisation in {places[site].organisation for site in hit if site in places}:
        theirs = {site for site in hit if places[site].organisation == organisation}
        of_it = sum(place.organisation == organisation for place in places.values())
        if len(theirs) >= 2 and 2 * len(theirs) > of_it and _many(theirs, roots):
            found[storm_key(Scope.ORGANISATION, None, organisation)] = {
                system for site in theirs for system in out[site]
            }
            stormy -= theirs
    return found | {storm_key(Scope.SITE, site, None): out[site] for site in stormy}


def _is_everywhere(hit: set[int], places: Mapping[int, Place]) -> bool:
    whose = {places[site].organisation for site in hit if site in places}
    return len(hit) >= 3 and len(whose) >= 2 and 2 * len(hit) > len(places)


def _many(sites: Iterable[int], roots: Mapping[int, set[int]]) -> bool:
    return sum(len(roots.get(site, ())) for site in sites) > MORE_THAN
