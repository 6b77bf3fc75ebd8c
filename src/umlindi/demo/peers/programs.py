"""Running a program of others as it should be now: started, frozen, short of disk, or not at all.

A fault is a different `Setup`. `Program.apply` compares the setup wanted with the one in force and does only what
is needed: a signal, a limit, or a restart.
"""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from umlindi.demo.ground import write_atomically
from umlindi.house.children import die_with_parent

log = logging.getLogger(__name__)

READY_SECONDS = 10.0
STOP_SECONDS = 4.0
LONGEST_LOG = 2_000_000
SLOWEST_RESTART = 30.0


class NotReady(Exception):
    """A peer was started and does not listen."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How a program should be; it runs in `folder`, so that its settings need no paths, which may have spaces.

    `watched_files` are those it reads again by itself when they change. `longest_file` (bytes) is a limit by which
    every longer write fails: a full disk.
    """

    argv: tuple[str, ...]
    folder: Path
    port: int | None
    files: tuple[tuple[Path, str], ...] = ()
    watched_files: tuple[tuple[Path, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    running: bool = True
    frozen: bool = False
    longest_file: int | None = None

    def same_start(self, other: Setup | None) -> bool:
        """True where the other setup is reached without a restart."""
        return other is not None and (self.argv, self.files, self.running) == (other.argv, other.files, other.running)


SetupOf = Callable[[frozenset[str]], Setup]


class Program:
    """One child process that dies with us, is started again when it ends unasked, and can have faults."""

    real = True

    def __init__(self, system: str, name: str, setup_of: SetupOf, log_file: Path) -> None:
        self.system = system
        self.name = name
        self._setup_of = setup_of
        self._setup: Setup | None = None
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def port(self) -> int | None:
        return self._setup_of(frozenset()).port

    async def apply(self, faults: frozenset[str]) -> None:
        """Bring the program into the state those faults ask for. Raises `NotReady`."""
        wanted = self._setup_of(faults)
        _write(wanted.watched_files)
        if not wanted.same_start(self._setup):
            await self.stop()
            self._setup = wanted
            if wanted.running:
                await self._start(wanted)
        self._setup = wanted
        self._constrain(wanted)

    async def stop(self) -> None:
        """End it, politely first."""
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        if self._process is not None and self._process.returncode is None:
            await _end(self._process)
        self._process = None

    async def _start(self, setup: Setup) -> None:
        _write(setup.files)
        self._process = await _spawn(setup)
        self._keeper = asyncio.create_task(self._keep(self._process))
        if setup.port is not None:
            await _until_listening(setup.port, self._process, self.name)

    def _constrain(self, setup: Setup) -> None:
        if self.pid is None:
            return
        unlimited = resource.RLIM_INFINITY
        longest = unlimited if setup.longest_file is None else setup.longest_file
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (longest, unlimited))
        os.kill(self.pid, signal.SIGSTOP if setup.frozen else signal.SIGCONT)

    async def _keep(self, process: asyncio.subprocess.Process) -> None:
        """Log what it says; when it ends although it should run, start another, later each time it ends at once."""
        pause = 1.0
        while True:
            await _keep_log(process, self._log_file)
            await process.wait()
            log.warning("%s ended by itself with %s and is started again", self.name, process.returncode)
            await asyncio.sleep(pause)
            pause = min(pause * 2, SLOWEST_RESTART)
            if self._setup is None:
                return
            process = self._process = await _spawn(self._setup)
            self._constrain(self._setup)


def _write(files: Iterable[tuple[Path, str]]) -> None:
    for path, text in files:
        if not path.exists() or path.read_text("utf-8") != text:
            write_atomically(path, text)


async def _spawn(setup: Setup) -> asyncio.subprocess.Process:
    """Signals are not restored to their defaults: Python ignores SIGXFSZ, and so must a child with `longest_file`."""
    return await asyncio.create_subprocess_exec(
        *setup.argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=setup.folder,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TCP_NODELAY": "1", **setup.environment},
        preexec_fn=die_with_parent(),
        restore_signals=False,
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    for ask in (signal.SIGTERM, signal.SIGCONT):
        with suppress(ProcessLookupError):
            process.send_signal(ask)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


async def _until_listening(port: int, process: asyncio.subprocess.Process, name: str) -> None:
    try:
        async with asyncio.timeout(READY_SECONDS):
            while not await answers(port):
                if process.returncode is not None:
                    raise NotReady(f"{name} ended with {process.returncode}")
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise NotReady(f"{name} does not listen on port {port} after {READY_SECONDS:.0f} s") from error


async def answers(port: int) -> bool:
    """True where something accepts a connection on that loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


async def _keep_log(process: asyncio.subprocess.Process, path: Path) -> None:
    """Copy its output to a file, of which one older half is kept."""
    if process.stdout is None:
        return
    while chunk := await process.stdout.read(16384):
        if path.exists() and path.stat().st_size > LONGEST_LOG:
            path.replace(path.with_suffix(".1.log"))
        with path.open("ab") as file:
            file.write(chunk)
