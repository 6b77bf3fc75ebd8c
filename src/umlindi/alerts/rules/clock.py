"""A1: from detection to a person's answer, with a target of fifteen minutes (the brief, obligation A1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

ANSWER_WITHIN = timedelta(minutes=15)


class Verdict(StrEnum):
    """`OPEN` is the only one that may still change. See `docs/alerts.md` for which count against the target."""

    OPEN = "open"
    MET = "met"
    MISSED = "missed"
    RECOVERED = "recovered"
    MUTED = "muted"
    MERGED = "merged"
    UNKNOWN = "unknown"


def verdict(
    detected: datetime,
    due: datetime,
    now: datetime,
    *,
    answered: datetime | None = None,
    muted: datetime | None = None,
    resolved: datetime | None = None,
    merged: bool = False,
) -> Verdict:
    """What became of one alert's clock by `now`.

    An answer before the detection is a clock that was set: unknown. One that was muted before the time was up, and
    until then not answered, is set apart; so is what was over by itself in that time.
    """
    if merged:
        return Verdict.MERGED
    if answered is not None:
        return Verdict.UNKNOWN if answered < detected else _by(answered, due, muted)
    if muted is not None and muted <= due:
        return Verdict.MUTED
    ended = resolved if resolved is not None else now
    if ended > due:
        return Verdict.MISSED
    return Verdict.RECOVERED if resolved is not None else Verdict.OPEN


def _by(answered: datetime, due: datetime, muted: datetime | None) -> Verdict:
    if answered <= due:
        return Verdict.MET
    return Verdict.MUTED if muted is not None and muted <= due else Verdict.MISSED
