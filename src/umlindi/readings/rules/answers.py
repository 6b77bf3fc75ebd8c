"""One answer of a probe, as it is kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from umlindi.readings.rules.histograms import GREATEST, LEAST

NOT_UP = "not_up"
"""A measure that every answer has by itself: 1 where its condition was not up, else 0."""
UP = "up"
LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class Reading:
    """What one probe measured. `interface` is the id; `values` maps a measure's name to its figure (a step's name to
    its milliseconds; else the unit is in the name). A value that is no finite number is not kept."""

    interface: int
    plan: str
    at: datetime
    condition: str
    code: str
    values: Mapping[str, float]


def storable(values: Mapping[str, float]) -> dict[str, float]:
    """The values that can be kept, by measure in order of name, each within what a bucket can tell."""
    return {name: _within(float(value)) for name, value in sorted(values.items()) if math.isfinite(value)}


def _within(value: float) -> float:
    if abs(value) < LEAST:
        return 0.0
    return min(max(value, -GREATEST), GREATEST)
