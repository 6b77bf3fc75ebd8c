"""Bringing a database up to this code: once, forward only, and one clear sentence where it cannot be."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest

from umlindi.house.errors import DatabaseError, SchemaMismatch, ServiceFailed
from umlindi.house.home import Home
from umlindi.house.schema import prepare_schema
from umlindi.house.testing import superuser_url

DATABASE = "house_schema"


@pytest.fixture
def url() -> Iterator[str]:
    """An empty database of the product's own role."""
    with psycopg.connect(superuser_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER umlindi")
    yield superuser_url(DATABASE).replace("postgres@", "umlindi@", 1)
    with psycopg.connect(superuser_url("postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {DATABASE}")


@pytest.mark.e2e
def test_it_is_migrated_once_with_one_first_administrator_and_never_backwards(home: Home, url: str) -> None:
    env = os.environ | {"DATABASE_URL": url, "UMLINDI_HOME": str(home.root)}
    said: list[str] = []
    password = prepare_schema(home, env, said.append)
    assert password is not None
    assert len(password) >= 12
    assert any("migrations" in line for line in said)

    said.clear()
    assert prepare_schema(home, env, said.append) is None
    assert said == []

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('watch', '0999_tomorrow', now())"
        )
        with pytest.raises(SchemaMismatch, match=r"another version of Umlindi, which knows watch\.0999_tomorrow"):
            prepare_schema(home, env, print)
        connection.execute("DELETE FROM django_migrations WHERE name = '0999_tomorrow'")
        connection.execute("DELETE FROM django_migrations WHERE app = 'core' AND name = '0001_initial'")
        with pytest.raises(SchemaMismatch, match="cannot be brought up to this version: "):
            prepare_schema(home, env, print)


@pytest.mark.parametrize(
    ("url", "error", "sentence"),
    [
        ("postgresql://umlindi@/umlindi?host=/nowhere", DatabaseError, "that DATABASE_URL names cannot be reached"),
        ("postgresql://umlindi@127.0.0.1:1/umlindi", DatabaseError, "cannot be reached: .*refused"),
    ],
)
def test_a_database_that_is_not_there_is_said(home: Home, url: str, error: type[Exception], sentence: str) -> None:
    env = os.environ | {"DATABASE_URL": url, "UMLINDI_HOME": str(home.root)}
    with pytest.raises(error, match=sentence):
        prepare_schema(home, env, print)


def test_anything_unforeseen_points_at_its_log(home: Home) -> None:
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "umlindi.config.no_such_settings"}
    with pytest.raises(ServiceFailed, match=r"see .*prepare\.log"):
        prepare_schema(home, env, print)
    assert "no_such_settings" in (home.logs / "prepare.log").read_text()
