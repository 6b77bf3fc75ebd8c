"""The few things that thousands of answers have in common, each stored once: names of measures, and shapes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from umlindi.readings.rules.answers import LONGEST_CODE, Reading
from umlindi.readings.services.apart import apart


class Shape(NamedTuple):
    """All of an answer but when it came, from whom, and what it measured. `measures` in order of name."""

    plan: str
    condition: str
    code: str
    measures: tuple[str, ...]

    @classmethod
    def of(cls, reading: Reading, measures: Iterable[str]) -> Shape:
        return cls(reading.plan, reading.condition, reading.code[:LONGEST_CODE], tuple(measures))


FIND_MEASURES = "SELECT name, id FROM readings_measure WHERE name = ANY(%s)"
ADD_MEASURES = "INSERT INTO readings_measure (name) SELECT unnest(%s::text[])"
FIND_SHAPES = "SELECT plan, condition, code, measures, id FROM readings_shape WHERE code = ANY(%s)"
ADD_SHAPE = "INSERT INTO readings_shape (plan, condition, code, measures) VALUES (%s, %s, %s, %s::smallint[])"


def shape_ids(shapes: Iterable[Shape]) -> dict[Shape, int]:
    """The id of each shape; one that was never seen is given one."""
    wanted = set(shapes)
    measures = _measure_ids({name for shape in wanted for name in shape.measures})
    with connection.cursor() as cursor:
        found = _find_shapes(cursor, wanted, measures)
    if len(found) == len(wanted):
        return found
    with apart() as cursor:
        known = _find_shapes(cursor, wanted, measures)
        for new in wanted - known.keys():
            ids = [measures[name] for name in new.measures]
            cursor.execute(ADD_SHAPE, [new.plan, new.condition, new.code, ids])
        return _find_shapes(cursor, wanted, measures)


def _find_shapes(cursor: CursorWrapper, wanted: set[Shape], measures: dict[str, int]) -> dict[Shape, int]:
    cursor.execute(FIND_SHAPES, [sorted({shape.code for shape in wanted})])
    known = {(plan, condition, code, tuple(ids)): id_ for plan, condition, code, ids, id_ in cursor.fetchall()}
    keys = {shape: tuple(measures[name] for name in shape.measures) for shape in wanted}
    found = {shape: known.get((shape.plan, shape.condition, shape.code, ids)) for shape, ids in keys.items()}
    return {shape: id_ for shape, id_ in found.items() if id_ is not None}


def _measure_ids(names: set[str]) -> dict[str, int]:
    with connection.cursor() as cursor:
        found = _find_measures(cursor, names)
    if len(found) == len(names):
        return found
    with apart() as cursor:
        cursor.execute(ADD_MEASURES, [sorted(names - _find_measures(cursor, names).keys())])
        return _find_measures(cursor, names)


def _find_measures(cursor: CursorWrapper, names: set[str]) -> dict[str, int]:
    cursor.execute(FIND_MEASURES, [sorted(names)])
    return dict(cursor.fetchall())
