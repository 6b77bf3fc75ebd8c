"""The watch process: claim what is due, probe it, record the answer, for ever.

Any number of these share the work (SKIP LOCKED). One that is killed leaves claims that run out by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from datetime import UTC, datetime

from django.db import DatabaseError

from umlindi.core.threads import DatabaseThread
from umlindi.estate.models import Interface
from umlindi.watch import services
from umlindi.watch.runner import AT_ONCE, Runner
from umlindi.watch.targets import job_for

logger = logging.getLogger("umlindi.watch")

PAUSE_S = 1.0
CLAIM_AT_ONCE = 64


def main() -> None:
    """Run until SIGTERM or SIGINT, then let go of what is in hand."""
    asyncio.run(_main())


async def _main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await watch(stop)


async def watch(stop: asyncio.Event) -> None:
    """Claim and probe until `stop` is set."""
    async with DatabaseThread() as database:
        await _Watch(stop, database).run()


class _Watch:
    """One process's share of the probing."""

    def __init__(self, stop: asyncio.Event, database: DatabaseThread) -> None:
        self._stop = stop
        self._database = database
        self._runner = Runner()
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while not self._stop.is_set():
            claimed = await self._claim()
            for interface in claimed:
                self._begin(interface)
            if len(claimed) < CLAIM_AT_ONCE:
                await self._pause()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _claim(self) -> list[Interface]:
        """What is due, as far as there is room. While the database is away there is nothing, and the loop goes on."""
        room = min(CLAIM_AT_ONCE, AT_ONCE - len(self._running))
        if room <= 0:
            return []
        try:
            return await self._database.run(_claim_due, room)
        except DatabaseError as error:
            logger.warning("the database is away, waiting: %s", error)
            return []

    def _begin(self, interface: Interface) -> None:
        task = asyncio.create_task(self._probe(interface))
        self._running.add(task)
        task.add_done_callback(self._ended)

    async def _probe(self, interface: Interface) -> None:
        answer = await self._runner.probe(job_for(interface))
        await self._database.run(services.finish_turn, interface, answer)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A probe that broke is a fault of ours: told in the log, and its claim runs out, so it is tried again."""
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a probe broke: %r", error, exc_info=error)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(PAUSE_S):
                await self._stop.wait()
        except TimeoutError:
            return


def _claim_due(room: int) -> list[Interface]:
    now = datetime.now(UTC)
    services.give_turns(now)
    return services.claim_due(now, room)
