"""`./bench probe`: association and C-ECHO with 200 live endpoints, ours against spawning DCMTK `echoscu` for each.

The endpoints are 200 ports of acceptors of our own in a process apart, which is not counted. Both sides work with the
same concurrency, in turns, in one run. What is compared is throughput per CPU-second of the prober: user and system
time of this process for ours, of the `echoscu` processes for theirs (what spawning costs the parent is left out).
"""

from __future__ import annotations

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.report import finish

from umlindi.dicom.aio import ECHO, Endpoint, associate
from umlindi.dicom.listener import listen, storage
from umlindi.testing.peers import program

ENDPOINTS = 200
CONCURRENCY = 16
ROUNDS = 5
CALLED, CALLING = "BENCH", "UMLINDI"


@dataclass(frozen=True, slots=True)
class Run:
    """One round: associations made, CPU-seconds of the prober, seconds on the wall."""

    associations: int
    cpu: float
    wall: float

    @property
    def per_cpu_second(self) -> float:
        return self.associations / self.cpu


def main() -> None:
    with _peers() as ports:
        ours, theirs = asyncio.run(_measure(ports))
    ratio = _median_per_cpu_second(ours) / _median_per_cpu_second(theirs)
    finish(
        "probe",
        figures={"endpoints": ENDPOINTS, "concurrency": CONCURRENCY, **_figures(ours)},
        peers={"peer": "DCMTK echoscu, one process each", **_figures(theirs)},
        ratios={"throughput_per_cpu_second": round(ratio, 1)},
        targets={"throughput_per_cpu_second": ">= 20"},
    )


def _median_per_cpu_second(runs: Sequence[Run]) -> float:
    return statistics.median(run.per_cpu_second for run in runs)


def _figures(runs: Sequence[Run]) -> dict[str, float]:
    return {
        "associations_per_cpu_second": round(_median_per_cpu_second(runs), 1),
        "cpu_ms_per_association": round(1000 / _median_per_cpu_second(runs), 3),
        "associations_per_second": round(statistics.median(run.associations / run.wall for run in runs), 1),
    }


async def _measure(ports: Sequence[int]) -> tuple[list[Run], list[Run]]:
    """One round of each to warm up, then in turns."""
    ours, theirs = [], []
    for _ in range(ROUNDS + 1):
        ours.append(await _round(ports, _echo, resource.RUSAGE_SELF))
        theirs.append(await _round(ports, _echoscu, resource.RUSAGE_CHILDREN))
    return ours[1:], theirs[1:]


async def _round(ports: Sequence[int], echo: Callable[[int], Awaitable[None]], whose: int) -> Run:
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(port: int) -> None:
        async with gate:
            await echo(port)

    cpu, wall = _cpu(whose), time.perf_counter()
    await asyncio.gather(*(one(port) for port in ports))
    return Run(len(ports), _cpu(whose) - cpu, time.perf_counter() - wall)


def _cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


async def _echo(port: int) -> None:
    async with associate(Endpoint("127.0.0.1", port, CALLED, CALLING), [ECHO]) as association:
        await association.echo()


async def _echoscu(port: int) -> None:
    command = (program("echoscu"), "-aec", CALLED, "-aet", CALLING, "127.0.0.1", str(port))
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | {"TCP_NODELAY": "1"})
    if await process.wait() != 0:
        raise RuntimeError(f"echoscu failed against port {port}")


@contextmanager
def _peers() -> Iterator[list[int]]:
    """The acceptors, in a process that ends when its standard input closes."""
    command = [sys.executable, "-m", "benchmarks.probe", "peers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        try:
            yield [int(port) for port in process.stdout.readline().split()]
        finally:
            process.stdin.close()


async def _accept() -> None:
    async with listen("127.0.0.1", [0] * ENDPOINTS, CALLED, storage(), lambda _: 0) as listener:
        print(*listener.ports, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:] == ["peers"]:
        asyncio.run(_accept())
    else:
        main()
