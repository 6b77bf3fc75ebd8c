"""Support and licences: how near their last day is."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

EXPIRES_SOON = timedelta(days=90)


class Term(StrEnum):
    """A contract's standing on a day."""

    NONE = "none"
    RUNS = "runs"
    SOON = "soon"
    ENDED = "ended"


def term(last_day: date | None, today: date) -> Term:
    """The last day itself still runs; within 90 days of it the end is soon."""
    if last_day is None:
        return Term.NONE
    if last_day < today:
        return Term.ENDED
    return Term.SOON if last_day - today <= EXPIRES_SOON else Term.RUNS
