"""What the worker does for readings."""

from __future__ import annotations

from datetime import datetime, timedelta

from umlindi.core.scheduled import scheduled
from umlindi.readings import services


@scheduled(cron="*/5 * * * *", name="readings.roll_up", grace=timedelta(minutes=15))
def roll_up(due: datetime) -> None:
    """Every five minutes: the hours and days that have ended, and those that late readings came into."""
    services.roll_up(due)


@scheduled(cron="10 * * * *", name="readings.keep_partitions", grace=timedelta(hours=2))
def keep_partitions(due: datetime) -> None:
    """Every hour: the partitions of the week to come."""
    services.keep_partitions(due)


@scheduled(cron="40 * * * *", name="readings.drop_old", grace=timedelta(hours=2))
def drop_old(due: datetime) -> None:
    """Every hour: what has been kept for long enough, and what a backup held on to the last time."""
    services.drop_old(due)
