"""The web server waits for the database for a while, and no longer: a frozen one must not hold all of its threads."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.errors import _WaitTimeout

CONNECT_S = 3
STATEMENT_S = 20
SILENT_S = 25
"""Longer than a statement may take: whatever is merely slow is ended by the server, which says so."""


def wait_no_longer() -> None:
    """For every connection that this process opens from now on."""
    options = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    options["connect_timeout"] = CONNECT_S
    options["options"] = f"{options.get('options', '')} -c statement_timeout={STATEMENT_S}s".strip()
    connection_created.connect(_bound, dispatch_uid="web.database")


def _bound(connection: BaseDatabaseWrapper, **_: object) -> None:
    if isinstance(connection.connection, psycopg.Connection):
        bound(connection.connection, SILENT_S)


def bound(connection: psycopg.Connection[Any], seconds: float) -> None:
    """Where nothing is heard for so long the connection ends with OperationalError, as if the server had hung up.

    A server that is stopped as a whole keeps neither its own timeouts nor TCP from acknowledging.
    """
    patient = connection.wait

    def wait(gen: Generator[Any, Any, Any], *given: Any, **named: Any) -> Any:
        try:
            return patient(gen, *given, **{"timeout": seconds} | named)
        except _WaitTimeout as error:
            connection.close()
            raise psycopg.OperationalError(f"the database has not answered for {seconds:g} s") from error

    connection.wait = wait  # type: ignore[method-assign]
