"""One watch process over 5 000 DICOM endpoints, each echoed every 30 s, beside a monitor that spawns a program a check.

The endpoints are addresses of this machine's loopback network, answered by a process apart that does no more than
DICOM asks for: it is not counted. The database is an embedded cluster with its usual settings, counted by itself. Some
endpoints are made to reset connections or to fall silent in the middle; each must become an outage within two
intervals, and nothing else may. The monitor beside it spawns DCMTK's echoscu for each check, on the same schedule.

UMLINDI_BENCH_MINUTES says how long the even part lasts: 3 by default, 60 for the hour's run.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from benchmarks.report import Measured

from umlindi.testing.peers import free_port, program

if TYPE_CHECKING:
    from umlindi.house.postgres import Cluster

ENDPOINTS = 5000
INTERVAL_S = 30
SYSTEMS_AT_SITE = 50
SITES_OF_ORGANISATION = 10
STRICKEN = 20
SETTLING_S = 90
WAIT_S = 4.0 * INTERVAL_S
MINUTES = float(os.environ.get("UMLINDI_BENCH_MINUTES", "3"))
SPAWNED_AT_ONCE = 32
MB = 2**20
CALLED, CALLING = "BENCH", "UMLINDI"


def measure() -> Measured:
    """In a home and a database of its own."""
    with house() as cluster, endpoints() as peers:
        describe(peers.port)
        ours = _ours(cluster, peers)
        theirs = asyncio.run(_spawning(peers.port))
    per_cpu = ours.checks_per_cpu_s / theirs.checks_per_cpu_s
    return Measured(
        figures={
            "endpoints": ENDPOINTS,
            "interval_s": INTERVAL_S,
            "minutes": MINUTES,
            "watch_cores": round(ours.cores, 3),
            "watch_rss_mb": round(ours.rss_mb, 1),
            "database_cores": round(ours.database_cores, 3),
            "cores_of_everything": round(ours.machine_cores, 2),
            "checks_a_second": round(ours.checks_a_second, 1),
            "checks_per_cpu_second": round(ours.checks_per_cpu_s, 1),
            "start_lag_p99_s": round(ours.lag_s, 3),
            "found_dead": ours.found,
            "detection_median_s": round(ours.detection_median_s, 1),
            "detection_longest_s": round(ours.detection_longest_s, 1),
            "recovery_longest_s": round(ours.recovery_longest_s, 1),
            "false_outages": ours.false_outages,
        },
        peers={
            "spawning": f"echoscu for each check, {SPAWNED_AT_ONCE} at once",
            "spawning_checks_in_an_interval": theirs.checks,
            "spawning_cores": round(theirs.cores, 2),
            "spawning_checks_per_cpu_second": round(theirs.checks_per_cpu_s, 1),
        },
        ratios={
            "share_of_endpoints_that_spawning_checks": round(theirs.checks / ENDPOINTS, 2),
            "checks_per_cpu_second_against_spawning": round(per_cpu, 1),
        },
        targets={
            "watch_cores": "<= 1",
            "watch_rss_mb": "< 400",
            "start_lag_p99_s": "<= 1",
            "found_dead": f">= {STRICKEN}",
            "detection_longest_s": f"<= {2 * INTERVAL_S}",
            "false_outages": "<= 0",
        },
    )


@contextmanager
def house() -> Iterator[Cluster]:
    """An empty, migrated database with an embedded cluster's usual settings, and Django set up for it."""
    from umlindi.house.home import Home
    from umlindi.house.postgres import Cluster

    with tempfile.TemporaryDirectory(prefix="umlindi-watch-") as root:
        Path(root).chmod(0o711)
        home = Home(Path(root))
        home.prepare()
        cluster = Cluster(home)
        cluster.start()
        os.environ.update(
            UMLINDI_HOME=root, DATABASE_URL=cluster.url(), DJANGO_SETTINGS_MODULE="umlindi.config.settings"
        )
        try:
            subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], check=True)
            import django

            django.setup()
            yield cluster
        finally:
            from django.db import connections

            connections.close_all()
            cluster.stop()


def address_of(number: int) -> str:
    return f"127.1.{number // 250}.{1 + number % 250}"


