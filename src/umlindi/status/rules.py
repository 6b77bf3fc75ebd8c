"""From what is measured to what a client's people are told. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import compress

from umlindi.uptime.rules.availability import Piece
from umlindi.watch.rules.conditions import BAD, Condition

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
    """One day of a component, in seconds. What was down or degraded within an agreed window is planned instead."""

    down: float = 0.0
    degraded: float = 0.0
    planned: float = 0.0
    known: float = 0.0

    @property
    def word(self) -> Word:
        """How the day is drawn. Less than a minute is no mark on a day."""
        marks = ((self.down, Word.DOWN), (self.degraded, Word.PARTLY), (self.planned, Word.PLANNED))
        return next(
            (word for seconds, word in marks if seconds >= A_MARK_S), Word.WORKS if self.known else Word.UNKNOWN
        )


def days_of(pieces: Iterable[Piece], midnights: Sequence[datetime]) -> list[Day]:
    """Each day between two midnights, from pieces of which none overlap.

    The last "midnight" is the present. Days are as long as their zone makes them.
    """
    days = [Day() for _ in midnights[1:]]
    for piece in pieces:
        span = piece.span
        until = min(span.end, midnights[-1])
        first = max(bisect_right(midnights, span.start) - 1, 0)
        for at in range(first, min(bisect_left(midnights, until), len(days))):
            inside = min(until, midnights[at + 1]) - max(span.start, midnights[at])
            days[at] = _with(days[at], piece, inside.total_seconds())
    return days


def _with(day: Day, piece: Piece, seconds: float) -> Day:
    if piece.span.condition is Condition.UNKNOWN:
        return day
    day = replace(day, known=day.known + seconds)
    if piece.span.condition is Condition.UP:
        return day
    if piece.agreed:
        return replace(day, planned=day.planned + seconds)
    if piece.span.condition is Condition.DOWN:
        return replace(day, down=day.down + seconds)
    return replace(day, degraded=day.degraded + seconds)
