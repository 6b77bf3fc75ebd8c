"""Run by the supervisor as `python -m umlindi.cli.prepare`: migrate, and make the first administrator.

Speaks JSON lines on standard output; `umlindi.house.schema` reads them.
"""

from __future__ import annotations

import json
import sys

import django
from django.core.management import call_command
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor

from umlindi.house.errors import DatabaseError, HouseError, SchemaMismatch


def main() -> None:
    django.setup()
    try:
        _check_connection()
        _migrate()
    except HouseError as error:
        _tell(error=str(error))
        sys.exit(error.exit_code)
    _tell(password=_first_admin())


def _check_connection() -> None:
    try:
        connection.ensure_connection()
    except OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseError(f"The database that DATABASE_URL names cannot be reached: {reason}") from error


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    _refuse_newer_schema(executor)
    try:
        executor.loader.check_consistent_history(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            _tell(say=f"bringing the database up to this version ({len(plan)} migrations)")
            call_command("migrate", interactive=False, verbosity=0)
    except (InconsistentMigrationHistory, ProgrammingError, OperationalError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SchemaMismatch(f"The database's schema cannot be brought up to this version: {reason}") from error


def _refuse_newer_schema(executor: MigrationExecutor) -> None:
    """Migrations that were applied and that this code has never heard of, squashed ones included."""
    loader = executor.loader
    known = set(loader.disk_migrations)
    known |= {replaced for migration in loader.disk_migrations.values() for replaced in migration.replaces}
    unknown = sorted(set(loader.applied_migrations) - known)
    if unknown:
        app, name = unknown[-1]
        raise SchemaMismatch(
            f"The database was made by another version of Umlindi, which knows {app}.{name}: "
            "start that version, or restore a backup made before it."
        )


def _first_admin() -> str | None:
    from umlindi.accounts.services import ensure_first_admin

    return ensure_first_admin()


def _tell(**message: str | None) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
