"""In what a measure is counted, and how it is said."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """Steps of a ladder are counted in milliseconds; what is not says so at the end of its name, before a colon."""

    MS = "ms"
    SECONDS = "s"
    SHARE = "share"
    COUNT = "count"


def unit_of(measure: str) -> Unit:
    """`echo` in milliseconds, `runtime_s` in seconds, `disk_used_share:/var` a share, `studies_count` a number."""
    name = measure.partition(":")[0]
    endings = {"_s": Unit.SECONDS, "_share": Unit.SHARE, "_count": Unit.COUNT}
    return next((unit for ending, unit in endings.items() if name.endswith(ending)), Unit.MS)


def told(value: float, unit: Unit) -> str:
    """With as many figures as mean something: 0.4 ms, 12 ms, 2.1 s, 78 %, 14 000."""
    if unit is Unit.SHARE:
        return f"{value * 100:.0f} %"
    if unit is Unit.COUNT:
        return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}")
    if unit is Unit.MS and abs(value) >= 1000:
        return told(value / 1000, Unit.SECONDS)
    return f"{value:.0f} {unit}" if abs(value) >= 10 else f"{value:.1f} {unit}"
