"""Probing many interfaces at once: bounded, spread over hosts, each with its own deadline.

No Django: it takes targets and gives results as they come.
"""

from __future__ import annotations

import asyncio
import resource
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from umlindi.probes import Deadline, ProbeResult
from umlindi.watch.targets import Job

ACTIVE = 32
"""Ladders that climb at once. More would only make each of them wait for this process, and measure that."""

PATIENCE_S = 1.0
"""A ladder that has climbed this long is waiting for its peer, and lets another begin."""

AT_ONCE = 512
"""Ladders begun and not ended, however patient: sockets are not endless."""

AT_ONCE_PER_PEER = 2
"""Two ladders at a time for one host and port: archives count associations, and a probe must not use them up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A result, and when its probe began."""

    key: int
    began: datetime
    result: ProbeResult


class Runner:
    """Limits shared by everything one process probes."""

    def __init__(self, active: int = ACTIVE, at_once: int = AT_ONCE) -> None:
        _allow_files(at_once * 4)
        self._active = asyncio.Semaphore(active)
        self._all = asyncio.Semaphore(at_once)
        self._peers: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_PER_PEER))

    async def probe(self, job: Job) -> Answer:
        """One ladder, when its peer and the process have room for it."""
        async with self._peers[job.peer], self._all, AsyncExitStack() as stack:
            async with self._active:
                began = datetime.now(UTC)
                climbing = asyncio.create_task(_run(job))
                stack.callback(climbing.cancel)
                await asyncio.wait([climbing], timeout=PATIENCE_S)
            return Answer(job.key, began, await climbing)

    async def probe_all(self, jobs: Iterable[Job]) -> AsyncIterator[Answer]:
        """Every answer as it comes, whichever is first."""
        tasks = [asyncio.create_task(self.probe(job)) for job in jobs]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _run(job: Job) -> ProbeResult:
    return await job.run(Deadline(job.deadline_s))


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files where the hard one lets us; a thousand peers are a thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
