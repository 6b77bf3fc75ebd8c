"""Histograms of any interfaces over any period, gathered from whichever level answers for each part of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from umlindi.readings.rules.histograms import Histogram
from umlindi.readings.rules.levels import Level
from umlindi.readings.rules.periods import Kept, Piece, pieces

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER = timedelta(days=365_000)

MEASURES = "SELECT id, name FROM readings_measure WHERE name = ANY(%s)"
KEPT = """
SELECT DISTINCT 'mark', level, start FROM readings_mark UNION ALL SELECT 'floor', level, start FROM readings_floor
"""

RAW_PART = """
SELECT at, measure, readings_bucket(value) AS bucket, 1 AS n, value::float8 AS part, value AS least, value AS greatest
FROM readings_value
WHERE interface = ANY(%s) AND measure = ANY(%s) AND at >= %s AND at < %s
"""
HISTOGRAM_PART = """
SELECT start AS at, measure, bucket, n, part, least, greatest
FROM {table}, unnest(buckets, counts, ARRAY[total]) AS each (bucket, n, part)
WHERE interface = ANY(%s) AND measure = ANY(%s) AND start >= %s AND start < %s
"""
PARTS = {level: HISTOGRAM_PART.format(table=level.table) for level in Level} | {Level.RAW: RAW_PART}
GATHER = """
SELECT step, measure, array_agg(bucket), array_agg(n), sum(part), min(least), max(greatest)
FROM (
  SELECT date_bin(make_interval(secs => %s), at, %s) AS step, measure, bucket,
    sum(n) AS n, sum(part) AS part, min(least) AS least, max(greatest) AS greatest
  FROM ({parts}) AS gathered
  GROUP BY 1, 2, 3
) AS bucketed
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to gather: of which interfaces, which measures, from `start` up to but not including `end`; in steps of
    `step` from 1970 on, from histograms no longer than `coarsest`."""

    interfaces: Collection[int]
    measures: Collection[str]
    start: datetime
    end: datetime
    step: timedelta = FOREVER
    coarsest: Level = Level.DAY


def gather(wanted: Wanted) -> dict[tuple[datetime, str], Histogram]:
    """A histogram for each step, by its start, and measure; none where nothing was measured."""
    names = _names(wanted.measures)
    parts = pieces(wanted.start, wanted.end, _kept(), wanted.coarsest)
    if not names or not parts:
        return {}
    return {
        (step, names[measure]): Histogram(dict(zip(buckets, numbers, strict=True)), total, least, greatest)
        for step, measure, buckets, numbers, total, least, greatest in _rows(wanted, list(names), parts)
    }


def _names(measures: Collection[str]) -> dict[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(MEASURES, [list(measures)])
        return dict(cursor.fetchall())


def _kept() -> Kept:
    with connection.cursor() as cursor:
        cursor.execute(KEPT)
        rows = cursor.fetchall()
    marks, floors = ([(level, start) for kind, level, start in rows if kind == wanted] for wanted in ("mark", "floor"))
    return Kept(
        marked_hours=frozenset(start for level, start in marks if level == Level.HOUR),
        marked_days=frozenset(start for level, start in marks if level == Level.DAY),
        raw_from=dict(floors).get(Level.RAW),
        hours_from=dict(floors).get(Level.HOUR),
    )


def _rows(wanted: Wanted, measures: list[int], parts: list[Piece]) -> list[tuple[Any, ...]]:
    sql = GATHER.format(parts=" UNION ALL ".join(PARTS[part.level] for part in parts))
    interfaces = list(wanted.interfaces)
    each = [value for part in parts for value in (interfaces, measures, part.start, part.end)]
    with connection.cursor() as cursor:
        cursor.execute(sql, [wanted.step.total_seconds(), EPOCH, *each])
        return list(cursor.fetchall())
