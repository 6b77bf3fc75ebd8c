"""The RIS's database: a second small PostgreSQL cluster inside the demo's folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

from umlindi.house import postmaster
from umlindi.house.home import Home
from umlindi.house.postgres import Cluster

_SMALL = {"shared_buffers": "8MB", "max_connections": "12", "max_wal_size": "64MB", "min_wal_size": "32MB"}


class Database:
    """`database-down` stops it. Left behind by a kill -9, it is adopted at the next start."""

    real = True

    def __init__(self, system: str, folder: Path) -> None:
        self.system = system
        self.name = "PostgreSQL"
        self.port: int | None = None
        self._home = Home(folder)
        self._cluster = Cluster(self._home, _SMALL)

    @property
    def url(self) -> str:
        return self._cluster.url()

    @property
    def pid(self) -> int | None:
        found = postmaster.live(self._cluster.folder)
        return found.pid if found else None

    async def apply(self, faults: frozenset[str]) -> None:
        """Start or stop it, in a thread: both take up to a second."""
        if "database-down" in faults:
            await self.stop()
        elif not self._cluster.running():
            await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Stop it where it runs."""
        if self.pid is not None:
            await asyncio.to_thread(self._cluster.stop)

    def _start(self) -> None:
        self._home.prepare()
        self._cluster.start()
