"""The watch process: claim what is due, ask it on time, record the answers, for ever.

Any number of these share the work (SKIP LOCKED). One that is killed leaves claims that run out by themselves, and on
disk what it could not record. While the database is away each goes on asking what it asked before.
"""

from __future__ import annotations

import asyncio

from umlindi.core.running import run_until_stopped
from umlindi.watch.loop.process import WatchProcess


def main() -> None:
    """Run until SIGTERM or SIGINT, then let go of what is in hand."""
    run_until_stopped(watch)


async def watch(stop: asyncio.Event) -> None:
    """Claim and probe until `stop` is set."""
    async with WatchProcess.open() as process:
        await process.run(stop)


__all__ = ["main", "watch"]
