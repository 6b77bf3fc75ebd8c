"""How a heartbeat stands, from what was heard of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from umlindi.heartbeats.rules.schedules import Schedule


class State(StrEnum):
    """NEW has never reported and need not yet; LATE is due and within its grace."""

    NEW = "new"
    UP = "up"
    STARTED = "started"
    LATE = "late"
    DOWN = "down"
    PAUSED = "paused"


class Signal(StrEnum):
    """What a ping says."""

    SUCCESS = "success"
    START = "start"
    FAIL = "fail"
    LOG = "log"


class Fault(StrEnum):
    """Why it is down."""

    MISSING = "missing"
    FAILED = "failed"
    OVERRUN = "overrun"


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known. `good_at`: the last success. `failed_at`: the first failure since. `started_at`: the last start
    that nothing ended. `starts`: from when it must report, though it never has, or has been resumed."""

    paused: bool = False
    starts: datetime | None = None
    good_at: datetime | None = None
    failed_at: datetime | None = None
    started_at: datetime | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`since` is from when on it was out of order, for DOWN; `expected` when it should report next, or should have;
    `again_at` when time alone may change the verdict."""

    state: State
    expected: datetime | None = None
    again_at: datetime | None = None
    fault: Fault | None = None
    since: datetime | None = None


def signal_of(exit_code: int) -> Signal:
    """0 is success, anything else a failure, as shells have it."""
    return Signal.FAIL if exit_code else Signal.SUCCESS


def expected_at(schedule: Schedule, heard: Heard) -> datetime | None:
    """When it should report next, or should have; None for one that never has and need not."""
    if heard.starts is not None and (heard.good_at is None or heard.starts > heard.good_at):
        return schedule.due_from(heard.starts)
    return None if heard.good_at is None else schedule.due_after(heard.good_at)


def judge(schedule: Schedule, heard: Heard, now: datetime) -> Verdict:
    """How it stands now. A failure stands until a success, however often it starts anew."""
    if heard.paused:
        return Verdict(State.PAUSED)
    expected = expected_at(schedule, heard)
    if heard.failed_at is not None:
        return Verdict(State.DOWN, expected, None, Fault.FAILED, heard.failed_at)
    limits = _limits(schedule, heard, expected)
    if passed := [limit for limit in limits if now > limit]:
        return Verdict(State.DOWN, expected, None, Fault.OVERRUN if heard.started_at else Fault.MISSING, min(passed))
    changes = limits + ([expected] if expected and expected > now else [])
    return Verdict(_running(heard, expected, now), expected, min(changes, default=None))


def _limits(schedule: Schedule, heard: Heard, expected: datetime | None) -> list[datetime]:
    """Until when what is awaited may come: the report, and the end of what has started."""
    return [moment + schedule.grace for moment in (expected, heard.started_at) if moment is not None]


def _running(heard: Heard, expected: datetime | None, now: datetime) -> State:
    if heard.started_at is not None:
        return State.STARTED
    if expected is not None and now >= expected:
        return State.LATE
    return State.NEW if heard.good_at is None else State.UP


def headline(schedule: Schedule, heard: Heard, verdict: Verdict) -> str:
    """The predicate of a fault's sentence, with times in the schedule's zone."""

    def told(moment: datetime) -> str:
        return f"{moment.astimezone(ZoneInfo(schedule.zone)):%-d %b %H:%M}"

    by = f"expected by {told(verdict.since)}" if verdict.since else "expected"
    match verdict.fault:
        case Fault.FAILED if heard.failed_at is not None:
            code = "" if heard.exit_code is None else f" with exit code {heard.exit_code}"
            return f"reported a failure{code} at {told(heard.failed_at)}"
        case Fault.OVERRUN if heard.started_at is not None:
            return f"started at {told(heard.started_at)} and has not finished; {by}"
    last = f"has not reported since {told(heard.good_at)}" if heard.good_at else "has never reported"
    return f"{last}; {by}, {schedule.in_words()}"
