"""Figures as rows of a spreadsheet and as JSON: the same names in both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from umlindi.uptime.queries.pages import Row, UptimePage
from umlindi.uptime.rules.availability import MICROSECOND, Tally
from umlindi.uptime.rules.showing import digits

HEADINGS = (
    "kind",
    "name",
    "where",
    "target",
    "verdict",
    "adjusted_percent",
    "raw_percent",
    "all_up_percent",
    "unknown_percent",
    *(f"{figure}_{one}_s" for figure in ("raw", "adjusted") for one in ("up", "degraded", "down", "unknown")),
    "agreed_windows_s",
    "budget_allowed_s",
    "budget_left_s",
    "measured_since",
)


def told(row: Row) -> dict[str, Any]:
    """One row by the names of HEADINGS: shares in percent, cut off after three digits; times in seconds. Both are text,
    exact to what they show. `measured_since` is empty where the period did not begin before the first answer."""
    own, all_up, budget = row.line.own, row.line.all_up, row.budget
    target = budget.target if budget else None
    return {
        "kind": str(row.line.kind),
        "name": row.line.name,
        "where": row.where,
        "target": None if target is None else digits(target),
        "verdict": row.verdict.value if row.verdict else None,
        "adjusted_percent": _percent(own.adjusted),
        "raw_percent": _percent(own.raw),
        "all_up_percent": _percent(all_up.adjusted) if all_up else None,
        "unknown_percent": None if own.raw.unknown_share is None else digits(own.raw.unknown_share),
        **{f"raw_{name}_s": seconds(value) for name, value in _times(own.raw)},
        **{f"adjusted_{name}_s": seconds(value) for name, value in _times(own.adjusted)},
        "agreed_windows_s": seconds(own.agreed),
        "budget_allowed_s": seconds(budget.allowed) if budget else None,
        "budget_left_s": seconds(budget.left) if budget else None,
        "measured_since": row.line.measured_since.isoformat() if row.line.measured_since else None,
    }


def as_rows(page: UptimePage) -> Iterator[list[Any]]:
    for rows in page.rows.values():
        for row in rows:
            values = told(row)
            yield [values[name] for name in HEADINGS]


def seconds(value: timedelta) -> str:
    """ "2592.5": exact, with no more digits than it has."""
    whole = abs(value) // MICROSECOND
    text = f"{whole // 1_000_000}.{whole % 1_000_000:06}".rstrip("0").rstrip(".")
    return f"-{text}" if value < timedelta() else text


def _percent(tally: Tally) -> str | None:
    return None if tally.share is None else digits(tally.share)


def _times(tally: Tally) -> list[tuple[str, timedelta]]:
    return [("up", tally.up), ("degraded", tally.degraded), ("down", tally.down), ("unknown", tally.unknown)]
