"""One process's share of the probing."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.conf import settings

from umlindi.core.beats import pulse
from umlindi.core.threads import DatabaseThread
from umlindi.estate.models import Interface
from umlindi.watch import services
from umlindi.watch.loop.estate import Estate
from umlindi.watch.loop.recorder import Recorder
from umlindi.watch.loop.schedule import Held, Schedule
from umlindi.watch.rules.conditions import silence_allowed
from umlindi.watch.rules.fairness import busy
from umlindi.watch.runner import Runner, utc_now
from umlindi.watch.services import AWAY, Claim, Recorded
from umlindi.watch.targets import job_for

logger = logging.getLogger("umlindi.watch")

P = ParamSpec("P")
T = TypeVar("T")

TICK_S = 0.05
CLAIM_S = 1.0
AHEAD = timedelta(seconds=3)
"""Probes are claimed before they are due, so that they begin when they are."""
CLAIM_AT_ONCE = 256
PLACES = 2048
"""Probes claimed or being asked: sockets and memory are not endless."""
RECORD_S = 1.0
FOLLOW_S = 5.0
MINUTE_S = 60.0
AWAY_AFTER_S = 5.0
"""A database that has not answered for so long is away, also where it does not say so."""
OTHERS_FIRST_S = 10.0
"""After the database's return, this long other processes may file what they hold before anything is claimed: an answer
of now would make their older ones too old to be judged."""


class WatchProcess:
    """Four loops: claim, begin, record, follow the estate. None waits for another."""

    def __init__(
        self, threads: tuple[DatabaseThread, DatabaseThread, DatabaseThread], folder: Path, now: Callable[[], datetime]
    ) -> None:
        self._claims, self._records, self._follows = threads
        self._now = now
        self._runner = Runner(at_once=PLACES, now=now)
        self._schedule = Schedule()
        self._estate = Estate(now)
        self._recorder = Recorder(folder, now)
        self._who = f"{socket.gethostname()[:80]} {os.getpid()}"
        self._running: set[asyncio.Task[None]] = set()
        self._answers: list[Recorded] = []
        self._lags: deque[tuple[float, float]] = deque()
        self._answered = time.monotonic()
        self._away = False
        self._alone_until = 0.0

    @classmethod
    @asynccontextmanager
    async def open(cls, now: Callable[[], datetime] = utc_now) -> AsyncIterator[WatchProcess]:
        async with DatabaseThread() as claims, DatabaseThread() as records, DatabaseThread() as follows:
            process = cls((claims, records, follows), Path(settings.UMLINDI_HOME) / "spool" / "watch", now)
            try:
                yield process
            finally:
                process._recorder.close()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. What was answered by then is recorded, what was claimed is let go."""
        loops = [(self._begin, TICK_S), (self._claim, CLAIM_S), (self._record, RECORD_S), (self._follow, FOLLOW_S)]
        await self._records.run(self._recorder.record_orphans)
        await self._follow()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_every(seconds, turn)) for turn, seconds in loops]
            await stop.wait()
            for task in [*tasks, *self._running]:
                task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._record()
        await self._tried(self._claims, services.let_go, self._who)

    async def _begin(self) -> None:
        """Start what is due."""
        pulse()
        now = time.monotonic()
        if now - self._answered > AWAY_AFTER_S:
            self._go_on_alone("it does not answer")
        for held in self._schedule.due(now, self._away):
            interface = self._estate.get(held.claim.interface)
            if interface is None:
                self._schedule.ended(held, now, away=False)
                continue
            task = asyncio.create_task(self._ask(held, interface))
            self._running.add(task)
            task.add_done_callback(self._ended)

    async def _ask(self, held: Held, interface: Interface) -> None:
        began, before, interval = held.due, held.asked, timedelta(seconds=held.claim.interval_s)
        try:
            answer = await self._runner.probe(job_for(interface, held.claim.plan), interface.system.site_id)
            began = answer.started
            self._lags.append((began, began - held.due))
            watched = before is not None and began - before <= silence_allowed(interval).total_seconds()
            self._answers.append(Recorded(interface.pk, held.claim.plan, answer.began, answer.result, watched))
        finally:
            self._schedule.ended(held, began, self._away)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A probe that broke is a fault of ours: told in the log, and its claim runs out, so it is tried again."""
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a probe broke: %r", error, exc_info=error)

    async def _claim(self) -> None:
        """Take what will be due, as far as there is room. While answers wait on disk, nothing: what they tell of comes
        before what is now."""
        if self._recorder.waiting or time.monotonic() < self._alone_until:
            return
        while (room := min(CLAIM_AT_ONCE, PLACES - self._schedule.hands)) > 0:
            now, clock = self._now(), time.monotonic()
            full = busy(self._schedule.in_hand, PLACES)
            claims = await self._tried(self._claims, self._claim_due, now, room, full)
            if claims is None:
                return
            for claim in claims:
                self._schedule.take(claim, clock + (claim.due_at - now).total_seconds())
            if len(claims) < room:
                break
        self._is_there()

    def _claim_due(self, now: datetime, room: int, full: Sequence[int]) -> list[Claim]:
        claims = services.claim_due(now + AHEAD, now, room, self._who, full)
        self._estate.refresh(claims)
        return claims

    async def _record(self) -> None:
        answers, self._answers = self._answers, []
        if not answers and not self._recorder.waiting:
            return
        lags = self._last_minute()
        if not await self._records.run(self._recorder.record, answers, len(lags), latest_hundredth(lags)):
            self._go_on_alone("answers wait on disk")
            self._alone_until = time.monotonic() + OTHERS_FIRST_S

    def _last_minute(self) -> list[float]:
        while self._lags and self._lags[0][0] < time.monotonic() - MINUTE_S:
            self._lags.popleft()
        return [lag for _, lag in self._lags]

    async def _follow(self) -> None:
        await self._tried(self._follows, self._estate.follow)
        if not self._recorder.waiting:
            await self._tried(self._records, self._recorder.record_orphans)

    async def _tried(
        self, database: DatabaseThread, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """The work's result; None where the database is away."""
        try:
            return await database.run(work, *args, **kwargs)
        except AWAY as error:
            self._go_on_alone(str(error).strip().split("\n")[0])
            return None

    def _go_on_alone(self, why: str) -> None:
        if not self._away:
            logger.warning("the database is away (%s): going on with what is known here", why)
            self._away = True
            self._schedule.recall(time.monotonic())

    def _is_there(self) -> None:
        self._answered = time.monotonic()
        if self._away:
            logger.info("the database is back, and everything is recorded")
            self._away = False


async def _every(seconds: float, turn: Callable[[], Awaitable[None]]) -> None:
    while True:
        await turn()
        await asyncio.sleep(seconds)


def latest_hundredth(lags: Iterable[float]) -> float:
    """How late, in seconds, the latest hundredth began at least: the 99th percentile. 0 where none began."""
    ordered = sorted(lags)
    return ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)] if ordered else 0.0
