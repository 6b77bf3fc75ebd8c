"""Probing many interfaces at once: bounded, spread over hosts, each with its own deadline.

No Django: it takes targets and gives results as they come.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from umlindi.probes import Deadline, ProbeResult
from umlindi.watch.rules.plans import Plan
from umlindi.watch.targets import Job

ACTIVE = 32
"""Ladders that climb at once. More would only make each of them wait for this process, and measure that."""

PATIENCE_S = 1.0
"""A ladder that has climbed this long is waiting for its peer, and lets another begin."""

AT_ONCE = 512
"""Ladders begun and not ended, however patient: sockets are not endless."""

AT_ONCE_PER_PEER = 2
"""Two ladders at a time for one host and port: archives count associations, and a probe must not use them up."""


AT_ONCE_PER_SITE = 128
"""Ladders at a time through one site's link."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result, and when its probe began: `started` is the same on the monotonic clock. The whole of an interface names
    the answers to its plans, of which it is made."""

    key: int
    began: datetime
    result: ProbeResult
    plan: Plan = Plan.FULL
    started: float = 0.0
    of: tuple[Answer, ...] = ()

    @property
    def parts(self) -> tuple[Answer, ...]:
        return self.of or (self,)


class Runner:
    """Limits shared by everything one process probes."""

    def __init__(self, active: int = ACTIVE, at_once: int = AT_ONCE, now: Callable[[], datetime] = utc_now) -> None:
        _allow_files(at_once * 4)
        self._now = now
        self._active = asyncio.Semaphore(active)
        self._all = asyncio.Semaphore(at_once)
        self._peers: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_PER_PEER))
        self._sites: defaultdict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(AT_ONCE_PER_SITE))

    async def probe(self, job: Job, site: int) -> Answer:
        """One ladder, when its peer, its site and the process have room for it."""
        async with self._peers[job.peer], self._sites[site], self._all, AsyncExitStack() as stack:
            async with self._active:
                began, started = self._now(), time.monotonic()
                climbing = asyncio.create_task(_run(job))
                stack.callback(climbing.cancel)
                await asyncio.wait([climbing], timeout=PATIENCE_S)
            return Answer(job.key, began, await climbing, started=started)


async def _run(job: Job) -> ProbeResult:
    return await job.run(Deadline(job.deadline_s))


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files where the hard one lets us; a thousand peers are a thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard) if hard > 0 else wanted, hard))
