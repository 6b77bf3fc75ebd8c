"""Opening hours as people write them: "Mon-Fri 07:00-17:00; Sat 08:00-12:00", or "24/7"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from umlindi.estate.rules.readers import Wrong, shown, text

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_A_DAY = 24 * 60
_DASHES = str.maketrans({"–": "-", "—": "-", "−": "-"})
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")
_EXAMPLE = "write such as Mon-Fri 07:00-17:00; Sat 08:00-12:00, or 24/7"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """One opening on one day: `day` 0 is Monday; minutes after midnight, `closes` exclusive and at most 1440."""

    day: int
    opens: int
    closes: int


def hours(raw: Any) -> str:
    """The text itself, where it can be read as hours."""
    value = text(raw, at_most=200)
    opening_hours(value)
    return value


def opening_hours(value: str) -> tuple[Span, ...]:
    """Every opening of a week in order; none for no text. Times are the site's own. Raises `Wrong`.

    Monday-Friday includes Friday; Fri-Mon goes through the week-end; 22:00-06:00 goes into the next day.
    """
    plain = value.translate(_DASHES).strip().rstrip(";")
    if not plain:
        return ()
    if plain.lower() in {"24/7", "always"}:
        return tuple(Span(day, 0, MINUTES_A_DAY) for day in range(7))
    spans = sorted(span for part in plain.split(";") for span in _part(part.strip()))
    for earlier, later in pairwise(spans):
        if earlier.day == later.day and later.opens < earlier.closes:
            raise Wrong(f"{shown(value)} opens twice at the same time on {DAYS[later.day]}")
    return tuple(spans)


def _part(part: str) -> list[Span]:
    """One group of days with its times: `Mon-Fri 07:00-12:00, 13:00-17:00`."""
    found = re.fullmatch(r"([A-Za-z][A-Za-z,\s-]*?)\s+(\d.*)", part)
    if found is None:
        raise Wrong(f"{shown(part)} is not hours: {_EXAMPLE}")
    times = [_times(each.strip()) for each in found[2].split(",")]
    return [span for day in _days(found[1]) for opens, closes in times for span in _on(day, opens, closes)]


def _days(words: str) -> list[int]:
    days: list[int] = []
    for group in words.split(","):
        first, _, last = (word.strip() for word in group.partition("-"))
        begin = _day(first)
        end = _day(last) if last else begin
        days += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    if len(days) != len(set(days)):
        raise Wrong(f"{shown(words)} names a day twice")
    return days


def _day(word: str) -> int:
    short = word[:3].capitalize()
    full = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    if short in DAYS and full[DAYS.index(short)].startswith(word.lower()):
        return DAYS.index(short)
    raise Wrong(f"{shown(word)} is not a day: use {', '.join(DAYS)}")


def _times(words: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(words)
    if found is None:
        raise Wrong(f"{shown(words)} is not a pair of times: {_EXAMPLE}")
    hours_and_minutes = [int(group) for group in found.groups()]
    if max(hours_and_minutes[1::2]) > 59:
        raise Wrong(f"{shown(words)} has more than 59 minutes")
    opens, closes = (hours_and_minutes[at] * 60 + hours_and_minutes[at + 1] for at in (0, 2))
    if opens >= MINUTES_A_DAY or closes > MINUTES_A_DAY or opens == closes:
        raise Wrong(f"{shown(words)} does not open and close within a day of 24 hours")
    return opens, closes


def _on(day: int, opens: int, closes: int) -> list[Span]:
    """One opening, or two where it goes through midnight."""
    if opens < closes:
        return [Span(day, opens, closes)]
    night = [Span(day, opens, MINUTES_A_DAY)]
    return [*night, Span((day + 1) % 7, 0, closes)] if closes else night
