"""Histograms with buckets on a logarithmic scale: they merge by adding counts, and every quantile of the merged one is
within 2 % of the true value, however the values were split.

A value v lies in bucket ceil(log(|v| / LEAST) / log(GAMMA)), a negative one in that number's negative, and what is
smaller than LEAST in bucket 0. What stands for a bucket is then at most `ERROR` away from everything in it, relatively
(Masson, Rim, Lee: DDSketch, PVLDB 12, 2019). PostgreSQL counts into the buckets: `readings_bucket`, in the first
migration.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

ERROR = 0.02
GAMMA = (1 + ERROR) / (1 - ERROR)
LEAST = 1e-6
GREATEST = 1e15


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many values lie in each bucket; sum, smallest and greatest are exact (to a real's seven digits)."""

    counts: Mapping[int, int]
    total: float
    least: float
    greatest: float

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def quantile(self, share: float) -> float:
        """The smallest value that at least this share of all values do not exceed (nearest rank); 1 is the greatest."""
        rank = max(1, math.ceil(share * self.count - 1e-9))
        if rank == self.count:
            return self.greatest
        for bucket in sorted(self.counts):
            rank -= self.counts[bucket]
            if rank <= 0:
                return min(max(value_of(bucket), self.least), self.greatest)
        raise ValueError(f"no quantile {share} of {self.count} values")


def value_of(bucket: int) -> float:
    """The value that stands for a bucket: as far, relatively, from its lower as from its upper end."""
    return math.copysign(LEAST * 2 * GAMMA ** abs(bucket) / (GAMMA + 1), bucket) if bucket else 0.0
