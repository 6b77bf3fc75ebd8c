"""Readings go in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection, transaction

from umlindi.readings.rules.answers import Reading, storable
from umlindi.readings.rules.levels import Level, partition_of
from umlindi.readings.services.names import Shape, shape_ids
from umlindi.readings.services.partitions import ensure, floors

logger = logging.getLogger(__name__)

COPY = "COPY readings_reading (at, interface, shape, measured) FROM STDIN"
PRESENT = """
SELECT reading.at, reading.interface, reading.shape
FROM unnest(%s::timestamptz[], %s::integer[]) AS new (at, interface)
JOIN readings_reading AS reading ON reading.interface = new.interface AND reading.at = new.at
WHERE reading.at BETWEEN %s AND %s
"""
MARK = "INSERT INTO readings_mark SELECT %s, unnest(%s::timestamptz[])"
REFUSE = """
INSERT INTO readings_refused AS refused VALUES (%s, %s)
ON CONFLICT (day) DO UPDATE SET count = refused.count + excluded.count
"""


class Key(NamedTuple):
    """What makes a reading the same as another."""

    at: datetime
    interface: int
    shape: int


def append(readings: Iterable[Reading]) -> int:
    """Put readings into the store, each into its own day, in the caller's transaction. How many went in.

    In any order, also late ones; what is already there is not added again, so that a spool may be played back twice.
    What is older than the raw level's floor is refused, counted and told in the log.
    """
    given = list(readings)
    fresh = _above_floor(given)
    measured = [(reading, storable(reading.values)) for reading in fresh]
    shapes = [Shape.of(reading, values) for reading, values in measured]
    ids = shape_ids(shapes)
    rows = {
        Key(reading.at, reading.interface, ids[shape]): values
        for (reading, values), shape in zip(measured, shapes, strict=True)
    }
    return _write(rows) if rows else 0


def _above_floor(readings: list[Reading]) -> list[Reading]:
    bottom = floors().get(Level.RAW)
    fresh = [reading for reading in readings if bottom is None or reading.at >= bottom]
    if refused := len(readings) - len(fresh):
        logger.warning("refused %d readings from before %s, which is no longer kept", refused, bottom)
        with connection.cursor() as cursor:
            cursor.execute(REFUSE, [datetime.now(UTC).date(), refused])
    return fresh


def _write(rows: Mapping[Key, Mapping[str, float]]) -> int:
    hours = _hours(rows)
    ensure(partition_of(Level.RAW, hour) for hour in hours)
    with transaction.atomic():
        present = _present(rows)
        lines = [_line(key, values) for key, values in rows.items() if key not in present]
        with connection.cursor() as cursor, connection.wrap_database_errors:
            with cursor.copy(COPY) as copy:
                copy.write("".join(lines))
            cursor.execute(MARK, [Level.HOUR, hours])
    return len(lines)


def _hours(rows: Iterable[Key]) -> list[datetime]:
    """The hours that the rows lie in. By seconds: a batch has thousands of moments in one or two hours."""
    starts = {int(key.at.timestamp()) // 3600 * 3600 for key in rows}
    return [datetime.fromtimestamp(start, UTC) for start in sorted(starts)]


def _present(rows: Iterable[Key]) -> set[Key]:
    moments, interfaces, _ = zip(*rows, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(PRESENT, [list(moments), list(interfaces), min(moments), max(moments)])
        return {Key(*row) for row in cursor.fetchall()}


def _line(key: Key, values: Mapping[str, float]) -> str:
    """A row in COPY's text format: dates and numbers only, so that nothing needs escaping."""
    measured = ",".join(map(repr, values.values()))
    return f"{key.at.isoformat()}\t{key.interface}\t{key.shape}\t{{{measured}}}\n"
