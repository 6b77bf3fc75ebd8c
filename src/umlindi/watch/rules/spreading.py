"""When what is new is asked first. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

NEW_EACH_S = 10
"""So many new probes begin in a second, unless their interval is too short for that."""


def first_due(now: datetime, interval: timedelta, place: int, among: int) -> datetime:
    """When the new probe at `place`, from 0, among so many of one plan is due: the first at once, the last within an
    interval."""
    window = min(interval, timedelta(seconds=among / NEW_EACH_S))
    return now + window * (place / among)
