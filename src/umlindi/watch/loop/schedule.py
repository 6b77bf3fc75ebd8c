"""What one watch process has to ask, and when, by a clock that nobody can set.

It holds what it has claimed, and remembers what it asked before: if the database does not answer, it goes on with that.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from umlindi.watch.services import Claim

FORGET_AFTER = 4
"""A probe that was not claimed again for so many intervals is another process's, or nobody's."""


@dataclass(slots=True)
class Held:
    """A probe, when it is due, and whether it is claimed; seconds on the monotonic clock.

    `asked` is when this process asked it last, None where it has not yet. `running` from the moment it is handed out.
    """

    claim: Claim
    due: float
    claimed: bool
    asked: float | None = None
    running: bool = False


class Schedule:
    """Everything one process holds."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._order: list[tuple[float, int]] = []
        self.in_hand: Counter[int] = Counter()

    def __len__(self) -> int:
        return len(self._held)

    @property
    def hands(self) -> int:
        """How many are claimed or being asked."""
        return self.in_hand.total()

    def take(self, claim: Claim, due: float) -> None:
        """A claimed probe, due then. One that is being asked already is left to that."""
        held = self._held.get(claim.probe)
        if held is not None and (held.running or held.claimed):
            return
        asked = held.asked if held else None
        self._held[claim.probe] = Held(claim, due, claimed=True, asked=asked)
        self.in_hand[claim.organisation] += 1
        heapq.heappush(self._order, (due, claim.probe))

    def due(self, now: float, away: bool) -> Iterator[Held]:
        """Hand out what is to be asked now: what is claimed, and where the database is away, what was asked before."""
        while self._order and self._order[0][0] <= now:
            due, probe = heapq.heappop(self._order)
            held = self._held.get(probe)
            if held is None or held.running or held.due != due:
                continue
            if held.claimed or away:
                yield self._handed_out(held)
            else:
                self._remember(held, now)

    def _handed_out(self, held: Held) -> Held:
        held.running = True
        if not held.claimed:
            self.in_hand[held.claim.organisation] += 1
        return held

    def _remember(self, held: Held, now: float) -> None:
        forgotten = (held.asked or 0.0) + held.claim.interval_s * FORGET_AFTER
        if forgotten <= now:
            del self._held[held.claim.probe]
        else:
            self._put(held, forgotten)

    def _put(self, held: Held, due: float) -> None:
        held.due = due
        heapq.heappush(self._order, (due, held.claim.probe))

    def ended(self, held: Held, began: float, away: bool) -> None:
        """It was asked at `began`. Where the database is away, its next turn is ours to tell."""
        held.running = held.claimed = False
        self.in_hand[held.claim.organisation] -= 1
        held.asked = began
        self._put(held, _again(held) if away else began + held.claim.interval_s * FORGET_AFTER)

    def recall(self, now: float) -> None:
        """The database went away: everything this process asked before is asked again, in its turn."""
        for held in self._held.values():
            if held.asked is not None and not held.running and not held.claimed:
                self._put(held, max(now, _again(held)))


def _again(held: Held) -> float:
    return (held.asked or 0.0) + held.claim.interval_s * random.uniform(0.95, 1.05)  # noqa: S311 (a spread, not a secret)
