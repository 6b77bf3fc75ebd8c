"""Readings become histograms of an hour, and those become histograms of a day."""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DataError, ProgrammingError, connection, transaction

from umlindi.readings.rules.levels import DAY, HOUR, Level, partition_of
from umlindi.readings.services.partitions import ensure

logger = logging.getLogger(__name__)

ROLLING = 7_203_002
MEMORY = "128MB"

PREPARE = "SELECT pg_advisory_xact_lock(%s), set_config('work_mem', %s, true)"
MARKED = "SELECT DISTINCT start FROM readings_mark WHERE level = %s AND start <= %s ORDER BY start"
SUMMARIZE = "SELECT brin_summarize_new_values(to_regclass(%s))"
UNMARK = "DELETE FROM readings_mark WHERE level = %s AND start = %s"
MARK = "INSERT INTO readings_mark VALUES (%s, %s)"

FROM_READINGS = """
SELECT interface, measure, readings_bucket(value) AS bucket, count(*)::integer AS n,
  sum(value::float8) AS total, min(value) AS least, max(value) AS greatest
FROM readings_value WHERE at >= %(start)s AND at < %(end)s
GROUP BY 1, 2, 3
"""
FROM_HOURS = """
SELECT interface, measure, bucket, sum(n)::integer AS n,
  sum(part) AS total, min(least) AS least, max(greatest) AS greatest
FROM readings_hour, unnest(buckets, counts, ARRAY[total]) AS each (bucket, n, part)
WHERE start >= %(start)s AND start < %(end)s
GROUP BY 1, 2, 3
"""
ROLL = """
INSERT INTO {table} (start, interface, measure, count, total, least, greatest, buckets, counts)
SELECT %(start)s, interface, measure, sum(n), sum(total), min(least), max(greatest), array_agg(bucket), array_agg(n)
FROM ({source}) AS bucketed
GROUP BY interface, measure
ON CONFLICT (interface, measure, start) DO UPDATE SET
  count = excluded.count, total = excluded.total, least = excluded.least, greatest = excluded.greatest,
  buckets = excluded.buckets, counts = excluded.counts
"""
ROLLS = {
    Level.HOUR: ROLL.format(table="readings_hour", source=FROM_READINGS),
    Level.DAY: ROLL.format(table="readings_day", source=FROM_HOURS),
}
LENGTH = {Level.HOUR: HOUR, Level.DAY: DAY}


def roll_up(now: datetime) -> int:
    """Bring the histograms of every hour and day that has ended up to date. How many of them had to be written.

    Written anew from all that is there, so that doing it twice changes nothing. Each is a transaction of its own; what
    comes in meanwhile leaves a mark for the next time. One that cannot be rolled up keeps none of the others back, and
    its error is raised at the end.
    """
    done, broken = 0, None
    for level in ROLLS:
        for start in _marked(level, now):
            try:
                done += _roll(level, start)
            except (DataError, ProgrammingError) as error:
                logger.exception("the %s from %s cannot be rolled up", level, start)
                broken = error
    if broken is not None:
        raise broken
    return done


def _marked(level: Level, now: datetime) -> list[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(MARKED, [level, now - LENGTH[level]])
        return [start for (start,) in cursor.fetchall()]


def _roll(level: Level, start: datetime) -> bool:
    """False where another process was quicker.

    The mark goes first: a reading whose mark this sees is then seen too, and one that is not seen keeps its mark.
    """
    ensure([partition_of(level, start)])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PREPARE, [ROLLING, MEMORY])
        cursor.execute(UNMARK, [level, start])
        if not cursor.rowcount:
            return False
        cursor.execute(SUMMARIZE, [_source_index(level, start)])
        cursor.execute(ROLLS[level], {"start": start, "end": start + LENGTH[level]})
        if level is Level.HOUR:
            cursor.execute(MARK, [Level.DAY, partition_of(Level.RAW, start).start])
    return True


def _source_index(level: Level, start: datetime) -> str:
    """The index on time of the partition that is rolled up, as PostgreSQL names it. Pages that are not summed up in it
    yet would be read for every hour of the day."""
    if level is Level.HOUR:
        return f"{partition_of(Level.RAW, start).name}_at_idx"
    return f"{partition_of(Level.HOUR, start).name}_start_idx"