def describe(port: int) -> None:
    """The estate: each endpoint a system, fifty a site, ten sites an organisation."""
    from umlindi.accounts.models import Organisation
    from umlindi.estate.models import Interface, Site, System

    sites = []
    for number in range(ENDPOINTS // SYSTEMS_AT_SITE):
        if number % SITES_OF_ORGANISATION == 0:
            name = f"Client {number // SITES_OF_ORGANISATION}"
            client = Organisation.objects.create(slug=f"client-{number // SITES_OF_ORGANISATION}", name=name)
        sites.append(Site.objects.create(organisation=client, slug=f"site-{number}", name=f"Site {number}"))
    systems = System.objects.bulk_create(
        [
            System(site=sites[number // SYSTEMS_AT_SITE], slug=f"s{number}", name=f"Archive {number}", kind="archive")
            for number in range(ENDPOINTS)
        ]
    )
    told = {"kind": "dicom", "port": port, "called": CALLED, "calling": CALLING, "settings": {"interval": INTERVAL_S}}
    Interface.objects.bulk_create(
        [
            Interface(system=system, name="DICOM", host=address_of(number), **told)
            for number, system in enumerate(systems)
        ]
    )


@dataclass(frozen=True, slots=True)
class Ours:
    """What the watch process took and did. Cores are CPU-seconds a second."""

    cores: float
    rss_mb: float
    database_cores: float
    machine_cores: float
    checks_a_second: float
    lag_s: float
    found: int
    detection_median_s: float
    detection_longest_s: float
    recovery_longest_s: float
    false_outages: int

    @property
    def checks_per_cpu_s(self) -> float:
        return self.checks_a_second / self.cores


def _ours(cluster: Cluster, peers: Endpoints) -> Ours:
    from umlindi.watch.models import Outage

    with watching() as child:
        time.sleep(SETTLING_S)
        postmaster = psutil.Process(int((cluster.folder / "postmaster.pid").read_text().split()[0]))
        before, database_before, began = cpu_s(child), family_cpu_s(postmaster), time.monotonic()
        machine_before = machine_cpu_s()
        lags, checks = _even_part(MINUTES * 60)
        lasted = time.monotonic() - began
        cores = (cpu_s(child) - before) / lasted
        database_cores = (family_cpu_s(postmaster) - database_before) / lasted
        machine_cores = (machine_cpu_s() - machine_before) / lasted
        stricken = [address_of(number * (ENDPOINTS // STRICKEN)) for number in range(STRICKEN)]
        detections = _strike(peers, stricken)
        recoveries = _mend(peers, stricken)
        rss_mb = child.memory_info().rss / MB
    others = Outage.objects.exclude(interface__host__in=stricken).count()
    again = Outage.objects.count() - others - len(stricken)
    return Ours(
        cores,
        rss_mb,
        database_cores,
        machine_cores,
        checks,
        max(lags),
        sum(seconds < WAIT_S for seconds in detections),
        statistics.median(detections),
        max(detections),
        max(recoveries),
        others + max(again, 0),
    )


def _even_part(seconds: float) -> tuple[list[float], float]:
    """The start lags told each ten seconds, and how many checks began in a second."""
    from umlindi.watch.models import Watcher

    lags, begun = [], []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        time.sleep(10)
        watcher = Watcher.objects.get()
        lags.append(watcher.lag_s)
        begun.append(watcher.begun)
    return lags, statistics.mean(begun) / 60


def _strike(peers: Endpoints, addresses: Sequence[str]) -> list[float]:
    """How long it took until each was an outage; half of them reset connections, half fall silent."""
    from umlindi.watch.models import Outage

    began = datetime.now(UTC)
    for number, address in enumerate(addresses):
        peers.say(f"{'reset' if number % 2 else 'hang'} {address}")
    found = Outage.objects.filter(interface__host__in=addresses)
    _wait_for(lambda: found.count() >= len(addresses))
    return _padded([(outage.detected_at - began).total_seconds() for outage in found], len(addresses))


def _mend(peers: Endpoints, addresses: Sequence[str]) -> list[float]:
    from umlindi.watch.models import Outage

    began = datetime.now(UTC)
    for address in addresses:
        peers.say(f"answer {address}")
    ended = Outage.objects.filter(interface__host__in=addresses, closed_at__isnull=False)
    _wait_for(lambda: ended.count() >= len(addresses))
    seen = [(outage.closed_at - began).total_seconds() for outage in ended if outage.closed_at]
    return _padded(seen, len(addresses))


def _padded(seconds: list[float], wanted: int) -> list[float]:
    """What was not seen at all took at least as long as we waited."""
    return seconds + [WAIT_S] * (wanted - len(seconds))


def _wait_for(met: Callable[[], bool]) -> None:
    ends = time.monotonic() + WAIT_S
    while not met() and time.monotonic() < ends:
        time.sleep(0.5)


@contextmanager
def watching() -> Iterator[psutil.Process]:
    """`umlindi watch`, as its own process."""
    with subprocess.Popen([sys.executable, "-m", "umlindi", "watch"]) as child:
        try:
            yield psutil.Process(child.pid)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


def cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def machine_cpu_s() -> float:
    """Of everything that runs here, so that a reader sees whether something else did."""
    used = psutil.cpu_times()
    return float(sum(used) - used.idle - used.iowait)


def family_cpu_s(postmaster: psutil.Process) -> float:
    """Of a process, its children that live, and those that have ended."""
    used = postmaster.cpu_times()
    living = sum(cpu_s(child) for child in postmaster.children(recursive=True))
    return used.user + used.system + used.children_user + used.children_system + living


@dataclass(frozen=True, slots=True)
class Spawned:
    """What spawning a program a check came to in one interval."""

    checks: int
    cpu: float
    seconds: float

    @property
    def cores(self) -> float:
        return self.cpu / self.seconds

    @property
    def checks_per_cpu_s(self) -> float:
        return self.checks / self.cpu


async def _spawning(port: int) -> Spawned:
    """As many of the endpoints' checks as one interval lets it end."""
    loop, ended = asyncio.get_running_loop(), 0
    waiting = iter(range(ENDPOINTS))
    began, before = loop.time(), os.times()

    async def work() -> None:
        nonlocal ended
        for number in waiting:
            if loop.time() - began > INTERVAL_S:
                return
            if await _echoscu(address_of(number), port):
                ended += 1

    await asyncio.gather(*(work() for _ in range(SPAWNED_AT_ONCE)))
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Spawned(ended, cpu, loop.time() - began)


async def _echoscu(host: str, port: int) -> bool:
    command = (program("echoscu"), "-aec", CALLED, "-aet", CALLING, host, str(port))
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | {"TCP_NODELAY": "1"})
    return await process.wait() == 0


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The peers' process, and the port on which every one of its addresses answers."""

    port: int
    process: subprocess.Popen[str]

    def say(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()


@contextmanager
def endpoints() -> Iterator[Endpoints]:
    """They end when their standard input closes."""
    port = free_port()
    work = "import asyncio, sys; from benchmarks.watch_endpoints import serve; asyncio.run(serve(int(sys.argv[1])))"
    command = [sys.executable, "-c", work, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        try:
            yield Endpoints(port, process)
        finally:
            process.stdin.close()
