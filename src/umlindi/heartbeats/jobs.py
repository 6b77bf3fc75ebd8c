"""What the worker does for heartbeats: forget what is old."""

from __future__ import annotations

from datetime import datetime, timedelta

from umlindi.core.models import Beat, ScheduledRun
from umlindi.core.scheduled import scheduled
from umlindi.heartbeats.models import Ping

PINGS_KEPT = timedelta(days=90)
RUNS_KEPT = timedelta(days=90)
BEATS_KEPT = timedelta(days=30)


@scheduled(cron="40 2 * * *", name="heartbeats.forget", grace=timedelta(hours=1))
def forget(due: datetime) -> None:
    """02:40 UTC: what was reported, which jobs ran and which processes lived too long ago."""
    Ping.objects.filter(at__lt=due - PINGS_KEPT).delete()
    ScheduledRun.objects.filter(started_at__lt=due - RUNS_KEPT).delete()
    Beat.objects.filter(at__lt=due - BEATS_KEPT).delete()
