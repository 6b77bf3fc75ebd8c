"""The estate and the house as figures for another monitoring system: everything in bulk, scoped to the actor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import Count, F, Q

from umlindi.alerts.models import Alert, Page
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.models import Beat
from umlindi.core.scope import visible
from umlindi.estate.models import Interface
from umlindi.heartbeats.models import Heartbeat
from umlindi.readings.queries import pace, refused
from umlindi.watch.models import Outage, Probe, Watcher
from umlindi.watch.rules.conditions import Condition, silence_allowed
from umlindi.watch.rules.plans import Plan
from umlindi.watch.rules.standing import Standing, combined, standing_at

LATE = timedelta(seconds=1)
"""A probe that was due for longer has waited for a watch process."""
FORGOTTEN = timedelta(hours=1)
"""Processes that were last heard before are of another time."""

PROBES = (
    *("pk", "system__site__organisation__slug", "system__site__slug", "system__slug", "name", "kind"),
    *("probes__plan", "probes__interval_s", "probes__condition", "probes__flapping", "probes__probed_at", "probes__ms"),
)
NAMES = slice(1, 5)
KIND = 5
PROBE = slice(6, None)


class Asked(NamedTuple):
    """One plan of an interface and its newest answer."""

    plan: str
    interval_s: float
    condition: str
    flapping: bool
    probed_at: datetime | None
    ms: float | None

    def standing(self, now: datetime) -> Standing:
        """How it stands; since when is not told."""
        held = Standing(Condition(self.condition), self.probed_at, flapping=self.flapping, probed_at=self.probed_at)
        return standing_at(held, now, silence_allowed(timedelta(seconds=self.interval_s)))


@dataclass(frozen=True, slots=True)
class Pulse:
    """An interface as it is. `names` are the slugs of its organisation, site and system, and its own name; `probe_s` is
    what its most frequent plan took last."""

    names: tuple[str, str, str, str]
    kind: str
    condition: Condition
    flapping: bool
    age_s: float | None
    probe_s: float | None


@dataclass(frozen=True, slots=True)
class Estate:
    """All enabled interfaces the actor sees; how many of their probes are due, of those late, and in hand; and how many
    answers came a second in the last minute."""

    pulses: Sequence[Pulse]
    due: int
    late: int
    in_hand: int
    pace: float


def estate(actor: Actor, now: datetime) -> Estate:
    """Three queries, whatever the number of interfaces."""
    rows = visible(actor, Interface).filter(enabled=True).order_by("pk").values_list(*PROBES)
    pulses = {pk: _pulse(list(group), now) for pk, group in groupby(rows, key=lambda row: row[0])}
    free = Q(claimed_until=None) | Q(claimed_until__lte=now)
    counts = visible(actor, Probe).aggregate(
        due=Count("pk", filter=free & Q(due_at__lte=now)),
        late=Count("pk", filter=free & Q(due_at__lt=now - LATE)),
        in_hand=Count("pk", filter=~free),
    )
    return Estate(list(pulses.values()), **counts, pace=pace(pulses.keys(), now))


def _pulse(rows: Sequence[tuple[Any, ...]], now: datetime) -> Pulse:
    """One interface from a row for each of its plans; from one without a plan where it was never asked."""
    asked = sorted((Asked(*row[PROBE]) for row in rows if row[PROBE][0]), key=lambda one: one.interval_s)
    condition, _, flapping = combined({Plan(one.plan): one.standing(now) for one in asked})
    newest = max((one.probed_at for one in asked if one.probed_at), default=None)
    ms = next((one.ms for one in asked), None)
    return Pulse(
        names=rows[0][NAMES],
        kind=rows[0][KIND],
        condition=condition,
        flapping=flapping,
        age_s=None if newest is None else (now - newest).total_seconds(),
        probe_s=None if ms is None else ms / 1000,
    )


@dataclass(frozen=True, slots=True)
class Troubles:
    """Numbers by label: open outages by organisation, kind and condition; open alerts by organisation, severity and
    state; pages ever by state; heartbeats by organisation and state. The provider's own organisation is empty."""

    outages: dict[tuple[str, str, str], int]
    alerts: dict[tuple[str, str, str], int]
    pages: dict[str, int]
    heartbeats: dict[tuple[str, str], int]


def troubles(actor: Actor) -> Troubles:
    """What the actor may see of what is wrong, and of who was told."""
    slug = F("organisation__slug")
    outages = visible(actor, Outage).filter(until=None).order_by()
    alerts = visible(actor, Alert).exclude(state=Alert.State.RESOLVED).order_by()
    pages = visible(actor, Page).order_by().values_list("state").annotate(n=Count("pk"))
    beats = visible(actor, Heartbeat).order_by()
    return Troubles(
        outages={
            (where or "", kind, condition): n
            for where, kind, condition, n in outages.values_list(slug, "kind", "condition").annotate(n=Count("pk"))
        },
        alerts={
            (where or "", severity, state): n
            for where, severity, state, n in alerts.values_list(slug, "severity", "state").annotate(n=Count("pk"))
        },
        pages=dict(pages),
        heartbeats={(where, state): n for where, state, n in beats.values_list(slug, "state").annotate(n=Count("pk"))},
    )


@dataclass(frozen=True, slots=True)
class House:
    """The house itself: its processes and watchers of the last hour, and readings that came too late to be kept."""

    beats: Sequence[Beat]
    watchers: Sequence[Watcher]
    refused: int


def house(actor: Actor, now: datetime) -> House | None:
    """None for who sees only an organisation: the house belongs to the provider."""
    if not actor.may("alert.view", EVERYWHERE):
        return None
    beats = Beat.objects.filter(at__gt=now - FORGOTTEN, ended_at=None)
    return House(list(beats), list(Watcher.objects.filter(at__gt=now - FORGOTTEN)), refused())
