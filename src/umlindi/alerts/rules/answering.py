"""How long an answer holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from umlindi.oncall.rules.severity import Severity

LONGEST = timedelta(days=7)
USUAL: Mapping[Severity, timedelta] = {
    Severity.CRITICAL: timedelta(hours=1),
    Severity.HIGH: timedelta(hours=4),
    Severity.MEDIUM: timedelta(days=1),
    Severity.LOW: timedelta(days=7),
}


class NoReason(Exception):
    """An answer says why."""


class BadDeadline(Exception):
    """A deadline lies ahead, and at most LONGEST ahead."""


def usual_deadline(severity: str, now: datetime) -> datetime:
    """Until when an acknowledgement holds where nobody says."""
    return now + USUAL[Severity(severity)]


def checked_reason(reason: str) -> str:
    """Without blanks around it. Raises `NoReason`."""
    if not reason.strip():
        raise NoReason
    return reason.strip()


def checked_deadline(until: datetime, now: datetime) -> datetime:
    """Raises `BadDeadline`."""
    if not now < until <= now + LONGEST:
        raise BadDeadline
    return until
