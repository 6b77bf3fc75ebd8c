"""The pager process: from outages to alerts, from alerts to pages, from pages to people, for ever.

Any number of these share the work: each unit is one short transaction that locks its row and skips what another has
locked. One that is killed leaves nothing but claims, which run out. It needs no web, watch or worker to be alive.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError

from umlindi.alerts import services
from umlindi.alerts.models import Page
from umlindi.core.beats import pulse
from umlindi.core.running import run_until_stopped
from umlindi.core.threads import DatabaseThread
from umlindi.heartbeats.services import tick
from umlindi.probes.faults import Fault, Layer, Permanent

logger = logging.getLogger("umlindi.pager")

PAUSE_S = 0.5
AWAY_PAUSE_S = 1.0
AT_ONCE = 8
FAREWELL_S = 4.0
SELDOM = timedelta(seconds=5)
AWAY = (OperationalError, InterfaceError)

P = ParamSpec("P")
T = TypeVar("T")


class _Away(Exception):
    """The database does not answer: everything waits."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a unit of work is about, and how to push it ahead where it breaks us."""

    what: str
    row: int = 0
    put_off: Callable[[int, str, datetime], None] | None = None


def main() -> None:
    """Run until SIGTERM or SIGINT; what is being sent at that moment has a few seconds to end."""
    run_until_stopped(page)


async def page(stop: asyncio.Event) -> None:
    """Take up, escalate and deliver until `stop` is set."""
    async with DatabaseThread() as database:
        pager = _Pager(stop, database)
        await pager.run()


class _Pager:
    """One process's share of the paging."""

    def __init__(self, stop: asyncio.Event, database: DatabaseThread) -> None:
        self._stop = stop
        self._database = database
        self._process = f"{socket.gethostname()}:{os.getpid()}"
        self._senders = ThreadPoolExecutor(AT_ONCE, "send")
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._seldom_at = 0.0
        self._is_away = False

    async def run(self) -> None:
        while not self._stop.is_set():
            pulse()
            try:
                is_busy = await self._round()
                self._is_away = False
            except _Away as error:
                self._complain(error)
                await self._pause(AWAY_PAUSE_S)
            else:
                await self._pause(0 if is_busy else PAUSE_S)
        await self._farewell()

    async def _round(self) -> bool:
        """One turn through everything that may be due; whether there is likely more."""
        now = datetime.now(UTC)
        taken = await self._take(now)
        for alert in await self._ask(services.due_alerts, now):
            await self._unit(Work("alert", alert, services.put_off_alert), services.advance, alert, now)
        await self._seldom(now)
        claimed = await self._deliver(now)
        return taken > 0 or claimed > 0

    async def _take(self, now: datetime) -> int:
        """A batch; where one outage in it breaks us, each by itself."""
        taken, error = await self._try(services.take, now)
        if error is None:
            return taken or 0
        logger.error("a batch of outages broke: %r", error, exc_info=error)
        for outage in await self._ask(services.unheard, now):
            await self._unit(Work("outage", outage, services.set_aside), services.take_one, outage, now)
        return 0

    async def _seldom(self, now: datetime) -> None:
        """What need not be looked at each time, by a clock that nobody can set."""
        if time.monotonic() < self._seldom_at:
            return
        self._seldom_at = time.monotonic() + SELDOM.total_seconds()
        for what, function in (
            ("windows", services.tend_windows),
            ("digests", services.bundle),
            ("heartbeats", tick),
            ("setbacks", services.tend_setbacks),
        ):
            await self._unit(Work(what), function, now)

    async def _deliver(self, now: datetime) -> int:
        """Begin to send as many of the due pages as there is room for. How many."""
        room, begun = AT_ONCE - len(self._sending), 0
        if room <= 0:
            return 0
        for page_id in await self._ask(services.due_pages, now, room, list(self._sending)):
            work = Work("page", page_id, services.put_off_page)
            page = await self._unit(work, services.claim, page_id, self._process, now)
            if page is not None:
                self._sending[page.pk] = asyncio.create_task(self._send(page))
                begun += 1
        return begun

    async def _send(self, page: Page) -> None:
        """One attempt, and its outcome written down however long the database is away."""
        try:
            write = await self._attempt(page)
            while not await self._written(page, write):
                await asyncio.sleep(AWAY_PAUSE_S)
        finally:
            del self._sending[page.pk]

    async def _attempt(self, page: Page) -> Callable[[], None]:
        """Send it; how to write down what came of it. What breaks our own code will break it again: another channel."""
        began = time.monotonic()
        sending = asyncio.get_running_loop().run_in_executor(self._senders, services.send, page)
        await asyncio.wait({sending})
        ms, error = (time.monotonic() - began) * 1000, sending.exception()
        if error is None:
            receipt = sending.result()
            return lambda: services.delivered(page, receipt, ms, datetime.now(UTC))
        if isinstance(error, Fault):
            fault = error
        else:
            logger.error("sending page %d broke: %r", page.pk, error, exc_info=error)
            fault = Permanent(Layer.HOST, type(error).__name__, "our own code failed: see the pager's log")
        return lambda: services.failed(page, fault, ms, datetime.now(UTC))

    async def _written(self, page: Page, write: Callable[[], None]) -> bool:
        try:
            await self._unit(Work("page", page.pk, services.put_off_page), write)
        except _Away as error:
            self._complain(error)
            return False
        return True

    async def _unit(self, work: Work, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """One unit of work. One that breaks is pushed ahead and raised as an outage of the house: the next goes on."""
        result, error = await self._try(function, *args, **kwargs)
        if error is not None:
            logger.error("%s %d broke: %r", work.what, work.row, error, exc_info=error)
            await self._set_back(work, type(error).__name__)
        return result

    async def _set_back(self, work: Work, error: str) -> None:
        now = datetime.now(UTC)
        if work.put_off is not None:
            await self._ask(work.put_off, work.row, error, now)
        await self._ask(services.report_setback, work.what, work.row, error, now)

    async def _ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._database.run(function, *args, **kwargs)
        except AWAY as error:
            raise _Away(str(error)) from error

    async def _try(
        self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T | None, BaseException | None]:
        """The result, or the exception. Raises `_Away` alone."""
        task = asyncio.ensure_future(self._ask(function, *args, **kwargs))
        await asyncio.wait({task})
        error = task.exception()
        if isinstance(error, _Away):
            raise error
        return (None, error) if error is not None else (task.result(), None)

    def _complain(self, error: _Away) -> None:
        """Once, not each second."""
        if not self._is_away:
            self._is_away = True
            logger.warning("the database is away, waiting: %s", error)

    async def _pause(self, seconds: float) -> None:
        """So long at most: the end, or a sender that is free again, ends it."""
        ending = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({ending, *self._sending.values()}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()

    async def _farewell(self) -> None:
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=FAREWELL_S)
        self._senders.shutdown(wait=False, cancel_futures=True)
