"""When a failed page is tried again, and when it has come too late."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo

MOST_TRIES = 8
LEASE = timedelta(seconds=120)
"""How long a process may hold a page; every channel's own time-out is well below."""
LATE_AFTER = timedelta(minutes=2)
DIGEST_TIMES = (time(7, 30), time(16, 30))
_FIRST, _LONGEST = timedelta(seconds=5), timedelta(minutes=5)


def pause_after(tries: int) -> timedelta | None:
    """5 s, 15 s, 45 s … at most five minutes; None once it was tried MOST_TRIES times."""
    if tries >= MOST_TRIES:
        return None
    return min(_FIRST * int(3 ** (tries - 1)), _LONGEST)


def is_late(due: datetime, now: datetime) -> bool:
    return now - due > LATE_AFTER


def next_digest(now: datetime, zone: tzinfo) -> datetime:
    """The next of DIGEST_TIMES by the wall clock of that zone, always ahead."""
    local = now.astimezone(zone)
    days = (local.date(), local.date() + timedelta(days=1))
    slots = [datetime.combine(day, at, zone) for day in days for at in DIGEST_TIMES]
    return next(slot for slot in slots if slot > now)
