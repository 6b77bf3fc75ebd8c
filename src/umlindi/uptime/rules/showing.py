"""How figures are written. A share is cut off at the digits shown, never rounded up: 99.8999 % is not 99.9 %."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from fractions import Fraction

SPACE = "\N{NO-BREAK SPACE}"
DIGITS = 3


def percent(share: Fraction | None) -> str:
    """99.898 %; a dash where nothing is known; < 0.001 % for what is there but too little to show."""
    if share is None:
        return "–"
    if 0 < share < Fraction(1, 100 * 10**DIGITS):
        return f"<{SPACE}0.001{SPACE}%"
    return f"{digits(share)}{SPACE}%"


def digits(share: Fraction) -> str:
    """A share in percent, as digits alone: 99.898."""
    whole, rest = divmod(int(share * 100 * 10**DIGITS), 10**DIGITS)
    return f"{whole}.{rest:0{DIGITS}}"


def since(first: datetime, zone: tzinfo) -> str:
    """What a period says that began before the first answer in it: measured since 24 Nov 15:17."""
    local = first.astimezone(zone)
    return f"measured since {local.day} {local:%b %H:%M}"


def lasted(time: timedelta) -> str:
    """To the second: 43 min 12 s, 1 d 2 h 5 min; < 1 s for less; a minus where it is below zero."""
    if time < timedelta():
        return f"−{lasted(-time)}"
    seconds = time // timedelta(seconds=1)
    if not seconds:
        return f"<{SPACE}1{SPACE}s" if time else f"0{SPACE}s"
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    return " ".join(f"{count}{SPACE}{unit}" for unit, count in units if count)
