"""How a measure is distributed, and its quantiles."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from umlindi.readings.queries.gathering import Wanted, gather
from umlindi.readings.rules.histograms import Histogram


def distribution(interfaces: Collection[int], measure: str, start: datetime, end: datetime) -> Histogram | None:
    """All values of a measure from `start` up to but not including `end`, as one histogram; None where there are none.

    An edge finer than what is still kept takes in the whole hour or day that it lies in.
    """
    return next(iter(gather(Wanted(interfaces, [measure], start, end)).values()), None)


def quantiles(
    interfaces: Collection[int], measure: str, start: datetime, end: datetime, shares: Iterable[float]
) -> dict[float, float]:
    """The value at each share (0.95 is the p95) over all of these interfaces together, within 2 % of the true one.

    Empty where nothing was measured.
    """
    whole = distribution(interfaces, measure, start, end)
    return {} if whole is None else {share: whole.quantile(share) for share in shares}
