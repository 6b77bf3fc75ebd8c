"""When a window may be agreed, how it stands, how it repeats, and when it ends early. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from umlindi.uptime.rules.timeline import Period, merged

LATE = timedelta(minutes=5)
"""How long after its start a window may still be entered: a form takes a while to fill in."""
LONGEST = timedelta(days=31)
MOST_WEEKS = 53


class State(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    CLOSED = "closed"
    CANCELLED = "cancelled"


def state_at(noted: State, starts: datetime, ends: datetime, now: datetime) -> State:
    """How a window stands by the clock. What is noted as closed or cancelled stays so, even where clocks jump back."""
    if noted in {State.CLOSED, State.CANCELLED}:
        return noted
    if now >= ends:
        return State.CLOSED
    return State.ACTIVE if now >= starts else State.PLANNED


def complaints(starts: datetime, ends: datetime, now: datetime, began: datetime | None = None) -> dict[str, str]:
    """Why these times cannot be agreed, by field. `began` is the start of a window that is already active.

    A window is agreed beforehand: one entered afterwards would take an outage out of the figures that nobody agreed to.
    """
    found = {}
    if starts != began and starts < now - LATE:
        found["starts"] = "A window is agreed before it begins: this start has passed."
    if began is not None and starts != began:
        found["starts"] = "It has begun: its start stays as it was agreed."
    if ends <= starts:
        found["ends"] = "It must end after it starts."
    elif ends < now:
        found["ends"] = "This end has passed."
    elif ends - starts > LONGEST:
        found["ends"] = f"A window lasts at most {LONGEST.days} days."
    return found


def weekly(starts: datetime, ends: datetime, zone: ZoneInfo, times: int) -> Iterator[tuple[datetime, datetime]]:
    """The window and its repetitions, each a week later by the clock on the wall: across a change to summer time too.

    It lasts as long each time; where the wall clock skips the start, it starts as much later.
    """
    local = starts.astimezone(zone).replace(tzinfo=None)
    for week in range(times):
        begins = (local + timedelta(weeks=week)).replace(tzinfo=zone).astimezone(starts.tzinfo) if week else starts
        yield begins, begins + (ends - starts)


def recovered_at(outs: Sequence[Period], window: Period, grace: timedelta, now: datetime) -> datetime | None:
    """When a window that ends on recovery has done its work: `grace` after the first time that all it covers was up
    again, having been out since it began. None while that has not come, or only after its agreed end.

    `outs` are the times in which anything covered was down or unknown; what is still out reaches to `now`.
    """
    inside = merged(out for out in outs if out.start < window.end and out.end > window.start)
    if not inside:
        return None
    ups = [(first.end, second.start) for first, second in pairwise(inside)]
    ups.append((inside[-1].end, now))
    for since, until in ups:
        if until - since >= grace and since + grace < window.end:
            return since + grace
    return None
