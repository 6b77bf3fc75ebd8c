"""Breaks each fault on the running estate and lets the product's own probes find it: that, there, and nowhere else."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings
from ruamel.yaml import YAML

from umlindi.demo import cast, lab
from umlindi.demo.faults import FAULTS, Fault
from umlindi.demo.ground import Ground
from umlindi.demo.housekeeping import forget
from umlindi.demo.orders import ZONE
from umlindi.demo.stations import STATIONS
from umlindi.diagnosis import explain
from umlindi.estate.models import Interface
from umlindi.probes import Grade, ProbeResult
from umlindi.watch.runner import Runner
from umlindi.watch.targets import job_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

READY_SECONDS = 40.0


@dataclass(frozen=True)
class Place:
    """An interface of the estate file."""

    system: str
    interface: str


@pytest.fixture(scope="module")
def demo_home() -> Iterator[Path]:
    """A running demo. Not pytest's own folder: the RIS's database runs as another user, who may not enter that."""
    home = Path(tempfile.mkdtemp(prefix="umlindi-demo-"))
    home.chmod(0o711)
    process = _start(home)
    _wait_for_images(home / "demo" / "sent.json")
    try:
        yield home
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(home)


def _start(home: Path) -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "umlindi", "demo", "up", "--home", str(home)]
    with (home / "said").open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
    ends = time.monotonic() + READY_SECONDS
    while b"ready" not in (home / "said").read_bytes():
        assert process.poll() is None and time.monotonic() < ends, (home / "said").read_text()
        time.sleep(0.05)
    return process


def _wait_for_images(sent: Path) -> None:
    """Every modality has sent something: the day has begun."""
    ends = time.monotonic() + READY_SECONDS
    while not sent.exists() or len(json.loads(sent.read_text())) < len(STATIONS):
        assert time.monotonic() < ends, "not every modality has sent"
        time.sleep(0.1)


def _interfaces(home: Path) -> dict[Place, Interface]:
    data = YAML(typ="safe").load((home / "demo" / "estate.yaml").read_text("utf-8"))
    found: dict[Place, Interface] = {}
    for organisation in data["organisations"]:
        for site in organisation["sites"]:
            for system in site["systems"]:
                path = f"{organisation['slug']}/{site['slug']}/{system['slug']}"
                for fields in system["interfaces"]:
                    found[Place(path, fields["name"])] = Interface(pk=len(found) + 1, **fields)
    return found


async def _check(home: Path) -> dict[Place, ProbeResult]:
    """What is not well, explained with what is known of the other systems."""
    interfaces = _interfaces(home)
    places = {interface.pk: place for place, interface in interfaces.items()}
    runner = Runner()
    answers = await asyncio.gather(*(runner.probe(job_for(interface), 0) for interface in interfaces.values()))
    results = {places[answer.key]: answer.result for answer in answers}
    context = {str(place): result for place, result in results.items()}
    return {place: explain(result, context) for place, result in results.items() if result.grade is not Grade.OK}


def _told(broken: dict[Place, ProbeResult]) -> dict[Place, tuple[str, str, str]]:
    failures = {place: result.first_failure() for place, result in broken.items()}
    return {place: (step.step, step.code, step.meaning) for place, step in failures.items() if step}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.slug)
async def test_each_fault_is_found_where_it_is_and_nowhere_else(
    fault: Fault, demo_home: Path, settings: Settings
) -> None:
    settings.UMLINDI_HOME = demo_home
    _, where = lab.break_fault(demo_home, fault.slug)
    broken = await _check(demo_home)
    lab.mend(demo_home, fault.slug)
    assert {place.system for place in broken} == {where, *fault.also}, _told(broken)
    result = broken[Place(where, fault.interface)]
    failure = result.first_failure()
    assert failure is not None
    assert (failure.step, failure.code) == (fault.step, fault.code)
    assert [cause.rule for cause in result.diagnosis][:1] == [fault.rule]
    assert await _check(demo_home) == {}


def test_real_peers_are_those_whose_programs_are_installed(demo_home: Path) -> None:
    real = {peer.name for peer in lab.state(demo_home).peers if peer.real}
    assert {"Orthanc", "dcmqrscp", "wlmscpfs", "PostgreSQL"} <= real


def test_kill_9_leaves_no_program_behind_and_the_next_start_takes_the_same_ports() -> None:
    home = Path(tempfile.mkdtemp(prefix="umlindi-demo-"))
    home.chmod(0o711)
    process = _start(home)
    try:
        ports = (home / "demo" / "ports.json").read_text()
        children = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs([psutil.Process(pid) for pid in children if psutil.pid_exists(pid)], timeout=5)
        assert alive == []
        process = _start(home)
        assert (home / "demo" / "ports.json").read_text() == ports
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(home)


def test_the_archive_forgets_what_is_old_and_keeps_today(demo_home: Path) -> None:
    ground = Ground(demo_home / "demo", json.loads((demo_home / "demo" / "ports.json").read_text()))
    today = datetime.now(ZONE).date()
    ends = time.monotonic() + 30
    assert forget(ground, cast.GQEBERHA, today) == 0
    while forget(ground, cast.GQEBERHA, today + timedelta(days=1)) == 0:
        assert time.monotonic() < ends, "no modality sent anything"
        time.sleep(0.5)
