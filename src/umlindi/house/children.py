"""The processes a supervisor keeps alive: each with its log, restarted with back-off, never outliving its parent."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

LARGEST_LOG = 5_000_000
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY_SECONDS = 60.0
PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None, use_errno=True).prctl


@dataclass(frozen=True, slots=True)
class Service:
    """What to run, and under which name people know it."""

    name: str
    command: tuple[str, ...]


class Child:
    """One service as a process of its own session, so that a terminal's Ctrl-C reaches the supervisor alone.

    The kernel kills it when the supervisor dies, however that dies.
    """

    def __init__(self, service: Service, log: Path, env: Mapping[str, str]) -> None:
        self.service = service
        self.log = log
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = FIRST_PAUSE
        self._again_at: float | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._bound_log()
        with open_log(self.log) as out:
            self._process = subprocess.Popen(
                self.service.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._env,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - the supervisor has one thread
            )
        self._started = time.monotonic()
        self._again_at = None

    def tend(self, now: float) -> str | None:
        """Keep it running; what a person should know where it ended. `now` is on the monotonic clock."""
        self._bound_log()
        if self.alive:
            if now - self._started > STEADY_SECONDS:
                self._pause = FIRST_PAUSE
            return None
        if self._again_at is None:
            return self._plan_restart(now)
        if now >= self._again_at:
            self.start()
        return None

    def ask_to_end(self) -> None:
        """SIGTERM to the process alone: it ends what it started in its own order."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to it and to whatever is left of its session."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """True where it ended within so many seconds."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def has_said(self, word: str, since: int) -> bool:
        """Whether a line of its log after byte `since` begins with `word`."""
        with self.log.open("rb") as file:
            file.seek(since)
            return any(line.startswith(word.encode()) for line in file)

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def _plan_restart(self, now: float) -> str:
        self._again_at = now + self._pause
        code = self._process.returncode if self._process else 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        said = f"{self.service.name} ended ({how}, see {self.log}); starting it again in {self._pause:.0f} s"
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        return said

    def _bound_log(self) -> None:
        """Keep one older part. The child appends, so cutting the file it holds open is safe."""
        if self.log_size() > LARGEST_LOG:
            shutil.copy(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)


def open_log(path: Path) -> BinaryIO:
    """A log to append to, for its owner alone: it names hosts and people, and root's home can be passed through."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def die_with_parent() -> Callable[[], None]:
    """For `preexec_fn`: the kernel kills the child when the thread that started it ends, however that ends."""
    parent = os.getpid()

    def ask_kernel() -> None:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel
