"""When something must report: every so often, or by cron text in a zone.

Cron texts have five fields and follow Debian's cron where the clock changes: what falls into the hour that is left out
runs right after it, what falls into the hour that comes twice runs once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

EARLY = timedelta(minutes=1)
"""A clock may be so far ahead of ours: who reports at 01:59:30 what is due at 02:00 has reported in time."""

_UNITS = {"d": 86400, "h": 3600, "min": 60, "s": 1}
_ONCE = {timedelta(days=1): "day", timedelta(hours=1): "hour", timedelta(minutes=1): "minute"}
_PART = re.compile(r"([0-9]{1,7}) ?(d|h|min|s)")
_LENGTH = re.compile(rf"{_PART.pattern}(?: ?{_PART.pattern})*")


class BadCron(ValueError):
    """The text is no cron schedule, or one that never comes. Its message can be shown."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either `period` or `cron` with its `zone`. `grace` is how long after the due time a report is still in time, and
    how long a run that has started may take."""

    grace: timedelta
    period: timedelta | None = None
    cron: str = ""
    zone: str = "UTC"

    def due_after(self, moment: datetime) -> datetime:
        """When the next report is due after a good one at this moment."""
        if self.period is not None:
            return moment + self.period
        first, second = islice(cron_times(self.cron, self.zone, moment), 2)
        return second if first - moment <= min(EARLY, (second - first) / 4) else first

    def due_from(self, moment: datetime) -> datetime:
        """When the first report is due of something that must report from this moment on."""
        if self.period is not None:
            return moment
        return next(cron_times(self.cron, self.zone, moment - timedelta(microseconds=1)))

    def upcoming(self, moment: datetime, count: int) -> list[datetime]:
        """The next due times, each report given exactly when it is due."""
        if self.period is not None:
            return [moment + self.period * (number + 1) for number in range(count)]
        return list(islice(cron_times(self.cron, self.zone, moment), count))

    def in_words(self) -> str:
        """As it stands in a sentence: "every 2 h", "every day", "at 02:00 every day (Africa/Johannesburg)"."""
        if self.period is not None:
            return f"every {_ONCE.get(self.period) or spelled(self.period)}"
        told = CronSim(self.cron, datetime(2026, 1, 1, tzinfo=UTC)).explain()
        return f"{told[:1].lower()}{told[1:]} ({self.zone})"


def cron_times(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The times of a cron text strictly after a moment, in UTC. Raises `BadCron`."""
    try:
        for local in CronSim(cron, after.astimezone(ZoneInfo(zone))):
            # In an hour that comes twice the second pass would be told the first one's times again.
            if (moment := local.astimezone(UTC)) > after:
                yield moment
    except CronSimError as error:
        raise BadCron(f"not a cron text: {error}") from error


def latest_before(cron: str, moment: datetime) -> datetime:
    """The last time of a cron text in UTC before a moment."""
    latest: datetime = next(CronSim(cron, moment.astimezone(UTC), reverse=True))
    return latest


def check_cron(cron: str, zone: str, now: datetime) -> None:
    """Raises `BadCron` for what is no cron text of five fields, or never comes."""
    if len(cron.split()) != 5:
        raise BadCron("five fields: minute, hour, day of month, month, day of week, such as 0 2 * * *")
    if len(list(islice(cron_times(cron, zone, now), 2))) < 2:
        raise BadCron("this never comes")


def spelled(length: timedelta) -> str:
    """15 min, 2 h, 1 d 12 h: whole units, the two largest."""
    left, parts = int(length.total_seconds()), []
    for unit, size in _UNITS.items():
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def length_of(text: str) -> timedelta:
    """The reverse of `spelled`: "90 min", "1 d 12 h", "45s". Raises ValueError for anything else."""
    if not _LENGTH.fullmatch(text.strip()):
        raise ValueError("a number and d, h, min or s, such as 90 min or 1 d 12 h")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(text))
    return timedelta(seconds=seconds)
