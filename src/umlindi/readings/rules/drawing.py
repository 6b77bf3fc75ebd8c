"""A chart as paths of an SVG: x runs over the steps, y downwards from the highest p95."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDTH, HEIGHT, STRIP = 1000, 100, 6
"""Units of the drawing; the strip at its foot shows what was not up."""


def line(values: Sequence[float | None], top: float, bottom: float) -> str:
    """A path through the values, broken where there are none; one alone is a short stroke."""
    if not values:
        return ""
    step = WIDTH / len(values)
    return "".join(
        f"{'M' if number == 0 or values[number - 1] is None else 'L'}"
        f"{number * step:.1f} {_height(value, top, bottom):.1f}h{step:.1f}"
        for number, value in enumerate(values)
        if value is not None
    )


def strip(marked: Iterable[bool], count: int) -> str:
    """A path that fills each marked step of the strip."""
    step = WIDTH / max(count, 1)
    return "".join(
        f"M{number * step:.1f} {HEIGHT - STRIP}h{step:.1f}v{STRIP}h-{step:.1f}z"
        for number, one in enumerate(marked)
        if one
    )


def _height(value: float, top: float, bottom: float) -> float:
    room = HEIGHT - STRIP - 4
    return 2 + room * (1 - (value - bottom) / ((top - bottom) or 1))
