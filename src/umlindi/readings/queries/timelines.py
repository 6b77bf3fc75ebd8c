"""A measure over time, for charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.readings.queries.distributions import distribution
from umlindi.readings.queries.gathering import Wanted, gather
from umlindi.readings.rules.answers import NOT_UP
from umlindi.readings.rules.histograms import Histogram
from umlindi.readings.rules.levels import floor
from umlindi.readings.rules.periods import coarsest_for, step_for


@dataclass(frozen=True, slots=True)
class Point:
    """One step of a chart, from `at` on. The quantiles are None where nothing was measured; `answers` counts all that
    came, also those that did not get as far as this measure, and `not_up` those whose condition was not up."""

    at: datetime
    count: int
    p50: float | None
    p95: float | None
    greatest: float | None
    answers: int
    not_up: int


def series(interface: int, measure: str, start: datetime, end: datetime, points: int) -> list[Point]:
    """The period in about so many steps of a round length, oldest first; a step without answers is there and empty."""
    step = step_for(start, end, points)
    found = gather(Wanted([interface], [measure, NOT_UP], start, end, step, coarsest_for(step)))
    return [_point(at, found.get((at, measure)), found.get((at, NOT_UP))) for at in _steps(start, end, step)]


@dataclass(frozen=True, slots=True)
class Chart:
    """What the component `{% latency chart %}` draws: one measure of one interface over a period. `whole` is all of it
    in one, for its true quantiles; None where nothing was measured."""

    measure: str
    points: list[Point]
    whole: Histogram | None


def chart(interface: int, measure: str, start: datetime, end: datetime, points: int = 200) -> Chart:
    """A measure's chart, with about so many points."""
    whole = distribution([interface], measure, start, end)
    return Chart(measure, series(interface, measure, start, end, points), whole)


def _steps(start: datetime, end: datetime, step: timedelta) -> Iterator[datetime]:
    at = floor(start, step)
    while at < end:
        yield at
        at += step


def _point(at: datetime, values: Histogram | None, answers: Histogram | None) -> Point:
    return Point(
        at=at,
        count=values.count if values else 0,
        p50=values.quantile(0.5) if values else None,
        p95=values.quantile(0.95) if values else None,
        greatest=values.greatest if values else None,
        answers=answers.count if answers else 0,
        not_up=round(answers.total) if answers else 0,
    )
