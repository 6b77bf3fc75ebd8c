"""The outside watcher is told each minute that all is well here, as long as it is: when we are dead, it notices.

    with announcing():
        main()

runs in the pager, in a thread of its own, for an outside address may take its time. Nothing without
UMLINDI_HEARTBEAT_URL. A failure is logged, kept and shown on the page of the house.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections, transaction

from umlindi.core.models import ScheduledJob
from umlindi.heartbeats.models import Outgoing
from umlindi.heartbeats.rules.house import AWAY_AFTER, process_faults, queue_faults
from umlindi.heartbeats.services.house import lives
from umlindi.heartbeats.services.queueing import waiting

log = logging.getLogger(__name__)

EVERY_S = 60.0
TIMEOUT_S = 10.0
FAREWELL_S = 2.0


@contextmanager
def announcing() -> Iterator[None]:
    """Tell the outside watcher while the block runs."""
    if not settings.UMLINDI_HEARTBEAT_URL:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=_run, args=(stop,), name="outgoing", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(FAREWELL_S)


def _run(stop: threading.Event) -> None:
    while not stop.wait(EVERY_S):
        close_old_connections()
        try:
            announce(settings.UMLINDI_HEARTBEAT_URL, datetime.now(UTC))
        except DatabaseError as error:
            log.warning("the outside watcher is not told that all is well, for the database is away: %s", error)
    connections.close_all()


def announce(url: str, now: datetime) -> bool:
    """Tell the outside watcher, if all is well. False where it is not, or the watcher could not be told."""
    if why := ailing(now):
        _keep(now, why, told=False)
        return False
    # That this row can be written is part of what is told.
    _keep(now, "", told=False)
    try:
        httpx.get(url, timeout=TIMEOUT_S, follow_redirects=True).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        _keep(now, f"it could not be reached ({type(error).__name__})", told=False)
        return False
    _keep(now, "", told=True)
    return True


def ailing(now: datetime) -> str:
    """What in the chain from probe to page does not work; empty where all of it does."""
    faults = [*process_faults(lives(now), now), *queue_faults(waiting(now), now)]
    if faults:
        return f"{faults[0].subject} {faults[0].headline}"
    seen = ScheduledJob.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    if seen is None or now - seen > AWAY_AFTER:
        return "the pager does not look after the house"
    return ""


def _keep(now: datetime, error: str, *, told: bool) -> None:
    if error:
        log.error("the outside watcher is not told that all is well: %s", error)
    values = {"tried_at": now, "error": error[:300]} | ({"told_at": now} if told else {})
    with transaction.atomic():
        Outgoing.objects.update_or_create(id=1, defaults=values)
