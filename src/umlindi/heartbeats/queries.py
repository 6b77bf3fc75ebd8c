"""Reads of heartbeats, scoped to the actor."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet
from django.http import Http404

from umlindi.accounts.models import Organisation
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.models import Beat, ScheduledJob
from umlindi.core.scope import visible
from umlindi.estate.models import System
from umlindi.heartbeats.models import Heartbeat, Outgoing, Ping
from umlindi.heartbeats.rules.house import FORGOTTEN_AFTER, SILENT_AFTER, Watched
from umlindi.heartbeats.rules.states import State
from umlindi.heartbeats.services.house import watched_jobs
from umlindi.watch.models import Outage

SPARKS = 20
PINGS_SHOWN = 30
_TOLD = {
    State.NEW: ("later", "Never reported"),
    State.UP: ("up", "Up"),
    State.STARTED: ("up", "Running"),
    State.LATE: ("warn", "Late"),
    State.PAUSED: ("later", "Paused"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A heartbeat in a list. `runtimes` are seconds, oldest first."""

    heartbeat: Heartbeat
    runtimes: tuple[float, ...]

    @property
    def tone(self) -> str:
        return _told(self.heartbeat)[0]

    @property
    def word(self) -> str:
        return _told(self.heartbeat)[1]


@dataclass(frozen=True, slots=True)
class One:
    """A heartbeat's own page. `outage` is the open one."""

    row: Row
    pings: list[Ping]
    outage: Outage | None
    may_edit: bool
    may_ping: bool


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the house as it is now."""

    beat: Beat
    heard: bool

    @property
    def tone(self) -> str:
        return "later" if self.beat.ended_at else "up" if self.heard else "unknown"

    @property
    def word(self) -> str:
        return "Ended" if self.beat.ended_at else "Alive" if self.heard else "Silent"


@dataclass(frozen=True, slots=True)
class House:
    """The house itself: its faults, processes, jobs, and what the outside watcher was told."""

    faults: list[Outage]
    processes: list[Process]
    jobs: list[Watched]
    outgoing: Outgoing | None


def _told(heartbeat: Heartbeat) -> tuple[str, str]:
    """Its tone and its word; what is down is as bad as it was said to be."""
    if heartbeat.state == State.DOWN:
        return heartbeat.condition, heartbeat.get_condition_display()
    return _TOLD[State(heartbeat.state)]


def heartbeats(actor: Actor) -> QuerySet[Heartbeat]:
    """What the actor may see."""
    return visible(actor, Heartbeat).select_related("organisation", "system__site__organisation")


def rows(actor: Actor, organisation: Organisation | None = None, system: System | None = None) -> list[Row]:
    """What the actor may see, of one organisation or one system where given; what is wrong first."""
    found = heartbeats(actor)
    if organisation is not None:
        found = found.filter(organisation=organisation)
    if system is not None:
        found = found.filter(system=system)
    told = _rows(found)
    return sorted(told, key=lambda row: (row.heartbeat.state != State.DOWN, row.heartbeat.state != State.LATE))


def _rows(found: Iterable[Heartbeat]) -> list[Row]:
    beats = list(found)
    newest = Ping.objects.filter(heartbeat__in=beats, number__gt=F("heartbeat__pings") - SPARKS * 2)
    runtimes: defaultdict[int, list[float]] = defaultdict(list)
    for key, runtime in newest.order_by("number").values_list("heartbeat_id", "runtime"):
        if runtime is not None:
            runtimes[key].append(runtime.total_seconds())
    return [Row(beat, tuple(runtimes[beat.pk][-SPARKS:])) for beat in beats]


def one(actor: Actor, heartbeat: Heartbeat) -> One:
    """The page of a heartbeat that the actor sees. Its link is for those who may change it or report for it."""
    pings = list(visible(actor, Ping).filter(heartbeat=heartbeat)[:PINGS_SHOWN])
    outage = visible(actor, Outage).filter(key=heartbeat.key, until=None).first()
    may_edit = actor.may("watch.edit", heartbeat.organisation_id)
    may_ping = may_edit or actor.may("alert.send", heartbeat.organisation_id)
    return One(_rows([heartbeat])[0], pings, outage, may_edit, may_ping)


def house(actor: Actor, now: datetime) -> House:
    """For who may see alerts everywhere. Raises `Forbidden`."""
    actor.require("alert.view", EVERYWHERE)
    beats = Beat.objects.filter(at__gt=now - FORGOTTEN_AFTER).order_by("name", "-at")
    processes = [Process(beat, beat.ended_at is None and abs(now - beat.at) <= SILENT_AFTER) for beat in beats]
    faults = list(visible(actor, Outage).filter(kind=Outage.Kind.HOUSE, until=None))
    jobs = watched_jobs(ScheduledJob.objects.all())
    return House(faults, processes, jobs, Outgoing.objects.first())


def may_send_for(actor: Actor, slug: str) -> Organisation:
    """The organisation an actor may send alerts for, whether or not they may see its estate: a program's token needs
    one right. Raises Http404."""
    allowed = actor.organisations("alert.send")
    found = Organisation.objects.filter(slug=slug)
    row = (found if allowed is None else found.filter(pk__in=allowed)).first()
    if row is None:
        raise Http404("no such organisation")
    return row
