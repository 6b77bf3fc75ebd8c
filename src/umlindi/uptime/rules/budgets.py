"""What an objective leaves to spend, what was spent, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from umlindi.uptime.rules.availability import MICROSECOND, ZERO, Tally, ratio


class Verdict(StrEnum):
    """How a period stands against its target."""

    MET = "met"
    MISSED = "missed"
    AT_RISK = "at risk"
    ON_COURSE = "on course"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Budget:
    """The downtime that a target allows over a period, and what was spent of it.

    `target` is a share from 0 to 1, `tally` what has been (adjusted), `remaining` the time that still will count. It is
    allowed on what is known and what is to come: unknown time neither spends nor earns.
    """

    target: Fraction
    tally: Tally
    remaining: timedelta = ZERO

    @property
    def allowed(self) -> timedelta:
        """Rounded down to a microsecond."""
        return _part(1 - self.target, self.tally.known + self.remaining)

    @property
    def spent(self) -> timedelta:
        return self.tally.down

    @property
    def left(self) -> timedelta:
        """Below zero where more was spent than allowed."""
        return self.allowed - self.spent

    @property
    def verdict(self) -> Verdict:
        """Missed as soon as what is left of the period cannot make up for it."""
        share = self.tally.share
        if share is None:
            return Verdict.UNKNOWN
        if self.left < ZERO:
            return Verdict.MISSED
        if not self.remaining:
            return Verdict.MET
        return Verdict.AT_RISK if share < self.target else Verdict.ON_COURSE

    @property
    def proven(self) -> bool:
        """Whether the verdict would be the same had all that is unknown been up, and had it been down."""
        lost, known = self.tally.unknown, replace(self.tally, unknown=ZERO)
        had = (replace(known, up=known.up + lost), replace(known, down=known.down + lost)) if lost else ()
        return all(replace(self, tally=tally).verdict is self.verdict for tally in had)


def _part(share: Fraction, whole: timedelta) -> timedelta:
    return timedelta(microseconds=int(share * (whole // MICROSECOND)))


@dataclass(frozen=True, slots=True)
class Pace:
    """Spending `rate` times as fast as the target allows, over a long look back and, so that it ends soon after the
    trouble does, over a short one too."""

    rate: Fraction
    long: timedelta
    short: timedelta


HOUR = timedelta(hours=1)
PACES: dict[str, Sequence[Pace]] = {
    "fast": (Pace(Fraction("14.4"), HOUR, HOUR / 12),),
    "slow": (Pace(Fraction(6), 6 * HOUR, HOUR / 2), Pace(Fraction(3), 72 * HOUR, 6 * HOUR)),
}
"""The usual pairs (Google's SRE workbook, chapter 5): 2 % of a month's budget in an hour, 5 % in six, 10 % in three
days; each look back is told by an objective's own counted time."""
FALLS = 2
"""A single fall has an alert of its own, which says more; what none says is that several together spend a budget."""
LONGEST_LOOK = max(pace.long for paces in PACES.values() for pace in paces)


def burn_rate(down: timedelta, counted: timedelta, target: Fraction) -> Fraction:
    """How many times as fast as allowed a budget was spent. `counted` is all of a look back that counts, whether or not
    anything is known of it: unknown never burns."""
    return (ratio(down, counted) or Fraction()) / (1 - target)


Look = tuple[Fraction, int]
"""Over a look back: the burn rate, and how often it went down."""


def burning(paces: Sequence[Pace], over: Callable[[timedelta], Look]) -> Pace | None:
    """The first pace that is reached over both of its look backs, in more than one fall; or None."""
    for pace in paces:
        (rate, falls), (newest, _) = over(pace.long), over(pace.short)
        if falls >= FALLS and min(rate, newest) >= pace.rate:
            return pace
    return None
