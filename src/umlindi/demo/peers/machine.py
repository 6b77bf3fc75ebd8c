"""The archive's host as node_exporter shows one: this machine's memory, the demo's own load, and a disk of its own.

The disk is the archive's own folder measured against a quota, so that it fills as images arrive.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import psutil

from umlindi.demo.peers.simulated import Listener

QUOTA = 8 * 2**30
# What the invented hospital stored before the demo began.
STORED_BEFORE = int(QUOTA * 0.55)
MOUNT = "/var/lib/orthanc"
_FILLED = {"disk-nearly-full": 0.91, "disk-full": 1.0}
_REQUEST_SECONDS = 5.0


class Machine(Listener):
    """Serves /metrics. `disk-nearly-full` and `disk-full` fill the disk it shows."""

    def __init__(self, system: str, port: int, archive: Path) -> None:
        super().__init__(system, "host metrics (exporter of our own)", port)
        self._archive = archive

    async def apply(self, faults: frozenset[str]) -> None:
        """It shows the archive's full disk, and none of the archive's other faults."""
        await super().apply(faults & _FILLED.keys())

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer, close."""
        async with asyncio.timeout(_REQUEST_SECONDS):
            request = await reader.readuntil(b"\r\n\r\n")
        found = request.split(b" ", 2)[1:2] == [b"/metrics"]
        body = (exposition(self._used()) if found else "Not found. Metrics are at /metrics.\n").encode()
        status = "200 OK" if found else "404 Not Found"
        kind = "text/plain; version=0.0.4; charset=utf-8"
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    def _used(self) -> int:
        """Bytes of the quota in use; `disk-full` outranks `disk-nearly-full`."""
        shares = [share for fault, share in _FILLED.items() if fault in self.faults]
        if shares:
            return int(QUOTA * max(shares))
        return min(QUOTA, STORED_BEFORE + _size(self._archive))


def _size(folder: Path) -> int:
    """Bytes of the files below a folder; one that goes away meanwhile counts no more."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def exposition(used: int) -> str:
    """The Prometheus text format with node_exporter's names."""
    memory = psutil.virtual_memory()
    disk = f'{{device="/dev/sdb1",fstype="ext4",mountpoint="{MOUNT}"}}'
    lines = [
        *_gauge("node_memory_MemTotal_bytes", memory.total),
        *_gauge("node_memory_MemAvailable_bytes", memory.available),
        *_gauge("node_boot_time_seconds", psutil.boot_time()),
        *_gauge("node_time_seconds", time.time()),
        *_gauge("node_filesystem_size_bytes", QUOTA, disk),
        *_gauge("node_filesystem_avail_bytes", QUOTA - used, disk),
        *_gauge("node_filesystem_free_bytes", QUOTA - used, disk),
        *_gauge("node_filesystem_readonly", 0, disk),
        "# TYPE node_cpu_seconds_total counter",
        *_processors(),
        "# TYPE node_uname_info gauge",
        'node_uname_info{machine="x86_64",nodename="mthatha-pacs",sysname="Linux"} 1',
    ]
    return "\n".join(lines) + "\n"


def _gauge(name: str, value: float, labels: str = "") -> list[str]:
    return [f"# TYPE {name} gauge", f"{name}{labels} {value:.6f}"]


def _processors() -> list[str]:
    """What the demo itself uses counts as the host's work: how busy this machine is with other things does not."""
    busy = _busy_seconds()
    idle = max(0.0, (time.time() - psutil.Process().create_time()) * (psutil.cpu_count() or 1) - busy)
    return [
        f'node_cpu_seconds_total{{cpu="0",mode="{mode}"}} {spent:.2f}'
        for mode, spent in (("user", busy), ("idle", idle))
    ]


def _busy_seconds() -> float:
    """Processor seconds of this process, of its children that live, and of those that have ended."""
    own = psutil.Process()
    times = own.cpu_times()
    spent = times.user + times.system + times.children_user + times.children_system
    for child in own.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            lived = child.cpu_times()
            spent += lived.user + lived.system
    return spent
