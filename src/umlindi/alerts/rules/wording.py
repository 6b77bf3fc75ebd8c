"""What a page says to somebody who was asleep: what, since when, who is affected, what first, who else knows.

Only names of what we look after, headlines, titles of causes and next steps: never evidence, never a patient (law 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

MOST_NAMED = 5
LONGEST_FIX = 400


@dataclass(frozen=True, slots=True)
class Told:
    """An alert, for its messages. `next_to` and `next_at` are who is told next if nobody answers; `unanswered_since` is
    when the first of this escalation was told, None where that is this message."""

    severity: str
    title: str
    place: str
    since: datetime
    cause: str
    fix: str
    affected: Sequence[str]
    also: Sequence[str]
    next_to: Sequence[str]
    next_at: datetime | None
    unanswered_since: datetime | None
    late: bool
    zone: tzinfo


def page_subject(told: Told) -> str:
    return f"[{told.severity.upper()}{', LATE' if told.late else ''}] {told.title}"


def page_text(told: Told, now: datetime) -> str:
    """At most a screen."""
    lasting = _lasting(now - told.since)
    lines = [f"{told.title}.", f"{_place(told)}Since {_moment(told.since, told.zone)}, {lasting}."]
    if told.late:
        lines.append("This message is late: it could not be sent before.")
    if told.unanswered_since:
        lines.append(f"Nobody has answered since {_moment(told.unanswered_since, told.zone)}.")
    if told.affected:
        lines.append(f"Affects: {_names(told.affected)}.")
    if told.cause:
        lines.append(f"Likely: {told.cause.rstrip('.')}.")
    if told.fix:
        lines.append(f"First: {_cut(told.fix, LONGEST_FIX)}")
    lines.append(f"Also told: {_names(told.also)}." if told.also else "Nobody else was told so far.")
    if told.next_at and told.next_to:
        lines.append(f"If nobody answers: {_names(told.next_to)} at {told.next_at.astimezone(told.zone):%H:%M}.")
    return "\n".join(lines)


def recovered_subject(told: Told) -> str:
    return f"[OVER] {told.title}"


def recovered_text(told: Told, until: datetime, because: str) -> str:
    """`because`: why it is over where it did not mend."""
    how = f"Over, for {because}" if because else "Over: it works again"
    lasted = _lasting(until - told.since).removeprefix("for ")
    return f"{how}.\nIt was: {told.title}.\n{_place(told)}It lasted {lasted}, until {_moment(until, told.zone)}."


def merged_subject(told: Told, into: str) -> str:
    return f"[MOVED] {told.title}: part of {into}"


def merged_text(told: Told, into: str) -> str:
    return (
        f"{told.title} is not a fault of its own: it hangs on another.\nThe alert goes on as: {into}.\n"
        "You are told of that one if you are on its list. Nothing more comes of this one."
    )


def digest_subject(count: int) -> str:
    return f"Umlindi: {count} small {'matter' if count == 1 else 'matters'} for your attention"


def digest_text(told: Sequence[Told]) -> str:
    """A line each, the oldest first."""
    ordered = sorted(told, key=lambda each: each.since)
    return "\n".join(f"{each.title}. {_place(each)}Since {_moment(each.since, each.zone)}." for each in ordered)


def _place(told: Told) -> str:
    return f"{told.place}. " if told.place else ""


def _moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b, %H:%M}"


def _lasting(time: timedelta) -> str:
    minutes = max(0, int(time.total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 120:
        return f"for {minutes} min"
    hours = minutes // 60
    return f"for {hours} h {minutes % 60} min" if hours < 48 else f"for {hours // 24} days"


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _cut(text: str, most: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1].rstrip() + "…"
