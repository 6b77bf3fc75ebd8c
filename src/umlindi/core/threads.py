"""The database from asyncio: one thread with one connection, looked after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseThread:
    """Runs functions that use the database, one after another, away from the event loop.

    async with DatabaseThread() as database:
        rows = await database.run(services.claim_due, now)

    A connection that broke or grew old is closed before the next call, so that a restarted server is found again; all
    are closed at the end.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "database")

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result, or its exception."""

        def call() -> T:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def __aenter__(self) -> DatabaseThread:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, connections.close_all)
        self._pool.shutdown()
