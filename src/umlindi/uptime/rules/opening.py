"""When a site is open, as periods of real time: in zones with summer time too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from umlindi.estate.rules.hours import Span as Opening
from umlindi.uptime.rules.timeline import Period, merged

DAY = timedelta(days=1)


def open_periods(openings: Sequence[Opening], zone: ZoneInfo, period: Period) -> list[Period]:
    """The opening hours within a period. A site that names none is always open."""
    if not openings:
        return [period]
    by_day: dict[int, list[Opening]] = {}
    for each in openings:
        by_day.setdefault(each.day, []).append(each)
    found = []
    day, last = period.start.astimezone(zone).date() - DAY, period.end.astimezone(zone).date()
    while day <= last:
        for each in by_day.get(day.weekday(), ()):
            start, end = (_moment(day, minutes, zone) for minutes in (each.opens, each.closes))
            start, end = max(start, period.start), min(end, period.end)
            if start < end:
                found.append(Period(start, end))
        day += DAY
    return merged(found)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """A wall clock's time. Where the clock is put forward over it, the moment that it would have been."""
    return (datetime.combine(day, time()) + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)
