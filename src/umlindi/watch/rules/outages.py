"""What an outage says of a result, and which outage is the cause of which. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from umlindi.probes import ProbeResult
from umlindi.watch import wording

EARLIER_BY = timedelta(minutes=15)
"""What broke so much earlier than what it stands on did not break because of it."""

WORST_LAST = ("unknown", "degraded", "down")
_FOLLOWING_KINDS = frozenset({"interface", "heartbeat", "external"})
_CAUSING_KINDS = frozenset({"interface", "external"})


@dataclass(frozen=True, slots=True)
class Open:
    """What is known of an open outage of some system, by the row's id. `because` is what it holds now."""

    id: int
    system: int
    kind: str
    condition: str
    since: datetime
    because: int | None = None

    @property
    def may_cause(self) -> bool:
        """Only what is wholly down takes others with it."""
        return self.kind in _CAUSING_KINDS and self.condition == "down"

    @property
    def may_follow(self) -> bool:
        """What we merely cannot ask (a secret is missing) is nobody's consequence."""
        return self.kind in _FOLLOWING_KINDS and self.condition != "unknown"


def causes(outages: Iterable[Open], beneath: Callable[[int], Sequence[int]]) -> Mapping[int, int | None]:
    """The outage that each outage is a mere consequence of, or None, by id.

    `beneath` gives every system that a system stands on, nearest first, and no system stands on itself. What is nearest
    and down counts, on it the outage that began first; the cause is whatever that one is a consequence of, down to one
    that is nobody's.
    """
    found = list(outages)
    return _Causes(_mains(found), beneath).of(found)


@dataclass(slots=True)
class _Causes:
    mains: Mapping[int, Open]
    beneath: Callable[[int], Sequence[int]]
    known: dict[int, Open | None] = field(default_factory=dict)

    def of(self, outages: Iterable[Open]) -> Mapping[int, int | None]:
        roots = {one.id: self._root(one) for one in outages}
        return {id_: root.id if root else None for id_, root in roots.items()}

    def _root(self, outage: Open) -> Open | None:
        if outage.id not in self.known:
            nearest = self._nearest(outage)
            self.known[outage.id] = nearest and (self._root(nearest) or nearest)
        return self.known[outage.id]

    def _nearest(self, outage: Open) -> Open | None:
        if not outage.may_follow:
            return None
        down = (self.mains[other] for other in self.beneath(outage.system) if other in self.mains)
        return next((main for main in down if main.since - outage.since <= EARLIER_BY), None)


def _mains(outages: Iterable[Open]) -> dict[int, Open]:
    """The outage that stands for each system that is down."""
    mains: dict[int, Open] = {}
    for one in sorted(outages, key=lambda one: (one.since, one.id)):
        if one.may_cause:
            mains.setdefault(one.system, one)
    return mains


def worse(condition: str, than: str) -> bool:
    """Whether an outage has come to worse."""
    return WORST_LAST.index(condition) > WORST_LAST.index(than)


@dataclass(frozen=True, slots=True)
class Told:
    """What an outage says: the predicate of its sentence, the rule that knows it, its cause and its safe fix."""

    headline: str
    rule: str = ""
    cause: str = ""
    fix: str = ""


_UNASKED = {
    "not-probeable": "Correct the interface's settings, or put the secret's file into the secrets folder; "
    "then probe again.",
    "probe-broke": "Nothing is wrong with the peer as far as we know. Look up the defect in the log of watch.",
}


_DRIFTS = frozenset({("host-silent", "connect-timeout")})


def drifts(before: str, after: str) -> bool:
    """Whether a newer diagnosis of an open outage is only what the fault made of our own probes.

    A process that hangs takes our connections until its queue is full of them, and then none: it hangs all the same,
    and no firewall need be looked at. `before` and `after` are rules of the catalogue.
    """
    return (before, after) in _DRIFTS


def told_of(result: ProbeResult) -> Told:
    """The likeliest cause of a result's first failure. A result without one is of a peer that comes and goes."""
    failure = result.first_failure()
    if failure is None:
        return Told(wording.FLAPS)
    headline = wording.headline(failure.to_json())
    if failure.code in _UNASKED:
        return Told(headline, failure.code, failure.meaning, _UNASKED[failure.code])
    if not result.diagnosis:
        return Told(headline)
    likeliest = result.diagnosis[0]
    return Told(headline, likeliest.rule, likeliest.title, likeliest.fix)
