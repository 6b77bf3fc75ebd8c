"""Probing a machine: this one by psutil, another by the metrics that an exporter on it serves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from umlindi.hosts import exposition
from umlindi.hosts.http import Credential, Site, Url, reach_site
from umlindi.hosts.vitals import Disk, Vitals, read_here
from umlindi.probes import Deadline, Ladder, Layer, Permanent, ProbeResult, Retriable
from umlindi.probes.ladder import Rung
from umlindi.probes.transport import VERIFIED, Trust, in_thread, skip_all

Read = Callable[[], Awaitable[Vitals]]
# Long enough for counters of 10 ms ticks to tell a percent on one core.
_BETWEEN_READINGS = 1.0
_GIBIBYTE = 1024**3


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares from 0 to 1. The brief (A3): critical storage tiers stay below 85 %."""

    disk_degraded: float = 0.85
    disk_failed: float = 0.95
    memory_degraded: float = 0.90
    cpu_degraded: float = 0.95


@dataclass(frozen=True, slots=True)
class MachineTarget:
    """This machine where `url` is None; else the metrics page of an exporter (http://host:9100/metrics)."""

    url: str | None = None
    credential: Credential | None = None
    trust: Trust = VERIFIED
    thresholds: Thresholds = Thresholds()
    samples: int = 3

    def __post_init__(self) -> None:
        if self.url is not None:
            Url.parse(self.url)


async def probe(target: MachineTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, tcp, tls (another machine), read, cpu, memory, disk:<mount> for each disk."""
    if target.url is None:
        ladder = Ladder("host", "this machine")
        await _climb(ladder, lambda: _here(deadline), target.thresholds)
        return ladder.result()
    url = Url.parse(target.url)
    ladder = Ladder("host", str(url))
    site = await reach_site(
        ladder, url, deadline, trust=target.trust, credential=target.credential, samples=target.samples
    )
    if site is None:
        skip_all(ladder, [("read", Layer.APPLICATION), *_UPPER])
    else:
        await _climb(ladder, lambda: _scrape(site, deadline), target.thresholds)
    return ladder.result()


_UPPER = [("cpu", Layer.HOST), ("memory", Layer.HOST)]


async def _here(deadline: Deadline) -> Vitals:
    async with deadline.guard(Layer.HOST, "reading this machine; a network filesystem may hang"):
        return await in_thread(read_here)


async def _scrape(site: Site, deadline: Deadline) -> Vitals:
    answer = await site.expect("", deadline, "text/plain;version=0.0.4")
    try:
        return exposition.read(answer.body.decode(errors="replace"))
    except exposition.NotExposition as error:
        raise Permanent(Layer.DATA, "NOT-METRICS", str(error), content_type=answer.content_type) from error


async def _climb(ladder: Ladder, read: Read, thresholds: Thresholds) -> None:
    first: Vitals | None = None
    with ladder.step("read", Layer.APPLICATION) as rung:
        first = await read()
        ladder.facts["source"] = first.source
        ladder.facts.update(first.facts)
        rung.says("", f"{first.source}, {len(first.disks)} disk{'s' * (len(first.disks) != 1)}")
    if first is None:
        skip_all(ladder, _UPPER)
        return
    await _cpu(ladder, first, read, thresholds)
    _memory(ladder, first, thresholds)
    for disk in first.disks:
        with ladder.step(f"disk:{disk.mount}", Layer.HOST) as rung:
            judge_disk(rung, disk, thresholds)


async def _cpu(ladder: Ladder, first: Vitals, read: Read, thresholds: Thresholds) -> None:
    """Evidence: `busy_share` over about a second, and `load_per_core` where the source tells it.

    `ms` is the second reading alone: the pause before it is ours, and no answer time.

    One busy second is nothing: where a load average is told, it must agree before the step complains.
    """
    if first.cpu is None:
        ladder.skip("cpu", Layer.HOST, f"{first.source} does not tell")
        return
    with ladder.step("cpu", Layer.HOST) as rung:
        await asyncio.sleep(_BETWEEN_READINGS)
        began = time.perf_counter()
        second = await read()
        rung.ms = (time.perf_counter() - began) * 1000
        busy = second.cpu.share_since(first.cpu) if second.cpu else None
        if busy is None:
            raise Retriable(Layer.HOST, "NO-SAMPLE", "the processor's counters did not advance between two readings")
        _judge_cpu(rung, busy, second.load_per_core, thresholds)


def _judge_cpu(rung: Rung, busy: float, load: float | None, thresholds: Thresholds) -> None:
    evidence = {"busy_share": round(busy, 3), "load_per_core": None if load is None else round(load, 2)}
    if busy >= thresholds.cpu_degraded and (load is None or load >= 1):
        rung.complains("cpu-busy", f"{busy:.0%} busy over a second", **evidence)
    else:
        rung.says("", f"{busy:.0%} busy over a second", **evidence)


def _memory(ladder: Ladder, vitals: Vitals, thresholds: Thresholds) -> None:
    """Evidence: `total_bytes`, `available_bytes` (caches can be given up and count as available), `used_share`."""
    total, available = vitals.memory_total, vitals.memory_available
    if not total or available is None:
        ladder.skip("memory", Layer.HOST, f"{vitals.source} does not tell")
        return
    used = 1 - available / total
    evidence = {"total_bytes": total, "available_bytes": available, "used_share": round(used, 4)}
    with ladder.step("memory", Layer.HOST) as rung:
        if used >= thresholds.memory_degraded:
            rung.complains("memory-nearly-full", f"{used:.0%} used", **evidence)
        else:
            rung.says("", f"{used:.0%} used", **evidence)


def judge_disk(rung: Rung, disk: Disk, thresholds: Thresholds) -> None:
    """Evidence: `free_bytes`, `total_bytes`, `used_share`. Raises `disk-full` at or above its threshold."""
    used = disk.used_share
    evidence = {"free_bytes": disk.free, "total_bytes": disk.total, "used_share": round(used, 4)}
    meaning = f"{used:.0%} used, {disk.free / _GIBIBYTE:.1f} GiB free"
    if used >= thresholds.disk_failed:
        raise Retriable(Layer.HOST, "disk-full", meaning, **evidence)
    if used >= thresholds.disk_degraded:
        rung.complains("disk-nearly-full", meaning, **evidence)
    else:
        rung.says("", meaning, **evidence)
