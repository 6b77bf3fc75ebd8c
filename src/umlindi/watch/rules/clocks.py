"""What a clock that was set, and a fault that lasts, do to a schedule. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from umlindi.watch.rules.conditions import Condition
from umlindi.watch.rules.standing import Standing

TICK = timedelta(microseconds=1)
LASTING = 20
LONGER = 1.5
"""What has been down for so many intervals is asked so much less often: its return is still seen within two intervals,
and a site that is away does not hold for ever the places that others could use."""


def rewound(standing: Standing, at: datetime) -> Standing:
    """A standing from a time that has not come, as if it were of the moment before `at`: the clock was set back."""
    before = at - TICK

    def clamped(moment: datetime | None) -> datetime | None:
        return None if moment is None else min(moment, before)

    return replace(
        standing,
        since=clamped(standing.since),
        turning_since=clamped(standing.turning_since),
        probed_at=clamped(standing.probed_at),
    )


def backed_off(due: datetime, standing: Standing, at: datetime, interval: timedelta) -> datetime:
    """When to ask again what would be due then, after an answer at `at`: later, where it has been down for long."""
    if standing.condition is not Condition.DOWN or standing.turning or standing.since is None:
        return due
    return at + (due - at) * LONGER if at - standing.since > interval * LASTING else due
