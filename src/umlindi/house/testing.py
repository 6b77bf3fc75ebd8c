"""A throw-away PostgreSQL for one test run, and Hypothesis for a shared machine: a pytest plugin,
`-p umlindi.house.testing`.

A plugin and not a conftest, because pytest-django reads the settings before any conftest is loaded. Each run has a
cluster of its own (one second), so that two runs side by side never meet in the database `test_umlindi`.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest

from umlindi.house.binaries import EXTENSIONS
from umlindi.house.home import PASSABLE, Home
from umlindi.house.postgres import DATABASE, ROLE, SUPERUSER, Cluster

PREFIX = "umlindi-test-"
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "100"}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    """Have the database before Django's settings are read."""
    ensure()
    _be_patient()


def _be_patient() -> None:
    """How long one example of Hypothesis takes says nothing where other processes want the same cores."""
    from hypothesis import settings  # noqa: PLC0415 - benchmarks use this module too, and count its memory

    settings.register_profile("shared machine", deadline=None)
    settings.load_profile("shared machine")


def ensure() -> str:
    """The URL of this run's database, exported as DATABASE_URL; a DATABASE_URL already set is used as it is.

    UMLINDI_HOME becomes a throw-away home with fresh secrets. xdist's workers inherit both from the process that
    started them, which also ends the cluster.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("UMLINDI_HOME"):
        return os.environ["DATABASE_URL"]
    _sweep()
    home = _throw_away_home()
    os.environ["UMLINDI_HOME"] = str(home.root)
    if "DATABASE_URL" not in os.environ:
        cluster = Cluster(home, CARELESS)
        cluster.start()
        _allow_test_databases(cluster)
        os.environ["DATABASE_URL"] = cluster.url()
    return os.environ["DATABASE_URL"]


def _throw_away_home() -> Home:
    root = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    root.chmod(PASSABLE)
    home = Home(root)
    home.prepare()
    atexit.register(_end, Cluster(home))
    return home


def superuser_url(database: str) -> str:
    """A database of this run as its superuser, whom the audit trail's triggers do not hide anything from."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return parts._replace(netloc=f"{SUPERUSER}@{parts.netloc.rpartition('@')[2]}", path=f"/{database}").geturl()


def _allow_test_databases(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(SUPERUSER, DATABASE), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {ROLE} CREATEDB")
    with psycopg.connect(cluster.url(SUPERUSER, "template1"), autocommit=True) as connection:
        for name in EXTENSIONS:
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")


def _end(cluster: Cluster) -> None:
    cluster.stop()
    shutil.rmtree(cluster.home.root)


def _sweep() -> None:
    """End the clusters of test runs that were killed before they could."""
    for root in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = root.name.removeprefix(PREFIX).partition("-")[0]
        if root.stat().st_uid == os.geteuid() and pid.isdigit() and not psutil.pid_exists(int(pid)):
            _end(Cluster(Home(root)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mostly waits begins first, so that nobody waits for it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("waits") is None)
