"""From answers to what we hold true: thresholds, flapping, silence. Pure; times are those of the answers.

One answer is a blip. A standing turns when enough answers in a row speak against it, and is then dated back to the
first of them. The answers of a row need not agree: what all of them bear out is believed, so `degraded, down` is a
degraded, and `down, unknown` is an unknown. Unknown is a condition of its own: it is no step towards up or down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from umlindi.watch.rules.conditions import Condition, worst
from umlindi.watch.rules.plans import Plan, Thresholds

NEWEST = 20
FLAPS_AT = 6
STEADY_AT = 2
"""Changes between up and not up among the newest answers: so many make a peer that flaps, and so few end it."""

_SEVERITY = {Condition.UP: 0, Condition.DEGRADED: 1, Condition.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one probe stands; `models.Probe` keeps these fields and says what they mean."""

    condition: Condition = Condition.UNKNOWN
    since: datetime | None = None
    turning: Condition | None = None
    turning_since: datetime | None = None
    turning_count: int = 0
    recent: int = 0
    recent_count: int = 0
    flapping: bool = False
    probed_at: datetime | None = None

    @property
    def troubled(self) -> bool:
        """Whether it needs to be looked at more often than what works."""
        return self.flapping or self.condition is not Condition.UP


def judge(
    standing: Standing, condition: Condition, at: datetime, thresholds: Thresholds, silence: timedelta
) -> Standing:
    """The standing after one more answer, got at `at`. An answer that is not the newest changes nothing.

    The very first answer is believed at once where it is up. While a peer flaps its condition only worsens; one that
    was up is degraded. After more than `silence` without an answer all that was known is forgotten.
    """
    if standing.probed_at is not None and at <= standing.probed_at:
        return standing
    then = _noted(standing_at(standing, at, silence), condition, at)
    if standing.probed_at is None:
        then = replace(then, since=at)
        if condition is Condition.UP:
            return replace(then, condition=condition)
    return _turned(_rowed(_flapped(then, at), condition, at), condition, at, thresholds)


def standing_at(standing: Standing, now: datetime, silence: timedelta) -> Standing:
    """The standing as it is now: one that has not been confirmed for too long is unknown since its last answer."""
    if standing.probed_at is None or now - standing.probed_at <= silence:
        return standing
    since = standing.since if standing.condition is Condition.UNKNOWN else standing.probed_at
    return Standing(since=since, probed_at=standing.probed_at)


def _noted(standing: Standing, condition: Condition, at: datetime) -> Standing:
    """The answer among the newest. One that says nothing of the peer is not among them."""
    if condition is Condition.UNKNOWN:
        return replace(standing, probed_at=at)
    bit = int(condition is not Condition.UP)
    recent = (standing.recent << 1 | bit) & ((1 << NEWEST) - 1)
    return replace(standing, recent=recent, recent_count=min(standing.recent_count + 1, NEWEST), probed_at=at)


def _rowed(standing: Standing, condition: Condition, at: datetime) -> Standing:
    """The row of newest answers against the standing, and what all of them bear out."""
    if condition is standing.condition:
        return replace(standing, turning=None, turning_since=None, turning_count=0)
    claim = _claim(standing.condition, standing.turning, condition)
    if claim is None:
        return replace(standing, turning=condition, turning_since=at, turning_count=1)
    return replace(standing, turning=claim, turning_count=standing.turning_count + 1)


def _claim(held: Condition, row: Condition | None, newest: Condition) -> Condition | None:
    """What a row and one more answer together say against what is held; None where the answer begins a new row."""
    if row is None or row is newest:
        return row
    if Condition.UNKNOWN in (row, newest):
        return Condition.UNKNOWN
    if _worse(row, held) is not _worse(newest, held):
        return None
    nearer = min if _worse(row, held) else max
    return nearer(row, newest, key=_SEVERITY.__getitem__)


def _worse(condition: Condition, than: Condition) -> bool:
    """Whether it is a turn for the worse. What follows on an unknown time is judged as if that had been well."""
    return _SEVERITY[condition] > _SEVERITY.get(than, 0)


def _flapped(standing: Standing, at: datetime) -> Standing:
    changes = changes_among(standing.recent, standing.recent_count)
    if standing.flapping and changes <= STEADY_AT:
        return replace(standing, flapping=False)
    if standing.flapping or changes < FLAPS_AT or standing.condition is Condition.UNKNOWN:
        return standing
    if standing.condition is not Condition.UP:
        return replace(standing, flapping=True)
    return replace(standing, flapping=True, condition=Condition.DEGRADED, since=at)


def changes_among(recent: int, count: int) -> int:
    """How often the newest answers changed between up and not up."""
    return ((recent ^ recent >> 1) & ((1 << max(count - 1, 0)) - 1)).bit_count()


def _turned(standing: Standing, condition: Condition, at: datetime, thresholds: Thresholds) -> Standing:
    """Believe the row where it is long enough; where the newest answer says more than the row, it begins the next.

    A row that a flapping peer has to wait with makes room for the next all the same.
    """
    claim = standing.turning
    if claim is None or standing.turning_count < _needed(standing.condition, claim, thresholds):
        return standing
    waits = standing.flapping and claim is not Condition.UNKNOWN and not _worse(claim, standing.condition)
    turned = standing if waits else _believed(standing, claim)
    return turned if condition is claim else replace(turned, turning=condition, turning_since=at, turning_count=1)


def _believed(standing: Standing, claim: Condition) -> Standing:
    since = standing.turning_since
    turned = replace(standing, condition=claim, since=since, turning=None, turning_since=None, turning_count=0)
    if claim is Condition.UNKNOWN:
        return replace(turned, recent=0, recent_count=0, flapping=False)
    return turned


def _needed(held: Condition, claim: Condition, thresholds: Thresholds) -> int:
    if claim is Condition.UNKNOWN or _worse(claim, held):
        return thresholds.fail_after
    return thresholds.recover_after


def combined(parts: Mapping[Plan, Standing]) -> tuple[Condition, datetime | None, bool]:
    """An interface's condition from its plans', since when, and whether any of them flaps.

    The worst counts, unknown being worse than up; a plan that was never answered says nothing. The moment is right
    when the condition has just turned: later answers of other plans do not tell when the whole turned.
    """
    known = [part for part in parts.values() if part.probed_at is not None]
    condition = worst(part.condition for part in known)
    flapping = any(part.flapping for part in known)
    if condition is Condition.DOWN:
        return condition, min(_moments(part for part in known if part.condition is condition)), flapping
    return condition, max(_moments(known), default=None), flapping


def _moments(parts: Iterable[Standing]) -> list[datetime]:
    return [part.since for part in parts if part.since is not None]
