"""Periodic jobs that leave a row of every run, so that one that did not run is known (law 10).

    @scheduled(cron="15 2 * * *", name="core.verify_trail", grace=timedelta(hours=1))
    def verify_daily(due: datetime) -> None:
        ...

`umlindi.heartbeats` looks whether they run, and makes an outage of one that did not, or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from types import MappingProxyType

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from umlindi.core.models import ScheduledRun

Job = Callable[[datetime], None]
Task = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Schedule:
    """`cron` is in UTC; a run must have ended `grace` after it was due."""

    name: str
    cron: str
    grace: timedelta


_schedules: dict[str, Schedule] = {}
SCHEDULES: Mapping[str, Schedule] = MappingProxyType(_schedules)
"""Every periodic job of the house, by name: complete once Django is set up, which loads every room's `jobs`."""


def scheduled(*, cron: str, name: str, grace: timedelta) -> Callable[[Job], Job]:
    """Have the worker run a function at each of these times, with the time it was due. What it raises is recorded by
    its class and raised on. The function can still be called as it is."""

    def mark(function: Job) -> Job:
        _schedules[name] = Schedule(name, cron, grace)
        app.periodic(cron=cron)(app.task(name=name)(_recorded(name, function)))
        return function

    return mark


def run_late(name: str, due: datetime) -> None:
    """Queue a run that was missed, once however often it is asked for while it waits."""
    task = app.configure_task(name, queueing_lock=f"late {name}")
    with suppress(AlreadyEnqueued), transaction.atomic():
        task.defer(timestamp=int(due.timestamp()))


def _recorded(name: str, function: Job) -> Task:
    @wraps(function)
    def run(timestamp: int) -> None:
        due = datetime.fromtimestamp(timestamp, UTC)
        row = ScheduledRun.objects.create(name=name, due=due, started_at=datetime.now(UTC))
        try:
            function(due)
        except BaseException as error:
            _finish(row, error=type(error).__name__)
            raise
        _finish(row, ok=True)

    return run


def _finish(row: ScheduledRun, *, ok: bool = False, error: str = "") -> None:
    row.finished_at, row.ok, row.error = datetime.now(UTC), ok, error[:100]
    row.save(update_fields=["finished_at", "ok", "error"])
