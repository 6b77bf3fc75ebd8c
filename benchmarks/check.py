"""`umlindi check` over 50 and 1 000 interfaces, a tenth of them dead: wall time and peak memory.

Every living interface is our acceptor on a port of its own; every dead one accepts and never answers, which costs a
probe its whole deadline. The peers live in another process, which is not counted.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.report import finish

DEADLINE_S = 20
SIZES = ((50, 0), (45, 5), (1000, 0), (900, 100))


@dataclass(frozen=True, slots=True)
class Run:
    """What one `umlindi check` took, and what it found."""

    wall_s: float
    peak_mb: float
    up: int
    down: int


def main() -> None:
    from umlindi.house.testing import ensure

    ensure()
    prepare()
    runs = {f"{alive + dead}, {dead} dead": measure(alive, dead) for alive, dead in SIZES}
    dead_cost = runs["1000, 100 dead"].wall_s - runs["1000, 0 dead"].wall_s
    rightly = sum(run.up == alive and run.down == dead for run, (alive, dead) in zip(runs.values(), SIZES, strict=True))
    figures = {f"{name}: {what}": value for name, run in runs.items() for what, value in told(run).items()}
    figures |= {
        "dead_add_s": round(dead_cost, 2),
        "peak_mb": round(max(run.peak_mb for run in runs.values()), 1),
        "small_wall_s": round(runs["50, 5 dead"].wall_s, 2),
        "runs_judged_rightly": rightly,
    }
    finish(
        "check",
        figures=figures,
        peers={"alive": "our acceptor, a port each", "dead": "accept and never answer", "deadline_s": DEADLINE_S},
        ratios={"dead_add_per_deadline": round(dead_cost / DEADLINE_S, 2)},
        targets={
            "small_wall_s": "< 30",
            "dead_add_per_deadline": "<= 1",
            "peak_mb": "< 300",
            "runs_judged_rightly": f">= {len(SIZES)}",
        },
    )


def told(run: Run) -> dict[str, float]:
    return {"wall s": round(run.wall_s, 2), "peak MB": round(run.peak_mb, 1)}


def prepare() -> None:
    """An empty, migrated database."""
    subprocess.run([sys.executable, "-m", "django", "migrate", "-v", "0"], check=True, env=environment())


def environment() -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "umlindi.config.settings"}


def measure(alive: int, dead: int) -> Run:
    """Describe an estate of that size, check it, remove nothing: the next one replaces it."""
    with peers(alive, dead) as (alive_ports, dead_ports):
        describe(alive_ports, dead_ports)
        began = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, "-m", "umlindi", "check", "--json"], stdout=subprocess.PIPE, env=environment()
        )
        assert child.stdout is not None
        document = json.loads(child.stdout.read())
        _, _, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
    return Run(wall, usage.ru_maxrss / 1024, document["counts"]["up"], document["counts"]["down"])


def describe(alive: list[int], dead: list[int]) -> None:
    """Put the estate into the database, through the same door as a user's file."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(ESTATE + "\n".join(system_of(port) for port in [*alive, *dead]))
        file.flush()
        command = [sys.executable, "-m", "umlindi", "estate", "import", file.name, "--prune"]
        subprocess.run(command, check=True, env=environment(), stdout=subprocess.DEVNULL)


ESTATE = """umlindi: 1
organisations:
  - slug: bench
    name: Benchmark
    sites:
      - slug: site
        name: Site
        systems:
"""


def system_of(port: int) -> str:
    address = f"host: 127.0.0.1, port: {port}, called: ARCHIVE, calling: UMLINDI, settings: {{timeout: {DEADLINE_S}}}"
    interface = f"{{name: DICOM, kind: dicom, {address}}}"
    return f"          - {{slug: s{port}, name: System {port}, kind: archive, interfaces: [{interface}]}}"


@contextmanager
def peers(alive: int, dead: int) -> Iterator[tuple[list[int], list[int]]]:
    """The peers' process, and its ports."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.check", str(alive), str(dead)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        ports = json.loads(child.stdout.readline())
        yield ports["alive"], ports["dead"]
    finally:
        child.stdin.close()
        child.wait(10)


async def serve(alive: int, dead: int) -> None:
    """Be the peers until standard input closes."""
    from umlindi.dicom.listener import listen, storage

    silent = [socket.create_server(("127.0.0.1", 0)) for _ in range(dead)]
    async with listen("127.0.0.1", [0] * alive, "ARCHIVE", storage(), lambda _: 0) as listener:
        ports = {"alive": listener.ports, "dead": [one.getsockname()[1] for one in silent]}
        print(json.dumps(ports), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
        asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
    else:
        main()
