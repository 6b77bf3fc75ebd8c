"""The postmaster of one data folder, as its `postmaster.pid` and the process table together tell it.

After `kill -9` the file stays and its process id may belong to anybody, so the file alone is never believed.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

PID_LINE, SOCKET_LINE, STATUS_LINE = 0, 4, 7
POLL_SECONDS = 0.05
ORPHAN_SECONDS = 5.0
SOCKET_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A live postmaster. `ready` is what it wrote of itself; `socket_folder` where it listens."""

    pid: int
    socket_folder: Path
    ready: bool


def live(cluster: Path) -> Postmaster | None:
    """The postmaster that serves this data folder now, or None."""
    lines = _pid_file(cluster)
    if len(lines) <= SOCKET_LINE or not lines[PID_LINE].isdigit():
        return None
    pid = int(lines[PID_LINE])
    if not is_postgres_in(cluster, pid):
        return None
    ready = len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"
    return Postmaster(pid, Path(lines[SOCKET_LINE]), ready)


def is_postgres_in(cluster: Path, pid: int) -> bool:
    """Whether a process is PostgreSQL working in this data folder. A zombie is not."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            name, status = process.name(), process.status()
        return name == "postgres" and status != psutil.STATUS_ZOMBIE and Path(process.cwd()) == cluster
    except psutil.Error:
        return False


def wait_ready(cluster: Path, seconds: float) -> Postmaster | None:
    """Wait while a live postmaster recovers; None where it goes away or does not become ready in time."""
    ends = time.monotonic() + seconds
    while (found := live(cluster)) is not None and time.monotonic() < ends:
        if found.ready:
            return found
        time.sleep(POLL_SECONDS)
    return None


def stop(cluster: Path, steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """Ask ever less politely: each signal gets its seconds. True where nothing is left."""
    for sent, seconds in steps:
        found = live(cluster)
        if found is None:
            return True
        os.kill(found.pid, sent)
        if _gone(cluster, found.pid, seconds):
            return True
    return live(cluster) is None


def clear_the_way(cluster: Path, socket_folder: Path) -> None:
    """After a kill -9: end backends whose postmaster died, then remove the lock files it left.

    In that order: a new postmaster beside an old backend would corrupt the cluster, and the pid file is what would
    have stopped it. Left there, a lock file blocks the start as long as anybody has its process id, a zombie included.
    """
    orphans = [process for process in psutil.process_iter() if is_postgres_in(cluster, process.pid)]
    _, stubborn = psutil.wait_procs(orphans, timeout=ORPHAN_SECONDS)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, timeout=ORPHAN_SECONDS)
    for lock in (cluster / "postmaster.pid", socket_folder / f"{SOCKET_NAME}.lock", socket_folder / SOCKET_NAME):
        lock.unlink(missing_ok=True)


def _pid_file(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _gone(cluster: Path, pid: int, seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if not is_postgres_in(cluster, pid):
            return True
        time.sleep(POLL_SECONDS)
    return False
