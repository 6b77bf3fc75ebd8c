"""Each process of the house writes down every few seconds that it is alive.

    with beating("watch"):
        main()

A thread does it, with a connection of its own. A thread can be alive in a process whose main loop hangs: a loop that
calls `pulse()` at each turn is only heard while it does.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, close_old_connections, connections

from umlindi import __version__
from umlindi.core.models import Beat

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=60)
HUNG_AFTER_S = 30.0
FAREWELL_S = 3.0


class Beating:
    """This process's own beat. `since` is when it began, or was last away."""

    def __init__(self, name: str) -> None:
        self.since = datetime.now(UTC)
        self._name = name
        self._row: int | None = None
        self._at = self.since
        self._pulse: float | None = None
        self._told = ""
        self._stop = threading.Event()
        self._clean = False
        self._thread = threading.Thread(target=self._run, name="beat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, clean: bool) -> None:
        """`clean` says that the process ends because it was asked to."""
        self._clean = clean
        self._stop.set()
        self._thread.join(FAREWELL_S)

    def pulse(self) -> None:
        self._pulse = time.monotonic()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._say(ended=False)
            self._stop.wait(EVERY.total_seconds())
        if self._clean:
            self._say(ended=True)
        connections.close_all()

    def _say(self, *, ended: bool) -> None:
        """While the database is away there is nobody to tell; that is said once in the log."""
        if not ended and self._hung():
            self._complain("the main loop has stopped turning: this process no longer says that it is alive")
            return
        try:
            close_old_connections()
            self._write(datetime.now(UTC), ended)
        except DatabaseError as error:
            self._complain(f"the database is away, this process cannot say that it is alive: {error}")
        else:
            self._told = ""

    def _write(self, now: datetime, ended: bool) -> None:
        """After an absence (the machine slept, the database was away, the loop hung) a new life begins: so whoever
        judges the others knows since when they could have been heard."""
        if now - self._at > SILENT_AFTER:
            self._row, self.since = None, now
        told = {"at": now, "ended_at": now if ended else None}
        if self._row is None or not Beat.objects.filter(pk=self._row).update(**told):
            about = {"name": self._name, "host": socket.gethostname()[:255], "pid": os.getpid()}
            row = Beat.objects.create(**about, version=__version__, started_at=self.since, **told)
            self._row = row.pk
        self._at = now

    def _hung(self) -> bool:
        return self._pulse is not None and time.monotonic() - self._pulse > HUNG_AFTER_S

    def _complain(self, what: str) -> None:
        if what != self._told:
            self._told = what
            log.error("%s: %s", self._name, what)


_here: list[Beating] = []


@contextmanager
def beating(name: str) -> Iterator[Beating]:
    """Say that this process is alive while the block runs, and afterwards whether it ended in good order: by itself,
    by Ctrl-C, or by an exit with code 0."""
    beat = Beating(name)
    beat.start()
    _here.append(beat)
    clean = False
    try:
        yield beat
        clean = True
    except KeyboardInterrupt:
        clean = True
        raise
    except SystemExit as leaving:
        clean = not leaving.code
        raise
    finally:
        _here.remove(beat)
        beat.stop(clean)


def pulse() -> None:
    """The main loop of this process turns. Nothing where the process does not beat, as in tests."""
    for beat in _here:
        beat.pulse()


def pager_is_silent(now: datetime) -> bool:
    """Nobody is being told of anything: what every page must say. Not asked of a process that does not beat itself, or
    has just begun, for the house starts one after the other."""
    if not any(now - beat.since > SILENT_AFTER for beat in _here):
        return False
    return not Beat.objects.filter(name="pager", ended_at=None, at__gt=now - SILENT_AFTER).exists()
