"""Single readings, and how fast they come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection

from umlindi.readings.rules.answers import Reading

RECENT = """
SELECT at, plan, condition, code, ARRAY(
    SELECT name FROM unnest(measures) WITH ORDINALITY AS each (id, place)
    JOIN readings_measure USING (id) ORDER BY place
  ), measured
FROM readings_reading JOIN readings_shape AS shape ON shape.id = shape
WHERE interface = %s AND at >= %s
ORDER BY at DESC
LIMIT %s
"""
MEASURES_OF = """
SELECT name FROM readings_measure AS measure
WHERE id IN (SELECT measure FROM readings_hour WHERE interface = %(interface)s AND start >= %(since)s AND measure <> 0)
  OR id IN (
    SELECT unnest(measures) FROM readings_shape WHERE id IN (
      SELECT shape FROM readings_reading
      WHERE interface = %(interface)s AND at >= %(since)s ORDER BY at DESC LIMIT 200))
ORDER BY name
"""
PACE = "SELECT count(*) FROM readings_reading WHERE interface = ANY(%s) AND at >= %s AND at < %s"


def recent(interface: int, since: datetime, limit: int) -> list[Reading]:
    """The newest answers of an interface, newest first, none older than `since`."""
    with connection.cursor() as cursor:
        cursor.execute(RECENT, [interface, since, limit])
        return [
            Reading(interface, plan, at, condition, code, dict(zip(names, measured, strict=True)))
            for at, plan, condition, code, names, measured in cursor.fetchall()
        ]


def measures_of(interface: int, since: datetime) -> list[str]:
    """What was measured of an interface since then, by name: in hours that are rolled up, and in its newest answers."""
    with connection.cursor() as cursor:
        cursor.execute(MEASURES_OF, {"interface": interface, "since": since})
        return [name for (name,) in cursor.fetchall()]


def pace(interfaces: Collection[int], now: datetime, window: timedelta = timedelta(minutes=1)) -> float:
    """Answers a second of these interfaces in the window before `now`."""
    with connection.cursor() as cursor:
        cursor.execute(PACE, [list(interfaces), now - window, now])
        return float(cursor.fetchone()[0] / window.total_seconds())


def refused() -> int:
    """How many readings have come too late to be kept, ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(count), 0) FROM readings_refused")
        return int(cursor.fetchone()[0])
