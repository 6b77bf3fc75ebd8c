"""Probing a database through SQLAlchemy: connect, one round trip, one configured query.

The drivers block, so each call runs in a thread that the deadline may abandon; their own time-outs end it soon after.
No driver's text is passed on: it may quote a password or a patient. Codes and our own words are.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from umlindi.probes import Deadline, Fault, Ladder, Layer, Permanent, ProbeResult, Retriable
from umlindi.probes.transport import in_thread, reach, skip_all

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

T = TypeVar("T")

_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "mssql": "mssql+pytds",
}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433}
_ROWS_AT_MOST = 1000
_UPPER = [(name, Layer.APPLICATION) for name in ("connect", "roundtrip", "query")]

# SQLSTATE by class, then by exact code (ISO/IEC 9075; PostgreSQL appendix A).
STATES = {
    "08": "the connection to the database failed",
    "22": "the query meets data of the wrong kind",
    "25": "the transaction's state does not permit this",
    "28": "the user is not accepted",
    "3D": "the database does not exist",
    "3F": "the schema does not exist",
    "40": "the transaction was rolled back by another",
    "42": "the query has a mistake, or the user lacks a right",
    "53": "the database is out of resources",
    "57": "an administrator intervened or the database is not ready",
    "58": "the database met a system error",
    "XX": "the database met an internal error",
    "28000": "the server admits no connection of this user from here",
    "28P01": "the password is wrong",
    "42501": "the user lacks the right",
    "42601": "the query has a syntax error",
    "42703": "the query names a column that does not exist",
    "42P01": "the query names a table that does not exist",
    "53100": "the database's disk is full",
    "53200": "the database is out of memory",
    "53300": "the database has no connection left to give",
    "57014": "the query was cancelled, by its time limit or by somebody",
    "57P01": "the database is being shut down",
    "57P03": "the database is starting up and takes no connections yet",
}
_RETRIABLE_CLASSES = frozenset({"08", "40", "53", "57", "58"})
# Numbers of MySQL/MariaDB (1044…) and of SQL Server (207…).
NUMBERS = {
    1040: "the database has no connection left to give",
    1044: "the user lacks the right to that database",
    1045: "user or password is wrong",
    1049: "the database does not exist",
    1054: "the query names a column that does not exist",
    1064: "the query has a syntax error",
    1146: "the query names a table that does not exist",
    2003: "the database does not accept connections",
    2006: "the database closed the connection",
    2013: "the database closed the connection during the query",
    207: "the query names a column that does not exist",
    208: "the query names a table that does not exist",
    229: "the user lacks the right",
    4060: "the database does not exist or the user lacks the right",
    18456: "user or password is wrong",
}
# sqlite3's result codes by name.
NAMES = {
    "SQLITE_CANTOPEN": "the file is not there or may not be opened",
    "SQLITE_NOTADB": "the file is not an SQLite database",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_BUSY": "the database is locked by another process",
    "SQLITE_READONLY": "the query would write, and a probe only reads",
    "SQLITE_ERROR": "the query has a mistake",
}
_RETRIABLE_NUMBERS = frozenset({1040, 2003, 2006, 2013})
# libpq gives no SQLSTATE while connecting, only the server's text (English, as its lc_messages has it).
_LIBPQ_TEXTS = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28000"),
    ("role ", "28000"),
    ("database ", "3D000"),
    ("too many clients", "53300"),
    ("connection slots", "53300"),
    ("starting up", "57P03"),
    ("shutting down", "57P01"),
)

# What the drivers' parsers trip over where the peer is no database at all; SQLAlchemy passes these through.
_TRIPPED = (AssertionError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class SqlTarget:
    """A SQLAlchemy URL and, if wished, a query that only reads. The URL's password is in no output.

    Raises ValueError where the URL cannot be read or its database has no driver here.
    """

    url: str = field(repr=False)
    query: str | None = None
    samples: int = 3

    def __post_init__(self) -> None:
        parsed(self.url)


def parsed(text: str) -> URL:
    """The URL with the driver we ship. Raises ValueError that does not repeat the text, which holds a password."""
    from sqlalchemy import make_url  # noqa: PLC0415 - 200 ms that only this probe needs
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415

    try:
        url = make_url(text)
        url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
        url.get_dialect().import_dbapi()
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ValueError(
            "not a database URL (dialect://user:password@host/database) with a driver known here"
        ) from error
    return url


async def probe(target: SqlTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve and tcp (where the URL names a host), connect, roundtrip, query."""
    url = parsed(target.url)
    ladder = Ladder("sql", _shown(url))
    if url.host:
        port = url.port or _PORTS.get(url.get_backend_name(), 0)
        if await reach(ladder, url.host, port, deadline, samples=target.samples) is None:
            skip_all(ladder, _UPPER)
            return ladder.result()
    engine = _engine(url, deadline)
    connection = await _connect(ladder, engine, deadline)
    if connection is None:
        skip_all(ladder, _UPPER[1:])
    else:
        await _ask(ladder, connection, target, deadline)
    return ladder.result()


def _shown(url: URL) -> str:
    """Without user, password, options and the folder of a socket: this is stored and shown."""
    if not url.host and url.get_backend_name() in _PORTS:
        return f"{url.get_backend_name()} socket/{url.database or ''}"
    where = f"{url.host or ''}{f':{url.port}' if url.port else ''}"
    return f"{url.get_backend_name()}://{where}/{url.database or ''}"


def _engine(url: URL, deadline: Deadline) -> Engine:
    from sqlalchemy import create_engine  # noqa: PLC0415 - see above
    from sqlalchemy.pool import NullPool  # noqa: PLC0415

    limits = _limits(url, deadline)
    return create_engine(
        _read_only(url), poolclass=NullPool, pool_reset_on_return=None, connect_args=limits, hide_parameters=True
    )


