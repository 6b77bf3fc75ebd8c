"""What the pager does for heartbeats every few seconds."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.services.house import look_after_house
from umlindi.heartbeats.services.judging import JUDGED, overdue, webs
from umlindi.watch.services import outages

AT_ONCE = 500


def tick(now: datetime) -> None:
    """Judge what is due: heartbeats, our own jobs, processes and the queue. What is wrong becomes an outage, what is
    right again ends one. Any number of pagers may do it at once; where nothing is due it costs a few small reads."""
    while _judge_some(now) == AT_ONCE:
        continue
    look_after_house(now)


def _judge_some(now: datetime) -> int:
    """One transaction's worth. SKIP LOCKED: what another pager or a ping has in hand is theirs."""
    with transaction.atomic():
        rows = Heartbeat.objects.select_for_update(skip_locked=True, of=("self",)).filter(judge_at__lt=now)
        due = list(rows.select_related("organisation", "system__site").order_by("judge_at")[:AT_ONCE])
        if due:
            lives = webs(now)
            reported = [told for heartbeat in due if (told := overdue(heartbeat, lives, now)) is not None]
            Heartbeat.objects.bulk_update(due, JUDGED)
            outages.report_all(reported, now)
    return len(due)
