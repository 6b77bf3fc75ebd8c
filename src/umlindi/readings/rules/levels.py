"""The three levels at which measurements are kept, and the partitions of each. All in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Level(StrEnum):
    """Single readings, histograms of an hour, histograms of a day."""

    RAW = "reading"
    HOUR = "hour"
    DAY = "day"

    @property
    def table(self) -> str:
        return f"readings_{self.value}"


NAMED = {Level.RAW: "%Y%m%d", Level.HOUR: "%Y%m", Level.DAY: "%Y"}


@dataclass(frozen=True, slots=True)
class Partition:
    """A day of readings, a month of hours or a year of days: `start` is in it, `end` is not."""

    level: Level
    start: datetime
    end: datetime

    @property
    def name(self) -> str:
        return f"{self.level.table}_{self.start.strftime(NAMED[self.level])}"


def partition_of(level: Level, at: datetime) -> Partition:
    """The partition in which a moment lies."""
    day = floor(at, DAY)
    if level is Level.RAW:
        return Partition(level, day, day + DAY)
    if level is Level.HOUR:
        month = day.replace(day=1)
        return Partition(level, month, (month + 32 * DAY).replace(day=1))
    year = day.replace(month=1, day=1)
    return Partition(level, year, year.replace(year=year.year + 1))


def partition_named(level: Level, name: str) -> Partition:
    """The partition with that name."""
    start = datetime.strptime(name.removeprefix(f"{level.table}_"), NAMED[level]).replace(tzinfo=UTC)
    return partition_of(level, start)


def partitions_between(level: Level, start: datetime, end: datetime) -> Iterator[Partition]:
    """Every partition from the one of `start` to the one of `end`."""
    part = partition_of(level, start)
    while part.start <= end:
        yield part
        part = partition_of(level, part.end)


def floor(at: datetime, width: timedelta) -> datetime:
    """The last multiple of `width` since 1970 that is not after `at`."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (at - epoch) // width * width
