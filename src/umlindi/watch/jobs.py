"""What the worker does for watch: checks that somebody asked for, and the one of every morning."""

from __future__ import annotations

from datetime import datetime, timedelta

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scheduled import scheduled
from umlindi.watch import services
from umlindi.watch.checking import run_check
from umlindi.watch.models import Check

WORKER = Actor.house("worker")


@app.task(name="watch.run_check", retry=RetryStrategy(max_attempts=5, wait=5))
def check_estate(check_id: int) -> None:
    """Run one check to its end. Idempotent: what has a line is not probed again."""
    run_check(WORKER, Check.objects.select_related("organisation").get(pk=check_id))


@scheduled(cron="30 4 * * *", name="watch.morning", grace=timedelta(hours=1))
def morning(due: datetime) -> None:
    """04:30 UTC, half past six in South Africa: a check of every organisation, ready to be signed."""
    for organisation in Organisation.objects.filter(sites__isnull=False).distinct():
        check = services.start_check(WORKER, organisation, due)
        check_estate.defer(check_id=check.pk)
