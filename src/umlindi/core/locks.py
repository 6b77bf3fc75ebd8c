"""One process at a time, by the database's own locks."""

from __future__ import annotations

from django.db import connection


def is_mine(lock: int) -> bool:
    """Take an advisory lock until the transaction ends, without waiting. False: another has it, and does the work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock])
        mine: bool = cursor.fetchone()[0]
        return mine
