"""The dead-man's switch over the house itself (law 10): its processes, its jobs, its queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import OuterRef, Subquery
from procrastinate.contrib.django.models import ProcrastinateJob

from umlindi.core.locks import is_mine
from umlindi.core.models import Beat, ScheduledJob, ScheduledRun
from umlindi.core.scheduled import SCHEDULES, Schedule, run_late
from umlindi.heartbeats.rules.house import (
    FORGOTTEN_AFTER,
    HouseFault,
    Life,
    Run,
    Watched,
    awake_since,
    job_fault,
    late_run,
    process_faults,
    queue_faults,
)
from umlindi.heartbeats.services.evidence import evidence
from umlindi.heartbeats.services.queueing import waiting
from umlindi.watch.models import Outage
from umlindi.watch.services import outages

LOCK = 0x48424541
"""Of the advisory lock that keeps two pagers from doing this at once."""
OURS = ("house:process:", "house:job:", "house:queue")
SEEN_EVERY = timedelta(minutes=1)


def look_after_house(now: datetime) -> None:
    """Make outages of what is wrong, and end those of what is right again. One pager at a time does it."""
    with transaction.atomic():
        if is_mine(LOCK):
            jobs = watched_jobs(_look(now))
            _make_up(jobs, now)
            found = [*process_faults(lives(now), now), *queue_faults(waiting(now), now)]
            found += [fault for job in jobs if (fault := job_fault(job, now)) is not None]
            _settle({fault.key: fault for fault in found}, now)


def _settle(found: Mapping[str, HouseFault], now: datetime) -> None:
    known = Outage.objects.filter(kind=Outage.Kind.HOUSE, until=None).values_list("key", "condition")
    open_now = {key: condition for key, condition in known if key.startswith(OURS)}
    for key in open_now.keys() - found.keys():
        outages.end(key, now, now)
    for key, fault in found.items():
        if open_now.get(key) not in {fault.condition, Outage.Worst.DOWN}:
            _report(fault, now)


def _report(fault: HouseFault, now: datetime) -> None:
    outages.report(
        fault.key,
        "house",
        organisation=None,
        subject=fault.subject,
        headline=fault.headline,
        condition=fault.condition,
        since=min(fault.since, now),
        now=now,
        fix=fault.fix,
        evidence=evidence(
            "house", fault.subject, fault.code, meaning=fault.headline, condition=fault.condition, told=fault.told
        ),
    )


def lives(now: datetime) -> list[Life]:
    """Every process heard of lately; of each name at least the last."""
    lately = Beat.objects.filter(at__gt=now - FORGOTTEN_AFTER)
    last = Beat.objects.order_by("name", "-at").distinct("name")
    rows = {row.pk: row for row in [*lately, *last]}
    return [Life(row.name, row.host, row.pid, row.started_at, row.at, row.ended_at) for row in rows.values()]


def watched_jobs(known: Iterable[ScheduledJob]) -> list[Watched]:
    """Every periodic job with its newest run, as far as somebody has looked for it before."""
    newest = ScheduledRun.objects.filter(name=OuterRef("name")).order_by("-started_at").values("pk")[:1]
    runs = {
        row.name: row for row in ScheduledRun.objects.filter(pk__in=ScheduledJob.objects.values_list(Subquery(newest)))
    }
    return [_watched(SCHEDULES[row.name], row, runs.get(row.name)) for row in known if row.name in SCHEDULES]


def _watched(schedule: Schedule, row: ScheduledJob, run: ScheduledRun | None) -> Watched:
    newest = None if run is None else Run(run.due, run.started_at, run.finished_at, run.ok, run.error)
    return Watched(schedule.name, schedule.cron, schedule.grace, row.since, row.awake_at, newest)


def _look(now: datetime) -> list[ScheduledJob]:
    """Note that somebody looks whether jobs run."""
    rows = list(ScheduledJob.objects.filter(name__in=SCHEDULES))
    missing = SCHEDULES.keys() - {row.name for row in rows}
    new = [ScheduledJob(name=name, since=now, awake_at=now, seen_at=now) for name in sorted(missing)]
    ScheduledJob.objects.bulk_create(new)
    old = [row for row in rows if abs(now - row.seen_at) > SEEN_EVERY]
    for row in old:
        row.awake_at, row.seen_at = awake_since(row.awake_at, row.seen_at, now), now
    if old:
        ScheduledJob.objects.bulk_update(old, ["awake_at", "seen_at"])
    return [*rows, *new]


def _make_up(jobs: list[Watched], now: datetime) -> None:
    """Queue what nobody ran while the house was away, unless it stands in the queue already."""
    late = {job.name: due for job in jobs if (due := late_run(job, now)) is not None}
    if not late:
        return
    queued = ProcrastinateJob.objects.filter(status__in=("todo", "doing"), task_name__in=late)
    for name in late.keys() - set(queued.values_list("task_name", flat=True)):
        run_late(name, late[name])
