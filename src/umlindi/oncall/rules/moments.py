"""From what a local clock shows to an instant, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from umlindi.estate.rules.hours import MINUTES_A_DAY


def instant(local: datetime, zone: tzinfo) -> datetime:
    """The UTC instant at which clocks there show `local` (naive).

    What they show twice is the first time; what they skip is the moment at which they were put forward. So a later
    time is never an earlier instant.
    """
    first = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == local:
        return first
    return _put_forward(local.replace(tzinfo=zone, fold=1).astimezone(UTC), first, zone)


def _put_forward(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """The instant of the one change of offset between two instants, to the second."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def at(day: date, clock: time, zone: tzinfo) -> datetime:
    """The instant of a day's clock time."""
    return instant(datetime.combine(day, clock), zone)


def at_minute(day: date, minute: int, zone: tzinfo) -> datetime:
    """The instant of a minute after midnight; 1440 is the midnight that ends the day."""
    whole = datetime.combine(day, time()) + timedelta(days=minute // MINUTES_A_DAY, minutes=minute % MINUTES_A_DAY)
    return instant(whole, zone)


def local_day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()
