"""What the idle demo's own processes take: web, watch and worker, and the pager beside them. Peers and
database are not counted.

The product is started as a user starts it, left alone for a minute with its demo estate, and its processes are then
read. Resident memory counts shared pages in each process; the proportional figure shares them out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from benchmarks.report import finish

from umlindi.testing.peers import free_port

TARGETED = ("web", "watch", "worker")
OWN = (*TARGETED, "pager")
READY_WITHIN_S = 180
IDLE_S = 60
MB = 2**20


def main() -> None:
    with started() as supervisor:
        time.sleep(IDLE_S)
        own = processes(supervisor)
        used = {name: process.memory_full_info() for name, process in own.items()}
        before = cpu_s(own)
        time.sleep(IDLE_S)
        busy = (cpu_s(own) - before) / IDLE_S
    figures = {f"{name}_rss_mb": round(memory.rss / MB, 1) for name, memory in used.items()}
    figures["together_rss_mb"] = round(sum(used[name].rss for name in TARGETED) / MB, 1)
    figures["with_pager_rss_mb"] = round(sum(memory.rss for memory in used.values()) / MB, 1)
    figures["with_pager_pss_mb"] = round(sum(memory.pss for memory in used.values()) / MB, 1)
    figures["share_of_a_core"] = round(busy, 3)
    finish("idle", figures=figures, peers={}, ratios={}, targets={"together_rss_mb": "< 400"})


def cpu_s(own: dict[str, psutil.Process]) -> float:
    """User and system seconds so far."""
    return sum(sum(process.cpu_times()[:2]) for process in own.values())


def processes(supervisor: psutil.Process) -> dict[str, psutil.Process]:
    """The house's own processes by name."""
    found = {}
    for child in supervisor.children(recursive=True):
        words = child.cmdline()
        for name in OWN:
            if name in words and "umlindi" in " ".join(words):
                found[name] = child
    missing = set(OWN) - set(found)
    if missing:
        raise SystemExit(f"not running: {', '.join(sorted(missing))}")
    return found


@contextmanager
def started() -> Iterator[psutil.Process]:
    """The product with its demo, in a home of its own, from its ready line until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="umlindi-idle-") as home:
        Path(home).chmod(0o755)
        command = [sys.executable, "-m", "umlindi", "up", "--home", home, "--port", str(free_port())]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean())
        try:
            wait_until_ready(child)
            yield psutil.Process(child.pid)
        finally:
            child.send_signal(signal.SIGTERM)
            child.wait(60)


def clean() -> dict[str, str]:
    """The environment without what tests put there."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("UMLINDI_", "DATABASE_URL"))}


def wait_until_ready(child: subprocess.Popen[str]) -> None:
    assert child.stdout is not None
    ends = time.monotonic() + READY_WITHIN_S
    for line in child.stdout:
        if line.startswith("ready"):
            return
        if time.monotonic() > ends:
            break
    raise SystemExit("the product did not become ready")


if __name__ == "__main__":
    main()
