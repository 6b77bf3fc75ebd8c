"""Shifts as iCalendar (RFC 5545), for a telephone's own calendar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from umlindi.oncall.models import Rota
from umlindi.oncall.rules.rotation import Shift

FOLD_AT = 74
"""Octets of a line (3.1), with room for the line break."""


def written(shifts: Iterable[tuple[Rota, Shift]], now: datetime) -> str:
    """The calendar. An event's UID stays as long as its turn begins then, so that a calendar moves it and adds none."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Umlindi//On call//EN", "CALSCALE:GREGORIAN",
             "X-WR-CALNAME:On call", "REFRESH-INTERVAL;VALUE=DURATION:PT1H"]  # fmt: skip
    for rota, shift in shifts:
        lines += _event(rota, shift, now)
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _event(rota: Rota, shift: Shift, now: datetime) -> list[str]:
    layer = "override" if shift.layer is None else shift.layer
    return [
        "BEGIN:VEVENT",
        f"UID:{rota.pk}-{layer}-{shift.turn}-{_utc(shift.start)}@umlindi",
        f"DTSTAMP:{_utc(now)}",
        f"DTSTART:{_utc(shift.start)}",
        f"DTEND:{_utc(shift.end)}",
        f"SUMMARY:{_escaped(f'On call: {rota.name}')}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """3.3.11."""
    for plain in ("\\", ";", ","):
        text = text.replace(plain, f"\\{plain}")
    return text.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """3.1: no line longer than 75 octets; no letter cut in two."""
    part = ""
    for letter in line:
        if len((part + letter).encode()) > FOLD_AT:
            yield part
            part = " "
        part += letter
    yield part
