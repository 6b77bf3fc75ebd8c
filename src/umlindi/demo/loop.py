"""The demo's process: starts every peer, keeps it as the wanted faults ask, and says in a file how all is."""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from umlindi.demo import cast, lab, worklist
from umlindi.demo.cast import Peer
from umlindi.demo.day import Day
from umlindi.demo.estate import write_estate
from umlindi.demo.faults import WORKLIST
from umlindi.demo.ground import Ground, survey, write_atomically
from umlindi.demo.housekeeping import keep_house
from umlindi.demo.introducing import introduce
from umlindi.demo.lab import Breakage
from umlindi.demo.orders import ZONE
from umlindi.demo.peers.programs import NotReady
from umlindi.demo.reporting import report
from umlindi.house.errors import HouseError

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
SAY_SECONDS = 3.0
REFRESH_SECONDS = 60.0


class AlreadyRunning(Exception):
    """Another demo runs in this home."""


class Demo:
    """Peers and what is wanted of them. `in_force` maps each breakage to when it took effect."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.peers = cast.cast(ground)
        self.in_force: dict[Breakage, datetime] = {}
        self._applied: dict[int, frozenset[str]] = {}
        self._trouble: dict[int, str] = {}
        self._said = 0.0
        self._refreshed = 0.0

    async def run(self, ready: asyncio.Event) -> None:
        """Until cancelled."""
        path = write_estate(self.ground)
        self._refresh_worklist()
        await asyncio.gather(self._reconcile(), introduce(self.ground.folder.parent, path))
        ready.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(Day(self.ground, self._listens).run())
            group.create_task(self._tend())
            group.create_task(keep_house(self.ground))
            group.create_task(report(self.ground.folder))

    async def stop(self) -> None:
        """Stop every peer."""
        await asyncio.gather(*(peer.stop() for peer in self.peers))
        self._say(stopped=True)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            await self._reconcile()
            if time.monotonic() - self._refreshed > REFRESH_SECONDS:
                self._refresh_worklist()

    async def _reconcile(self) -> None:
        """Bring every peer to what is wanted; a peer that cannot be brought there is tried again at the next tick."""
        wanted = lab.wanted_breakages(self.ground.folder)
        changed = [peer for peer in self.peers if self._faults_of(peer, wanted) != self._applied.get(id(peer))]
        await asyncio.gather(*(self._bring(peer, self._faults_of(peer, wanted)) for peer in changed))
        self._settle(wanted)
        if changed or time.monotonic() - self._said > SAY_SECONDS:
            self._say()

    def _settle(self, wanted: frozenset[Breakage]) -> None:
        """A breakage is in force once all its peers have it, and gone once none has."""
        before = self.in_force.keys()
        after = {each for each in wanted | before if self._holds(each, all if each in wanted else any)}
        if any(where == WORKLIST for _, where in after ^ before):
            self._refresh_worklist(after)
        now = datetime.now(UTC)
        self.in_force = {breakage: self.in_force.get(breakage, now) for breakage in sorted(after)}

    def _holds(self, breakage: Breakage, how_many: Callable[[Iterable[bool]], bool]) -> bool:
        slug, where = breakage
        concerned = [peer for peer in self.peers if where in cast.stands_on(peer.system)]
        return how_many(slug in self._applied.get(id(peer), frozenset()) for peer in concerned)

    async def _bring(self, peer: Peer, faults: frozenset[str]) -> None:
        try:
            await peer.apply(faults)
        except (NotReady, OSError, HouseError) as error:
            log.warning("%s is not as wanted: %s", peer.name, error)
            self._trouble[id(peer)] = str(error)
        else:
            self._trouble.pop(id(peer), None)
            self._applied[id(peer)] = faults

    @staticmethod
    def _faults_of(peer: Peer, wanted: frozenset[Breakage]) -> frozenset[str]:
        return frozenset(slug for slug, where in wanted if where in cast.stands_on(peer.system))

    def _refresh_worklist(self, breakages: Collection[Breakage] | None = None) -> None:
        held = self.in_force if breakages is None else breakages
        orders = list(worklist.due(datetime.now(ZONE)))
        if ("worklist-empty", WORKLIST) in held:
            orders = [order for order in orders if order.station.modality != "CT"]
        worklist.refresh(cast.worklist_folder(self.ground), orders)
        self._refreshed = time.monotonic()

    def _listens(self, system: str) -> bool:
        """A modality that is switched off sends nothing."""
        return any(peer.system == system and peer.pid is not None for peer in self.peers)

    def _say(self, stopped: bool = False) -> None:
        self._said = time.monotonic()
        peers = [
            {
                "system": peer.system,
                "name": peer.name,
                "real": peer.real,
                "pid": peer.pid,
                "port": peer.port,
                "trouble": self._trouble.get(id(peer), ""),
            }
            for peer in self.peers
        ]
        in_force = [[slug, where, since.isoformat()] for (slug, where), since in self.in_force.items()]
        told = {
            "pid": os.getpid(),
            "written": time.time(),
            "stopped": stopped,
            "peers": peers,
            "in_force": in_force,
        }
        write_atomically(self.ground.state_file, json.dumps(told, indent=1))


def run(home: Path, say: Callable[[str], None]) -> None:
    """Run the demo in a home until SIGTERM or SIGINT; says a line that begins with `ready` once every peer is up.

    Raises `AlreadyRunning` or `NoPorts`.
    """
    with _alone(home):
        asyncio.run(_until_told(home, say))


async def _until_told(home: Path, say: Callable[[str], None]) -> None:
    demo = Demo(survey(home))
    told, ready = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    running = asyncio.create_task(demo.run(ready))
    waiting = asyncio.create_task(told.wait())
    announcing = asyncio.create_task(_announce(demo, ready, say))
    try:
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        for task in (running, waiting, announcing):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await demo.stop()


async def _announce(demo: Demo, ready: asyncio.Event, say: Callable[[str], None]) -> None:
    await ready.wait()
    stand_ins = sorted(peer.name for peer in demo.peers if peer.name.startswith("stand-in"))
    simulated = f"; not installed and so simulated: {', '.join(stand_ins)}" if stand_ins else ""
    say(f"ready {len(demo.peers)} peers of the demo estate{simulated}")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """One demo a home. The lock goes with the process, however it ends."""
    folder = home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "running.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(f"a demo already runs in {home}") from error
        yield
