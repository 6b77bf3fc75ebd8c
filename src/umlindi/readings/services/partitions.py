"""Partitions: made ahead and on demand, dropped when a level's time is over."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import takewhile

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from umlindi.readings.rules.levels import DAY, Level, Partition, floor, partition_named, partitions_between
from umlindi.readings.services.apart import apart

logger = logging.getLogger(__name__)

AHEAD = timedelta(days=7)
DROP_PATIENCE = "2s"

ATTACH = """
CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS);
ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('{start}') TO ('{end}');
"""
ATTACHED = """
SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass ORDER BY relname
"""
MARKED = "SELECT EXISTS (SELECT FROM readings_mark WHERE start >= %s AND start < %s)"
RAISE = """
INSERT INTO readings_floor AS kept VALUES (%s, %s)
ON CONFLICT (level) DO UPDATE SET start = greatest(kept.start, excluded.start)
"""


def keep_partitions(now: datetime) -> int:
    """Make those of today and a week ahead, on every level. How many were missing."""
    return ensure([part for level in Level for part in partitions_between(level, now, now + AHEAD)])


def ensure(wanted: Iterable[Partition]) -> int:
    """Make the partitions that are missing. How many were. Safe in any number of processes at once.

    Made beside the parent and then attached: that waits for no reader and no writer, as CREATE … PARTITION OF would.
    """
    parts = {part.name: part for part in wanted}
    with connection.cursor() as cursor:
        if not _missing(cursor, parts):
            return 0
    with apart() as cursor:
        missing = [parts[name] for name in _missing(cursor, parts)]
        for part in missing:
            cursor.execute(ATTACH.format(name=part.name, table=part.level.table, start=part.start, end=part.end))
    return len(missing)


def _missing(cursor: CursorWrapper, names: Iterable[str]) -> list[str]:
    cursor.execute("SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL", [sorted(names)])
    return [name for (name,) in cursor.fetchall()]


def drop_old(now: datetime) -> list[str]:
    """Drop what lies wholly before the floor of its level, then raise the floors. The names of what was dropped.

    In this order, so that whoever was appending when a floor rose has ended when its partition goes. What has readings
    that are not rolled up yet stays. Where a partition is busy for longer than a moment, it and the rest stay until the
    next time: each try holds up whoever comes after it.
    """
    old = [part for level in Level for part in _before_floor(level)]
    dropped = [part.name for part in takewhile(_drop, old)]
    _raise_floors(now)
    return dropped


def floors() -> dict[Level, datetime]:
    """The first moment still kept, of each level that has lost something."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT level, start FROM readings_floor")
        return {Level(level): start for level, start in cursor.fetchall()}


def _before_floor(level: Level) -> list[Partition]:
    at = floors().get(level)
    if at is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(ATTACHED, [level.table])
        parts = [partition_named(level, name) for (name,) in cursor.fetchall()]
    return [part for part in parts if part.end <= at and not _marked(part)]


def _marked(part: Partition) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(MARKED, [part.start, part.end])
        return bool(cursor.fetchone()[0])


def _drop(part: Partition) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [DROP_PATIENCE])
            cursor.execute(f"DROP TABLE {part.name}")
    except OperationalError as error:
        logger.warning("%s is busy and stays until the next time: %s", part.name, error)
        return False
    return True


def _raise_floors(now: datetime) -> None:
    """A level is never kept shorter than the finer one from which it is rolled up."""
    days = 0
    for level in Level:
        days = max(days, settings.READINGS_KEPT_DAYS[level.value])
        with connection.cursor() as cursor:
            cursor.execute(RAISE, [level, floor(now, DAY) - days * DAY])
