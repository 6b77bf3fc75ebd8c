"""What the worker does for on call."""

from __future__ import annotations

from datetime import datetime, timedelta

from umlindi.core.actors import Actor
from umlindi.core.scheduled import scheduled
from umlindi.oncall import services


@scheduled(cron="*/10 * * * *", name="oncall.holes", grace=timedelta(minutes=30))
def holes(due: datetime) -> None:
    """Every ten minutes: does each rota have somebody for the next three days?"""
    services.watch_holes(due)


@scheduled(cron="40 3 * * *", name="oncall.holidays", grace=timedelta(hours=6))
def holidays(due: datetime) -> None:
    """03:40 UTC: this year's public holidays, and from October next year's."""
    services.ensure_years(Actor.house("worker"), due)
