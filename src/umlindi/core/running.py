"""A process of ours that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

Work = Callable[[asyncio.Event], Awaitable[None]]
"""Runs until the event is set, then lets go of what is in hand."""


def run_until_stopped(work: Work) -> None:
    """Run it until SIGTERM or SIGINT."""
    asyncio.run(_run(work))


async def _run(work: Work) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await work(stop)
