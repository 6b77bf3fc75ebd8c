"""In what a measure is counted, and how it is said."""

from __future__ import annotations

from enum import StrEnum


class Unit(StrEnum):
    """Steps of a ladder are counted in milliseconds."""

    MS = "ms"
    SECONDS = "s"
    SHARE = "share"
    PERCENT = "%"
    BYTES = "bytes"
    COUNT = "count"


ENDINGS = {"_s": Unit.SECONDS, "_share": Unit.SHARE, "_bytes": Unit.BYTES}
NAMES = {"charge": Unit.PERCENT, "studies": Unit.COUNT, "instances": Unit.COUNT, "not_up": Unit.COUNT}


def unit_of(measure: str) -> Unit:
    """`echo` in milliseconds, `runtime_s` in seconds, `disk_used_share:/var` a share, `studies` a number."""
    name = measure.partition(":")[0]
    return NAMES.get(name) or next((unit for ending, unit in ENDINGS.items() if name.endswith(ending)), Unit.MS)


def told(value: float, unit: Unit) -> str:
    """With as many figures as mean something: 0.4 ms, 12 ms, 2.1 s, 78 %, 14 000, 3.2 GB."""
    match unit:
        case Unit.SHARE:
            return f"{value * 100:.0f} %"
        case Unit.COUNT:
            return f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}")
        case Unit.BYTES:
            return f"{value / 1e9:.1f} GB"
        case Unit.MS if abs(value) >= 1000:
            return told(value / 1000, Unit.SECONDS)
    return f"{value:.0f} {unit}" if abs(value) >= 10 else f"{value:.1f} {unit}"
