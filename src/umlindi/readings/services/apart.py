"""A short transaction beside the caller's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.db.backends.utils import CursorWrapper

LOCK = 7_203_001
PATIENCE = "10s"


@contextmanager
def apart() -> Iterator[CursorWrapper]:
    """A cursor in a transaction of its own, which commits at the end of the block whatever becomes of the caller's. One
    at a time in the whole house.

    For what all share and nobody takes back (a partition, the name of a measure): made in the caller's transaction, its
    lock would hold up every other writer until that one ends, and two could wait for each other.
    """
    own = connection.copy()
    try:
        own.ensure_connection()
        with own.wrap_database_errors, own.connection.transaction(), own.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock(%s)", [PATIENCE, LOCK])
            yield cursor
    finally:
        own.close()
