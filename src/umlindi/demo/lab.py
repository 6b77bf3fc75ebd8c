"""Breaking and mending: what is wanted is a file, what is in force is another, which the demo's process writes."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from umlindi.demo.faults import BY_SLUG, choose
from umlindi.demo.ground import state_file, wanted_file, write_atomically

CONFIRM_SECONDS = 12.0
STALE_SECONDS = 10.0
_POLL_SECONDS = 0.1

Breakage = tuple[str, str]
"""A fault's slug and the system that has it."""


class NotConfirmed(Exception):
    """The demo's process did not say in time that the fault is in force or gone."""


@dataclass(frozen=True, slots=True)
class PeerState:
    """One peer as the demo's process last saw it. `real` is False for a simulation of ours."""

    system: str
    name: str
    real: bool
    pid: int | None
    port: int | None
    trouble: str


@dataclass(frozen=True, slots=True)
class LabState:
    """`in_force` maps each breakage to when it took effect (aware). Not `alive`: the demo's process is not running."""

    alive: bool
    pid: int | None
    peers: tuple[PeerState, ...]
    in_force: dict[Breakage, datetime]


def want_fault(home: Path, slug: str, system: str | None = None) -> Breakage:
    """Ask for a fault without waiting for it. Raises `UnknownFault`."""
    fault, where = choose(slug, system)
    breakage = (fault.slug, where)
    with _wanted(home) as wanted:
        wanted.add(breakage)
    return breakage


def break_fault(home: Path, slug: str, system: str | None = None) -> Breakage:
    """Ask for a fault and wait until it is in force. Raises `UnknownFault` or `NotConfirmed`."""
    breakage = want_fault(home, slug, system)
    _confirm(home, lambda in_force: breakage in in_force, f"{slug} on {breakage[1]} is not in force")
    return breakage


def mend(home: Path, slug: str | None = None, system: str | None = None) -> tuple[Breakage, ...]:
    """Take back a fault on a system, wherever it is, or all; returns those taken back. Raises like `break_fault`."""
    if slug is not None:
        choose(slug, system)
    with _wanted(home) as wanted:
        gone = {breakage for breakage in wanted if slug in (None, breakage[0]) and system in (None, breakage[1])}
        wanted.difference_update(gone)
    _confirm(home, lambda in_force: not gone & set(in_force), "the fault is still in force")
    return tuple(sorted(gone))


def state(home: Path) -> LabState:
    """What the demo's process says; an empty state where it has never run."""
    told = _read(state_file(home / "demo"))
    if not told:
        return LabState(False, None, (), {})
    peers = tuple(PeerState(**peer) for peer in told["peers"])
    in_force = {(slug, where): datetime.fromisoformat(since) for slug, where, since in told["in_force"]}
    alive = time.time() - told["written"] < STALE_SECONDS and not told["stopped"]
    return LabState(alive, told["pid"], peers, in_force)


def wanted_breakages(folder: Path) -> frozenset[Breakage]:
    """What somebody asked for; entries of an older version that no longer exist are left out."""
    entries = _read(wanted_file(folder)).get("wanted", [])
    return frozenset((slug, where) for slug, where in entries if _exists(slug, where))


def _exists(slug: str, where: str) -> bool:
    return slug in BY_SLUG and where in BY_SLUG[slug].systems


@contextmanager
def _wanted(home: Path) -> Iterator[set[Breakage]]:
    """The wanted set, to be changed in place; a lock keeps two people from undoing each other."""
    folder = home / "demo"
    if not folder.is_dir():
        raise NotConfirmed(f"there is no demo in {home}: start it with `umlindi demo up`")
    with (folder / "faults.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = set(wanted_breakages(folder))
        yield wanted
        write_atomically(wanted_file(folder), json.dumps({"wanted": sorted(wanted)}, indent=1))


def _confirm(home: Path, reached: Callable[[Mapping[Breakage, datetime]], bool], complaint: str) -> None:
    ends = time.monotonic() + CONFIRM_SECONDS
    while not reached((seen := state(home)).in_force):
        if not seen.alive:
            raise NotConfirmed(f"{complaint}: the demo is not running in {home}")
        if time.monotonic() > ends:
            raise NotConfirmed(f"{complaint} after {CONFIRM_SECONDS:.0f} s{_troubles(seen.peers)}")
        time.sleep(_POLL_SECONDS)


def _troubles(peers: Iterable[PeerState]) -> str:
    told = "; ".join(f"{peer.name}: {peer.trouble}" for peer in peers if peer.trouble)
    return f" ({told})" if told else ""


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found