def _read_only(url: URL) -> URL:
    """SQLite would create a file that is not there."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    return url.set(database=Path(url.database).absolute().as_uri(), query={"mode": "ro", "uri": "true"})


def _limits(url: URL, deadline: Deadline) -> dict[str, Any]:
    """What each driver calls its time-outs, so that an abandoned thread ends by itself."""
    seconds = max(1, math.ceil(deadline.left()))
    limits: dict[str, dict[str, Any]] = {
        "postgresql": {"connect_timeout": max(2, seconds), "options": f"-c statement_timeout={seconds * 1000}"},
        "mysql": {"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds},
        "mssql": {"login_timeout": seconds, "timeout": seconds},
        "sqlite": {"timeout": seconds, "check_same_thread": False},
    }
    backend = url.get_backend_name()
    return limits.get("mysql" if backend == "mariadb" else backend, {})


async def _connect(ladder: Ladder, engine: Engine, deadline: Deadline) -> Connection | None:
    with ladder.step("connect", Layer.APPLICATION) as rung:
        connection = await _blocking(engine.connect, "connecting to the database", deadline)
        version = engine.dialect.server_version_info or ()
        ladder.facts["server"] = f"{engine.dialect.name} {'.'.join(map(str, version))}".strip()
        rung.says("", ladder.facts["server"])
        return connection
    return None


async def _ask(ladder: Ladder, connection: Connection, target: SqlTarget, deadline: Deadline) -> None:
    await _roundtrip(ladder, connection, deadline)
    if target.query is None:
        ladder.skip("query", Layer.APPLICATION, "no query is configured")
    elif ladder.broken:
        skip_all(ladder, _UPPER[2:])
    else:
        await _query(ladder, connection, target.query, deadline)
    # Dropped without COMMIT, so the server rolls back. A call that timed out still holds its connection: the driver's
    # own time-out ends both.
    if deadline.left():
        await in_thread(connection.invalidate)


async def _roundtrip(ladder: Ladder, connection: Connection, deadline: Deadline) -> None:
    """The second SELECT 1 is timed: the first also pays for what the driver does once per connection."""
    with ladder.step("roundtrip", Layer.APPLICATION) as rung:
        await _blocking(partial(_run, connection, "SELECT 1"), "waiting for SELECT 1", deadline)
        began = time.perf_counter()
        await _blocking(partial(_run, connection, "SELECT 1"), "waiting for SELECT 1", deadline)
        rung.ms = (time.perf_counter() - began) * 1000
        rung.says("", "SELECT 1 was answered")


async def _query(ladder: Ladder, connection: Connection, query: str, deadline: Deadline) -> None:
    with ladder.step("query", Layer.APPLICATION) as rung:
        rows, value = await _blocking(partial(_run, connection, query), "waiting for the configured query", deadline)
        rung.says("", f"{rows} row{'s' * (rows != 1)}", rows=rows, **({} if value is None else {"value": value}))


def _run(connection: Connection, query: str) -> tuple[int, int | float | None]:
    """Rows (counted to a bound) and the first value where it is a number; text is not kept, it may be a name."""
    from sqlalchemy import text  # noqa: PLC0415 - see above

    result = connection.execute(text(query))
    rows = result.fetchmany(_ROWS_AT_MOST) if result.returns_rows else []
    first = rows[0][0] if rows else None
    return len(rows), first if isinstance(first, int | float) else None


async def _blocking(call: Callable[[], T], doing: str, deadline: Deadline) -> T:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - see above

    async with deadline.guard(Layer.APPLICATION, doing):
        try:
            return await in_thread(call)
        except SQLAlchemyError as error:
            raise database_fault(getattr(error, "orig", None) or error, doing) from None
        except _TRIPPED as error:
            meaning = f"what answers does not speak this database's protocol ({doing})"
            raise Permanent(Layer.APPLICATION, "NOT-DATABASE", meaning, driver_error=type(error).__name__) from None


def database_fault(error: BaseException, doing: str) -> Fault:
    """A driver's error by SQLSTATE or number. The error itself is not chained: its text may hold a secret."""
    state = getattr(error, "sqlstate", None) or _state_of_text(error)
    if state:
        meaning = STATES.get(state) or STATES.get(state[:2]) or "the database refused"
        kind = Retriable if state[:2] in _RETRIABLE_CLASSES else Permanent
        return kind(Layer.APPLICATION, state, f"{meaning} ({doing})")
    name = getattr(error, "sqlite_errorname", None)
    if name:
        kind = Retriable if name == "SQLITE_BUSY" else Permanent
        return kind(Layer.APPLICATION, name, f"{NAMES.get(name, 'the database refused')} ({doing})")
    number = _number(error)
    if number is not None:
        kind = Retriable if number in _RETRIABLE_NUMBERS else Permanent
        return kind(Layer.APPLICATION, str(number), f"{NUMBERS.get(number, 'the database refused')} ({doing})")
    return Retriable(Layer.APPLICATION, type(error).__name__, f"the database driver gave up while {doing}")


def _state_of_text(error: BaseException) -> str | None:
    text = str(error)
    return next((state for words, state in _LIBPQ_TEXTS if "FATAL" in text and words in text), None)


def _number(error: BaseException) -> int | None:
    """pymysql's first argument, pytds' `msg_no`."""
    candidates = (getattr(error, "msg_no", None), *error.args[:1])
    return next((number for number in candidates if isinstance(number, int) and number), None)
