"""What the worker does for uptime."""

from __future__ import annotations

from datetime import datetime, timedelta

from umlindi.core.actors import Actor
from umlindi.core.scheduled import scheduled
from umlindi.uptime import services
from umlindi.uptime.services import objectives

WORKER = Actor.house("worker")


@scheduled(cron="* * * * *", name="uptime.windows", grace=timedelta(minutes=5))
def windows(due: datetime) -> None:
    """Every minute: windows that begin, end, and end early. Muting does not wait for it."""
    services.keep_up(WORKER, due)


@scheduled(cron="* * * * *", name="uptime.budgets", grace=timedelta(minutes=5))
def budgets(due: datetime) -> None:
    """Every minute: which error budgets are spent too fast."""
    objectives.watch_budgets(due)


@scheduled(cron="40 1 * * *", name="uptime.close_months", grace=timedelta(hours=1))
def months(due: datetime) -> None:
    """01:40 UTC: close what is over."""
    services.close_months(WORKER, due)
