"""Heartbeats in every state, and the house's own processes and jobs, for look_site."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from umlindi.core.actors import Actor
from umlindi.core.models import Beat, ScheduledRun
from umlindi.core.scheduled import SCHEDULES
from umlindi.estate.models import Site
from umlindi.heartbeats import services
from umlindi.heartbeats.models import Heartbeat, Outgoing
from umlindi.heartbeats.rules.states import Signal
from umlindi.heartbeats.services import Given, Report

HOUSE = Actor.house("test")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SAID = b"pg_dump: connecting to database ris\npg_dump: error: cannot write /backup/ris.dump: No space left on device\n"


def given(name: str, **told: Any) -> Given:
    values: dict[str, Any] = {"name": name, "system": None, "period": DAY, "cron": "", "grace": HOUR, "starts": None}
    values |= {"timezone": "Africa/Johannesburg", "condition": "down", "next_step": ""}
    return Given(**(values | told))


def run(heartbeat: Heartbeat, at: datetime, took: timedelta) -> None:
    services.ping(heartbeat.secret, Report(Signal.START, source="10.20.4.12"), at)
    services.ping(heartbeat.secret, Report(Signal.SUCCESS, 0, "10.20.4.12", b"482 studies, 31 GB"), at + took)


def heartbeat_rows(site: Site, now: datetime) -> dict[str, int]:
    """One of each state. Returns the keys of those that have pages."""
    hospital, pacs = site.organisation, site.systems.get(slug="pacs")
    began = now - 30 * DAY

    def add(name: str, **told: Any) -> Heartbeat:
        return services.add(HOUSE, hospital, given(name, **told), began)

    nightly = add("Nightly backup of the archive’s index", system=pacs, next_step="Ring the storage team.")
    for night in range(20, 0, -1):
        run(nightly, now - night * DAY + 2 * HOUR, (11 + night * 7 % 5) * MINUTE)
    failed = add("Dump of the RIS database", next_step="Free space on /backup, then run /opt/ris/backup.sh again.")
    run(failed, now - DAY - 2 * HOUR, 4 * MINUTE)
    services.ping(failed.secret, Report(Signal.FAIL, 1, "10.20.4.30", SAID), now - 2 * HOUR)
    late = add("Export of the worklist", period=HOUR)
    run(late, now - 70 * MINUTE, MINUTE)
    running = add("Copy to the second archive", system=pacs)
    run(running, now - DAY, 38 * MINUTE)
    services.ping(running.secret, Report(Signal.START), now - 5 * MINUTE)
    add("Restore rehearsal", cron="0 5 1 * *", period=None)
    services.pause(HOUSE, add("Old tape library"), now)
    _house(now)
    services.tick(now)
    return {"heartbeat": nightly.pk, "heartbeat_down": failed.pk, "heartbeat_new": running.pk + 1}


def _house(now: datetime) -> None:
    """Everything lives but the worker; one job failed."""
    for number, name in enumerate(("web", "watch", "pager", "worker")):
        at = now - 9 * MINUTE if name == "worker" else now
        about = {"host": "umlindi-1", "pid": 4100 + number, "version": "0.2.0", "started_at": now - DAY}
        Beat.objects.create(name=name, at=at, **about)
    for number, name in enumerate(SCHEDULES):
        broken = name == "watch.morning"
        told = {"ok": not broken, "error": "OperationalError" if broken else ""}
        ScheduledRun.objects.create(name=name, due=now, started_at=now - number * MINUTE, finished_at=now, **told)
    error = "it could not be reached (ConnectTimeout)"
    Outgoing.objects.create(tried_at=now, told_at=now - 3 * HOUR, error=error)
