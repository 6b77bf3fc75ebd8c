"""The watch process on days when the database goes away, a process is killed and the clock is set."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from umlindi.estate.models import Interface
from umlindi.house.home import PASSABLE, Home
from umlindi.house.postgres import Cluster
from umlindi.house.testing import CARELESS
from umlindi.testing.estate import make_interface
from umlindi.testing.peers import free_port, start_storescp
from umlindi.watch.loop.process import WatchProcess
from umlindi.watch.models import Outage, Probe, Spell

ESTATE = """umlindi: 1
organisations:
  - slug: clinic
    name: Clinic
    sites:
      - slug: site
        name: Site
        systems:
"""


class Clock:
    """The machine's, which somebody sets."""

    def __init__(self) -> None:
        self.by = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


async def _until(met: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(_closing(met)):
            await asyncio.sleep(0.1)


def _closing(met: Callable[[], bool]) -> Callable[[], bool]:
    """Django gives each thread a connection, and nobody else closes these."""
    from django.db import connection  # noqa: PLC0415

    def asked() -> bool:
        try:
            return met()
        finally:
            connection.close()

    return asked


def _probed_after(interface: Interface, moment: datetime) -> bool:
    return Probe.objects.filter(interface=interface, plan="quick", probed_at__gt=moment).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_set_stops_nothing_and_hides_nothing(jump: timedelta, tmp_path: Path) -> None:
    clock = Clock()
    with start_storescp(tmp_path) as peer:
        interface = make_interface(host="127.0.0.1", port=peer.port, called=peer.ae, settings={"interval": 2})

        async def story() -> None:
            async with WatchProcess.open(clock.now) as process:
                stop = asyncio.Event()
                running = asyncio.create_task(process.run(stop))
                began = clock.now()
                await _until(lambda: Spell.objects.filter(condition="up").exists())
                await _until(lambda: _probed_after(interface, began + timedelta(seconds=3)))
                clock.by = jump
                then = clock.now()
                if jump > timedelta():
                    await _until(lambda: _probed_after(interface, then))
                else:
                    await _until(lambda: not _probed_after(interface, then + timedelta(minutes=1)))
                assert await asyncio.to_thread(_closing(lambda: Spell.objects.count() == 1))
                peer.process.kill()
                await _until(lambda: Outage.objects.filter(until=None).exists())
                stop.set()
                await running

        asyncio.run(story())
    assert list(Spell.objects.order_by("pk").values_list("condition", flat=True)) == ["up", "down"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A house of its own, whose database may be stopped. pytest's folders let no other user through."""
    root = Path(tempfile.mkdtemp(prefix="umlindi-house-"))
    root.chmod(PASSABLE)
    home = Home(root)
    home.prepare()
    made = Cluster(home, CARELESS)
    made.start()
    try:
        umlindi(made, "-m", "django", "migrate", "-v", "0")
        yield made
    finally:
        made.stop()
        shutil.rmtree(root)


def environment(cluster: Cluster) -> dict[str, str]:
    return {
        **os.environ,
        "UMLINDI_HOME": str(cluster.home.root),
        "DATABASE_URL": cluster.url(),
        "DJANGO_SETTINGS_MODULE": "umlindi.config.settings",
    }


def umlindi(cluster: Cluster, *command: str) -> None:
    subprocess.run([sys.executable, *command], check=True, env=environment(cluster), stdout=subprocess.DEVNULL)


@contextmanager
def watching(cluster: Cluster) -> Iterator[subprocess.Popen[bytes]]:
    command = ["setpriv", "--pdeathsig", "KILL", "--", sys.executable, "-m", "umlindi", "watch"]
    with subprocess.Popen(command, env=environment(cluster), stderr=subprocess.DEVNULL) as child:
        try:
            yield child
        finally:
            child.kill()


def described(cluster: Cluster, ports: list[int], folder: Path, interval_s: int = 10) -> None:
    """An estate of endpoints, through the same door as a user's; then asked more often than that lets them be."""
    settings = "{interval: 10, fail_after: 1, recover_after: 1}"
    lines = [
        f"          - {{slug: s{port}, name: System {port}, kind: archive, interfaces: [{{name: DICOM, kind: dicom, "
        f"host: 127.0.0.1, port: {port}, called: STORESCP, calling: UMLINDI, settings: {settings}}}]}}"
        for port in ports
    ]
    file = folder / "estate.yaml"
    file.write_text(ESTATE + "\n".join(lines) + "\n")
    umlindi(cluster, "-m", "umlindi", "estate", "import", str(file), "--prune")
    with psycopg.connect(cluster.url()) as connection:
        connection.execute(f"UPDATE estate_interface SET settings = settings || '{{\"interval\": {interval_s}}}'")


def ask(cluster: Cluster, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(cluster.url()) as connection:
        return connection.execute(question).fetchall()


def wait_for(met: Callable[[], object], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.2)


QUICK = (
    "SELECT at FROM readings_reading JOIN readings_shape AS shape ON shape.id = shape WHERE plan = 'quick' ORDER BY at"
)


@pytest.mark.e2e
def test_what_happened_while_the_database_was_away_is_known_afterwards_though_the_watch_was_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    with start_storescp(tmp_path) as peer:
        described(cluster, [peer.port], tmp_path, interval_s=2)
        with watching(cluster) as first:
            wait_for(lambda: ask(cluster, "SELECT 1 FROM watch_spell WHERE condition = 'up'"), 60)
            cluster.stop()
            went = datetime.now(UTC)
            time.sleep(6)
            peer.process.kill()
            struck = datetime.now(UTC)
            time.sleep(18)
            first.send_signal(signal.SIGKILL)
            first.wait()
        assert list((cluster.home.root / "spool" / "watch").glob("*.spool"))
        cluster.start()
        back = datetime.now(UTC)
        with watching(cluster):
            wait_for(lambda: ask(cluster, "SELECT 1 FROM watch_outage"), 60)
            wait_for(lambda: len(ask(cluster, f"SELECT at FROM ({QUICK}) AS q WHERE at > '{back}'")) >= 2, 60)
    since, late, until = ask(cluster, "SELECT since, late, until FROM watch_outage")[0]
    assert struck - timedelta(seconds=1) < since < struck + timedelta(seconds=6)
    assert (late, until) == (True, None)
    assert ask(cluster, "SELECT condition, since FROM watch_spell WHERE until IS NULL") == [("down", since)]
    moments = [moment for (moment,) in ask(cluster, QUICK)]
    missed = [moment for moment in moments if went < moment < back]
    assert len(missed) >= 8
    assert max(later - before for before, later in pairwise(missed)) < timedelta(seconds=6)
    assert len(set(moments)) == len(moments)
    assert not list((cluster.home.root / "spool" / "watch").glob("*.spool"))[1:]


@pytest.mark.e2e
def test_a_killed_process_is_stood_in_for_within_two_intervals(cluster: Cluster, tmp_path: Path) -> None:
    described(cluster, [free_port() for _ in range(20)], tmp_path)
    with watching(cluster) as one, watching(cluster) as other:
        seen: set[str] = set()

        def both_have_had_some() -> bool:
            seen.update(row[0] for row in ask(cluster, "SELECT claimed_by FROM watch_probe WHERE claimed_by <> ''"))
            return len(seen) == 2

        wait_for(both_have_had_some, 90)
        one.send_signal(signal.SIGKILL)
        killed = datetime.now(UTC)
        time.sleep(20)
        behind = f"SELECT id, due_at, claimed_by FROM watch_probe WHERE plan = 'quick' AND probed_at < '{killed}'"
        assert ask(cluster, behind) == []
        assert other.poll() is None
