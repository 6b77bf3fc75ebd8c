"""From what is measured to what a client's people are told. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import compress, groupby
from operator import itemgetter

from umlindi.watch.rules.conditions import BAD, Condition, Interval

DAYS = 90
A_MARK_S = 60.0
BESIDE_THE_SERVICE = frozenset({"host", "tls", "time", "ups"})
"""Kinds of interface that tell how a machine is: while one alone is bad, people still work."""


class Word(StrEnum):
    """What a reader is told. The worst first."""

    DOWN = "down"
    PARTLY = "partly"
    PLANNED = "planned"
    UNKNOWN = "unknown"
    WORKS = "works"


SAID = {
    Word.DOWN: "does not work",
    Word.PARTLY: "works in part",
    Word.PLANNED: "planned work",
    Word.UNKNOWN: "not known",
    Word.WORKS: "works",
}


def serving(kinds: Iterable[str]) -> list[bool]:
    """Which of a system's interfaces people work with; all of them where it has none of that sort."""
    told = [kind not in BESIDE_THE_SERVICE for kind in kinds]
    return told if any(told) else [True for _ in told]


def word_of(parts: Iterable[tuple[str, Condition]], planned: bool) -> Word:
    """A system in one word, from its interfaces as (kind, condition).

    It does not work where nothing that people work with answers. What is not heard from is not known, never "works";
    during planned work, a fault is the work.
    """
    told = list(parts)
    judged = [condition for _, condition in compress(told, serving(kind for kind, _ in told))]
    if planned and any(condition is not Condition.UP for condition in judged):
        return Word.PLANNED
    if judged and all(condition is Condition.DOWN for condition in judged):
        return Word.DOWN
    if any(condition in BAD for condition in judged):
        return Word.PARTLY
    return Word.WORKS if judged and all(condition is Condition.UP for condition in judged) else Word.UNKNOWN


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a component: seconds down, degraded and known; the rest of the day nothing is known of."""

    down: float
    degraded: float
    known: float

    @property
    def word(self) -> Word:
        """How the day is drawn. Less than a minute is no mark on a day."""
        if self.down >= A_MARK_S:
            return Word.DOWN
        if self.degraded >= A_MARK_S:
            return Word.PARTLY
        return Word.WORKS if self.known else Word.UNKNOWN


def days_of(intervals: Sequence[Interval], midnights: Sequence[datetime]) -> list[Day]:
    """Each day between two midnights, from one history's intervals, oldest first; none of them overlap.

    The last "midnight" is the present. Days are as long as their zone makes them.
    """
    seconds = [dict.fromkeys(Condition, 0.0) for _ in midnights[1:]]
    for one in intervals:
        until = min(one.until or midnights[-1], midnights[-1])
        first = max(bisect_right(midnights, one.since) - 1, 0)
        for day in range(first, min(bisect_left(midnights, until), len(seconds))):
            inside = min(until, midnights[day + 1]) - max(one.since, midnights[day])
            seconds[day][one.condition] += inside.total_seconds()
    return [_day(each) for each in seconds]


def _day(seconds: Mapping[Condition, float]) -> Day:
    known = sum(seconds.values()) - seconds[Condition.UNKNOWN]
    return Day(seconds[Condition.DOWN], seconds[Condition.DEGRADED], known)


def uptime(days: Iterable[Day]) -> float | None:
    """The share of the known time that was not down, from 0 to 1; None where nothing is known."""
    told = list(days)
    known = sum(day.known for day in told)
    return None if not known else 1 - sum(day.down for day in told) / known


def merged(histories: Sequence[Sequence[Interval]], end: datetime) -> list[Interval]:
    """Several interfaces' histories as their system's: down only while all that is known of is down.

    Bad in part is degraded; unknown only while nothing is known. `end` closes what is still open.
    """
    present = dict.fromkeys(range(len(histories)), Condition.UNKNOWN)
    found: list[Interval] = []
    for at, turns in groupby(sorted(_turns(histories, end)), key=itemgetter(0)):
        if found:
            found[-1] = replace(found[-1], until=at)
        for _, starts, which, condition in turns:
            present[which] = Condition(condition) if starts else Condition.UNKNOWN
        together = _together(present.values())
        if found and found[-1].condition is together:
            found[-1] = replace(found[-1], until=None)
        else:
            found.append(Interval(together, at, None))
    return [one for one in found if one.until is not None]


def _turns(histories: Sequence[Sequence[Interval]], end: datetime) -> Iterator[tuple[datetime, bool, int, str]]:
    """When, whether an interval starts there (ends come first), of which history, and into what."""
    for which, history in enumerate(histories):
        for one in history:
            yield one.since, True, which, one.condition
            yield min(one.until or end, end), False, which, one.condition


def _together(conditions: Iterable[Condition]) -> Condition:
    known = {condition for condition in conditions if condition is not Condition.UNKNOWN}
    if known == {Condition.DOWN}:
        return Condition.DOWN
    if known & BAD:
        return Condition.DEGRADED
    return Condition.UP if known else Condition.UNKNOWN
