"""How times, durations, numbers and states are said to people here. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

_NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]

TONES = {
    "up": "ok",
    "degraded": "warn",
    "down": "fail",
    "failed": "fail",
    "unknown": "unknown",
    "skipped": "later",
    "ok": "ok",
    "warn": "warn",
    "fail": "fail",
    "later": "later",
    "window": "window",
}
"""From a condition, a step's state or an obligation's state to the class that gives it its colour and shape."""


def clock(moment: datetime, now: datetime, zone: tzinfo, home: tzinfo) -> str:
    """A moment in a site's zone: 08:20, yesterday 16:51, 24 Nov 08:20, 24 Nov 2025 08:20.

    The zone is named only where its clock differs from the house's.
    """
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    day = {0: "", 1: "yesterday "}.get((today - local.date()).days)
    if day is None:
        day = f"{local.day} {local:%b} " if local.year == today.year else f"{local.day} {local:%b %Y} "
    foreign = local.utcoffset() != moment.astimezone(home).utcoffset()
    return f"{day}{local:%H:%M}" + (f" {local:%Z}" if foreign else "")


def duration(seconds: float) -> str:
    """The two largest units that matter: 42 s, 38 min, 1 h 22 min, 3 d 4 h."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if minutes < 60:
        return f"{minutes} min"
    large, small = (f"{hours} h", minutes % 60) if hours < 24 else (f"{days} d", hours % 24)
    unit = "min" if hours < 24 else "h"
    return f"{large} {small} {unit}" if small else large


def length(seconds: float) -> str:
    """What runs on a page, as umlindi.js goes on writing it: 4:07, 1 h 22 min, 3 d 4 h."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}" if whole < 3600 else duration(whole)


def countdown(left: float) -> str:
    """What is left of a clock, or by how much it is over; negative seconds are over."""
    return f"{length(left)} left" if left >= 0 else f"over by {length(-left)}"


def milliseconds(ms: float | None) -> str:
    """What was measured, with as many figures as mean something: 0.4 ms, 12 ms, 2.1 s; a dash for nothing."""
    if ms is None:
        return "–"
    if ms >= 1000:
        return f"{ms / 1000:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.1f} ms"


def number(count: int) -> str:
    """In words up to twelve, as a sentence has it."""
    return _NUMBERS[count] if 0 <= count < len(_NUMBERS) else str(count)


def trace_in_words(spans: Iterable[tuple[str, float]], whole: timedelta = timedelta(hours=24)) -> str:
    """What a trace shows, for those who do not see it: "Last 24 hours: up 23 h, down 1 h; now down".

    `spans` are conditions with their share of the whole, oldest first.
    """
    told = list(spans)
    shares: dict[str, float] = {}
    for condition, share in told:
        shares[condition] = shares.get(condition, 0.0) + share
    if not shares:
        return "Last 24 hours: unknown"
    parts = [f"{condition} {duration(share * whole.total_seconds())}" for condition, share in shares.items()]
    if len(parts) == 1:
        return f"Last 24 hours: {told[0][0]} throughout"
    return f"Last 24 hours: {', '.join(parts)}; now {told[-1][0]}"
