"""Calendar months in the house's zone."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, date, datetime, time, timedelta, tzinfo

from umlindi.uptime.rules.timeline import Period

GRACE = timedelta(days=3)
"""How long after its end a month stays open for readings that come late."""


def month_of(at: datetime, zone: tzinfo) -> date:
    """The first day of the month that a moment lies in."""
    return at.astimezone(zone).date().replace(day=1)


def plus(month: date, months: int) -> date:
    """So many months later, or, below zero, earlier."""
    count = month.year * 12 + month.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def month_period(month: date, zone: tzinfo) -> Period:
    return days_period(month, plus(month, 1) - timedelta(days=1), zone)


def days_period(first: date, last: date, zone: tzinfo) -> Period:
    """From the first day's midnight to that after the last."""
    return Period(_midnight(first, zone), _midnight(last + timedelta(days=1), zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def read_month(text: str) -> date | None:
    """ "2026-11", or None."""
    year, _, month = text.partition("-")
    if len(year) == 4 and len(month) == 2 and f"{year}{month}".isascii() and f"{year}{month}".isdigit():
        return date(int(year), int(month), 1) if 1 <= int(month) <= 12 and 1970 <= int(year) < MAXYEAR else None
    return None


def to_close(first: datetime, now: datetime, zone: tzinfo) -> list[date]:
    """The months since a first reading that are over, with their days of grace."""
    found, month = [], month_of(first, zone)
    while month_period(month, zone).end + GRACE <= now:
        found.append(month)
        month = plus(month, 1)
    return found
