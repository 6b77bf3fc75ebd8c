"""Quiet hours: medium and low pages wait until they are over."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from umlindi.estate.rules.hours import Span
from umlindi.oncall.rules.moments import at_minute, local_day
from umlindi.oncall.rules.severity import Severity

ONE_DAY = timedelta(days=1)


def waits_until(severity: Severity, at: datetime, hours: tuple[Span, ...], zone: tzinfo) -> datetime | None:
    """When a page that would go at `at` may go; None where it goes at once.

    Quiet all week long would hold a page for ever: after a week it goes.
    """
    if not severity.waits or not hours:
        return None
    until = at
    for start, end in _quiet(at, hours, zone):
        if start <= until < end:
            until = end
    return until if until > at else None


def _quiet(at: datetime, hours: tuple[Span, ...], zone: tzinfo) -> list[tuple[datetime, datetime]]:
    """The quiet intervals from the day before until a week after, in order."""
    days = [local_day(at, zone) + ONE_DAY * number for number in range(-1, 7)]
    return [
        (at_minute(day, span.opens, zone), at_minute(day, span.closes, zone))
        for day in days
        for span in hours
        if span.day == day.weekday()
    ]
