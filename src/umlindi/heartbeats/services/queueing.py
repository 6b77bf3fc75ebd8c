"""The worker's queue: what waits too long, and what a worker that died left half done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from procrastinate.contrib.django import app

from umlindi.heartbeats.rules.house import SILENT_AFTER, Waiting

ATTEMPTS_AT_MOST = 5
"""A job whose worker died so often is what kills it: it stays where it is, and is told."""

_WAITING = """
SELECT job.id, job.task_name, job.status, job.attempts, GREATEST(max(event.at), job.scheduled_at)
FROM procrastinate_jobs job
JOIN procrastinate_events event ON event.job_id = job.id
  AND event.type IN ('deferred', 'deferred_for_retry', 'retried', 'started')
WHERE job.status IN ('todo', 'doing')
  AND (job.status = 'todo' OR NOT EXISTS (
    SELECT FROM procrastinate_workers worker WHERE worker.id = job.worker_id AND worker.last_heartbeat > %s))
GROUP BY job.id
"""


def waiting(now: datetime) -> Iterator[Waiting]:
    """Jobs nobody works on, with since when. What a dead worker had in hand is queued anew on the way."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [now - SILENT_AFTER])
        rows = cursor.fetchall()
    for job, task, status, attempts, since in rows:
        if status == "doing" and attempts < ATTEMPTS_AT_MOST and now - since > SILENT_AFTER:
            app.job_manager.retry_job_by_id(job, retry_at=now)
        else:
            yield Waiting(task, since)
