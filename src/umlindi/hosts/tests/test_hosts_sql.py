"""The database probe against a real PostgreSQL with passwords, SQLite files, and peers that misbehave."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from umlindi.hosts.sql import SqlTarget, _shown, database_fault, parsed, probe
from umlindi.house import binaries
from umlindi.house.account import account_for
from umlindi.probes import Deadline, Grade, Layer, Permanent, ProbeResult, Retriable, State
from umlindi.testing import scripted
from umlindi.testing.peers import free_port
from umlindi.testing.steps import codes, step_of

SECRET = "geheim-wagwoord"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """host:port of a PostgreSQL on TCP whose superuser `boss` has the password SECRET."""
    folder = Path(tempfile.mkdtemp(prefix="umlindi-sql-"))
    account = account_for(folder / "data")
    account.own(folder)
    programs = binaries.choose(binaries.find(), None)
    (folder / "password").write_text(SECRET)
    (folder / "password").chmod(0o644)
    data, port = str(folder / "data"), free_port()
    initdb = [programs.program("initdb"), "-D", data, "-U", "boss", "-A", "scram-sha-256", "-N"]
    subprocess.run([*initdb, "--pwfile", str(folder / "password")], check=True, capture_output=True, **account.drop())
    options = ["-D", data, "-p", str(port), "-k", "", "-c", "fsync=off", "-c", "max_connections=12"]
    process = subprocess.Popen(
        [programs.program("postgres"), *options], stderr=subprocess.DEVNULL, cwd=folder, **account.drop()
    )
    try:
        _wait(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def _wait(port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="boss", password=SECRET, dbname="postgres").close()
        except psycopg.OperationalError:
            assert time.monotonic() < ends, "PostgreSQL did not start"
            time.sleep(0.05)
        else:
            return


async def probed(url: str, query: str | None = None, seconds: float = 5) -> ProbeResult:
    result = await probe(SqlTarget(url, query, samples=1), Deadline(seconds))
    assert SECRET not in json.dumps(result.to_json())
    return result


async def test_a_healthy_database_is_ok(server: str) -> None:
    result = await probed(f"postgresql://boss:{SECRET}@{server}/postgres", "SELECT count(*) FROM pg_database")
    assert result.grade is Grade.OK
    assert result.target == f"postgresql://{server}/postgres"
    assert result.facts["server"].startswith("postgresql ")
    assert step_of(result, "query").evidence == {"rows": 1, "value": 3}


async def test_without_a_query_the_step_is_skipped(server: str) -> None:
    result = await probed(f"postgresql://boss:{SECRET}@{server}/postgres")
    assert (result.grade, step_of(result, "query").state) == (Grade.OK, State.SKIPPED)


@pytest.mark.parametrize(
    ("who", "database", "code"),
    [
        (f"boss:not-{SECRET}", "postgres", "28P01"),
        (f"nobody:{SECRET}", "postgres", "28P01"),
        (f"boss:{SECRET}", "nosuch", "3D000"),
    ],
)
async def test_a_refused_connection_has_its_sqlstate(server: str, who: str, database: str, code: str) -> None:
    result = await probed(f"postgresql://{who}@{server}/{database}")
    step = step_of(result, "connect")
    assert (step.code, step.layer) == (code, Layer.APPLICATION)
    assert step_of(result, "query").meaning == "connect failed"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT * FROM nosuch", "42P01"),
        ("SELEC", "42601"),
        (f"SELECT '{SECRET}'::int", "22P02"),
        ("SELECT pg_sleep(30)", "TIMEOUT"),
    ],
)
async def test_a_query_that_fails_has_its_code_and_quotes_nothing(server: str, query: str, code: str) -> None:
    seconds = 0.8 if code == "TIMEOUT" else 5
    result = await probed(f"postgresql://boss:{SECRET}@{server}/postgres", query, seconds)
    assert step_of(result, "query").code == code


async def test_text_that_a_query_finds_is_not_kept(server: str) -> None:
    result = await probed(f"postgresql://boss:{SECRET}@{server}/postgres", "SELECT 'MKHIZE^THANDI'")
    assert "MKHIZE" not in json.dumps(result.to_json())
    assert step_of(result, "query").evidence == {"rows": 1}


async def test_what_a_query_writes_is_rolled_back(server: str) -> None:
    url = f"postgresql://boss:{SECRET}@{server}/postgres"
    assert (await probed(url, "CREATE TABLE left_behind (x int)")).grade is Grade.OK
    assert step_of(await probed(url, "SELECT * FROM left_behind"), "query").code == "42P01"


async def test_a_database_without_a_free_connection_says_so(server: str) -> None:
    host, port = server.split(":")
    held: list[psycopg.Connection[tuple[object, ...]]] = []
    try:
        with pytest.raises(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(host=host, port=port, user="boss", password=SECRET, dbname="postgres"))
        result = await probed(f"postgresql://boss:{SECRET}@{server}/postgres")
    finally:
        for connection in held:
            connection.close()
    assert step_of(result, "connect").code == "53300"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mssql"])
async def test_a_dead_port_is_a_transport_fault_with_any_driver(dialect: str) -> None:
    result = await probed(f"{dialect}://u:{SECRET}@127.0.0.1:{free_port()}/x")
    assert step_of(result, "tcp").code == "ECONNREFUSED"
    assert result.first_failure() == step_of(result, "tcp")


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mssql"])
@pytest.mark.parametrize("talk", [scripted.silent, scripted.closing, scripted.saying(b"HTTP/1.1 400 Bad\r\n\r\n")])
async def test_a_port_that_is_no_database_ends_within_the_deadline(dialect: str, talk: scripted.Talk) -> None:
    began = time.perf_counter()
    async with scripted.listening(talk) as port:
        result = await probed(f"{dialect}://u:{SECRET}@127.0.0.1:{port}/x", seconds=0.5)
    assert step_of(result, "connect").state is State.FAILED
    assert time.perf_counter() - began < 3


async def test_sqlite_is_read_and_never_made(tmp_path: Path) -> None:
    file = tmp_path / "index.db"
    missing = await probed(f"sqlite:///{file}")
    assert (codes(missing)["connect"], file.exists()) == ("SQLITE_CANTOPEN", False)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE t (x int)")
    connection.close()
    assert (await probed(f"sqlite:///{file}", "SELECT count(*) FROM t")).grade is Grade.OK
    assert codes(await probed(f"sqlite:///{file}", "INSERT INTO t VALUES (1)"))["query"] == "SQLITE_READONLY"


@pytest.mark.parametrize("url", ["", "hello", f"foo://u:{SECRET}@h/x", f"oracle://u:{SECRET}@h/x"])
def test_a_url_without_a_driver_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="not a database URL") as refusal:
        SqlTarget(url)
    assert SECRET not in str(refusal.value)


def test_a_target_never_shows_its_password() -> None:
    assert SECRET not in repr(SqlTarget(f"postgresql://u:{SECRET}@h/x"))


@pytest.mark.parametrize(
    ("number", "kind"), [(1045, Permanent), (1040, Retriable), (2003, Retriable), (18456, Permanent), (1, Permanent)]
)
def test_numbers_of_other_databases_are_read(number: int, kind: type) -> None:
    fault = database_fault(RuntimeError(number, f"Access denied {SECRET}"), "connecting")
    assert (fault.code, type(fault)) == (str(number), kind)
    assert SECRET not in str(fault)


def test_a_socket_is_shown_without_its_folder() -> None:
    assert _shown(parsed("postgresql://umlindi@/umlindi?host=/var/run/pg")) == "postgresql socket/umlindi"
