"""Probing many interfaces at once: bounded, spread over hosts, each with its own deadline.

No Django: it takes targets and gives results as they come.
"""

from __future__ import annotations

import asyncio
import resource
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from umlindi.probes import Deadline, ProbeResult
from umlindi.watch.targets import Job

AT_ONCE = 256
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

    def __init__(self, at_once: int = AT_ONCE) -> None:
        _allow_files(at_once * 8)
        self._all = asyncio.Semaphore(at_once)
        self._peers: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_PER_PEER))

    async def probe(self, job: Job) -> Answer:
        """One ladder, when its peer and the process have room for it."""
        async with self._peers[job.peer], self._all:
            began = datetime.now(UTC)
            result = await job.run(Deadline(job.deadline_s))
        return Answer(job.key, began, result)

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


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files where the hard one lets us; a thousand peers are a thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
