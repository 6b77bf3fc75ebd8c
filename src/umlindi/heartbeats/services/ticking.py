"""What the pager does for heartbeats every few seconds."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.services.house import look_after_house
from umlindi.heartbeats.services.judging import JUDGED, settle

AT_ONCE = 200


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
        for heartbeat in due:
            settle(heartbeat, now, time_alone=True)
        if due:
            Heartbeat.objects.bulk_update(due, JUDGED)
    return len(due)
