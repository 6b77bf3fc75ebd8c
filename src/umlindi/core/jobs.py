"""What the worker does for the trail."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from umlindi.core.actors import Actor
from umlindi.core.scheduled import scheduled
from umlindi.core.services import verify_trail

log = logging.getLogger(__name__)


@scheduled(cron="15 2 * * *", name="core.verify_trail", grace=timedelta(hours=1))
def verify_daily(due: datetime) -> None:
    """02:15 UTC: prove the trail, and anchor it outside the database."""
    verdict = verify_trail(Actor.house("worker"), due)
    for each in verdict.breaks:
        log.error("audit trail broken at event %d: %s", each.seq, each.what)
