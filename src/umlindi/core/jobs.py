"""What the worker does for the trail."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from procrastinate.contrib.django import app

from umlindi.core.actors import Actor
from umlindi.core.services import verify_trail

log = logging.getLogger(__name__)


@app.periodic(cron="15 2 * * *")
@app.task(name="core.verify_trail")
def verify_daily(timestamp: int) -> None:
    """02:15 UTC: prove the trail, and anchor it outside the database."""
    verdict = verify_trail(Actor.house("worker"), datetime.fromtimestamp(timestamp, UTC))
    for each in verdict.breaks:
        log.error("audit trail broken at event %d: %s", each.seq, each.what)
