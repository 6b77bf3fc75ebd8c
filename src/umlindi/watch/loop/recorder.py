"""From answers to rows, about once a second; by way of the disk while the database is away."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

from django.db import close_old_connections

from umlindi.watch import services
from umlindi.watch.services import AWAY, Batch, Recorded
from umlindi.watch.spool import Spool, Waiting, orphans, own_spool

logger = logging.getLogger("umlindi.watch")

ATTEMPTS = 2
"""A deadlock with another process, and a connection that broke while nobody used it, are over at the second."""
DRAIN_S = 2.0
"""So long at a time, so that new answers are not kept from the disk."""


class Recorder:
    """One process's batches on their way into the database, always in order. Every method may wait, and belongs in the
    database's thread."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._number = 0
        self._told = ""
        self._host = socket.gethostname()[:255]
        self._spool = own_spool(folder, uuid4())

    @property
    def writer(self) -> UUID:
        return self._spool.writer

    @property
    def waiting(self) -> int:
        """Answers that wait on disk."""
        return self._spool.answers

    def record(self, answers: Sequence[Recorded], begun: int, lag_s: float) -> bool:
        """Record these, or put them behind those that wait. Whether everything is recorded now."""
        if answers:
            self._number += 1
            batch = Waiting(self._number, tuple(sorted(answers, key=lambda answer: answer.at)))
            if not self.waiting and self._recorded(self.writer, batch, begun, lag_s):
                return True
            self._spool.append(batch)
        return self._drained(self._spool)

    def record_orphans(self) -> None:
        """What processes that are no more have left here. Stops where the database is away."""
        for spool in orphans(self._folder):
            logger.info("recording %d answers that a process which is no more left behind", spool.answers)
            while spool.answers and self._drained(spool):
                continue
            spool.close()

    def close(self) -> None:
        self._spool.close()

    def _drained(self, spool: Spool) -> bool:
        """Record what waits, oldest first, for a while. Whether nothing waits any more."""
        ends = time.monotonic() + DRAIN_S
        while (batch := spool.next()) is not None:
            if time.monotonic() > ends or not self._recorded(spool.writer, batch):
                return False
            spool.done()
        return True

    def _recorded(self, writer: UUID, batch: Waiting, begun: int = 0, lag_s: float = 0.0) -> bool:
        told = Batch(writer, batch.number, self._host, os.getpid(), begun, lag_s, self.waiting)
        for attempt in range(ATTEMPTS):
            try:
                services.record(batch.answers, self._now(), told)
            except AWAY as error:
                if not attempt:
                    close_old_connections()
                    continue
                self._tell(str(error).strip().split("\n")[0])
                return False
            break
        self._tell("")
        return True

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self._told:
            logger.warning("answers wait on disk: %s", trouble)
        self._told = trouble
