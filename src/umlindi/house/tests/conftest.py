from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from umlindi.house.home import PASSABLE, Home
from umlindi.house.postgres import Cluster

CARELESS = {"fsync": "off", "full_page_writes": "off"}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder the database's unprivileged user may pass through; pytest's own belong to us alone."""
    folder = Path(tempfile.mkdtemp(prefix="umlindi-house-"))
    folder.chmod(PASSABLE)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def home(open_folder: Path) -> Home:
    home = Home(open_folder / "home with spaces")
    home.prepare()
    return home


@pytest.fixture
def cluster(home: Home) -> Iterator[Cluster]:
    cluster = Cluster(home, CARELESS)
    yield cluster
    cluster.stop()
