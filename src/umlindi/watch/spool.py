"""What could not be recorded, on disk: append-only, one file a process, durable at each batch, of bounded size.

A file is a row of frames: the length and CRC-32 of the content and how many answers it holds, big-endian, 4 bytes each;
then the content, JSON compressed by zlib. A process that dies leaves at worst a torn last frame, which is not read. A
file belongs to the process that holds its lock (flock), which the operating system takes back from the dead: whoever
gets it then records what is left.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from io import RawIOBase
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from umlindi.house.home import PRIVATE
from umlindi.probes import Grade, ProbeResult, State
from umlindi.watch.rules.plans import Plan
from umlindi.watch.services import Recorded

logger = logging.getLogger("umlindi.watch")

SUFFIX = ".spool"
LARGEST = 64 * 2**20
IN_MEMORY = 2_000
"""Batches that wait in memory where the disk takes no more."""
HEADER = struct.Struct(">III")
ZLIB_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch that waits to be recorded: the writer's number of it, and its answers in order of time."""

    number: int
    answers: tuple[Recorded, ...]


class Spool:
    """One process's batches in the order in which they were added. One thread at a time."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        """Raises BlockingIOError where a living process has it."""
        self.writer = UUID(path.stem)
        self._path = path
        self._largest = largest
        self._file = _locked(path)
        self._read = 0
        self._end = self.answers = 0
        for frame in _frames(self._file, 0):
            self._end += frame.size
            self.answers += frame.answers
        self._file.truncate(self._end)
        self._memory: list[Waiting] = []

    def append(self, batch: Waiting) -> None:
        """Durable when this returns; where the disk takes no more, kept in memory and tried again with the next."""
        self._memory.append(batch)
        self.answers += len(batch.answers)
        try:
            while self._memory:
                self._write(_framed(self._memory[0]))
                del self._memory[0]
        except OSError as error:
            waiting = len(self._memory)
            logger.warning("the spool takes no more (%s): %d batches wait in memory", error.strerror, waiting)
            self._lighten_memory()

    def next(self) -> Waiting | None:
        """The oldest batch that waits; the same one until `done`."""
        frame = next(_frames(self._file, self._read), None)
        if frame is not None:
            return _unframed(frame.content)
        return self._memory[0] if self._memory else None

    def done(self) -> None:
        """The batch that `next` gave is recorded."""
        frame = next(_frames(self._file, self._read), None)
        if frame is None:
            self.answers -= len(self._memory.pop(0).answers)
            return
        self.answers -= frame.answers
        self._read += frame.size
        if self._read == self._end:
            self._read = self._end = 0
            self._file.truncate(0)

    def close(self) -> None:
        """Give up the lock; a spool in which nothing waits is removed."""
        if self._end == 0 and not self._memory:
            self._path.unlink(missing_ok=True)
        self._file.close()

    def _write(self, frame: bytes) -> None:
        if self._end + len(frame) > self._largest:
            self._make_room()
        self._file.seek(self._end)
        try:
            _write_all(self._file, frame)
            os.fsync(self._file.fileno())
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end += len(frame)

    def _make_room(self) -> None:
        """Thin the older half, or all: what went well keeps its figures, not its particulars. Where even that is too
        much, the oldest quarter goes, and the log says so."""
        count = sum(1 for _ in _frames(self._file, self._read))
        if self._rewritten(thin=count // 2) or self._rewritten(thin=count):
            return
        lost = max(count // 4, 1)
        answers = sum(frame.answers for frame in islice(_frames(self._file, self._read), lost))
        logger.error("the spool %s is full: its oldest %d answers are lost", self._path, answers)
        self.answers -= answers
        self._rewritten(thin=count, without=lost)

    def _rewritten(self, thin: int, without: int = 0) -> bool:
        """Write the file anew, its oldest batches thinned or left out. False where that is still too large, and nothing
        was left out: then it stays as it was."""
        draft = self._path.with_suffix(".part")
        draft.unlink(missing_ok=True)
        with ExitStack() as unless_kept:
            file = unless_kept.enter_context(_locked(draft))
            unless_kept.callback(draft.unlink)
            for frame in self._lightened(thin, without):
                _write_all(file, frame)
            os.fsync(file.fileno())
            if file.tell() > self._largest * 3 // 4 and not without:
                return False
            draft.replace(self._path)
            unless_kept.pop_all()
        self._file.close()
        self._file, self._read, self._end = file, 0, file.tell()
        return True

    def _lightened(self, thin: int, without: int) -> Iterator[bytes]:
        for place, frame in enumerate(_frames(self._file, self._read)):
            if place >= without:
                yield _framed(_thinned(_unframed(frame.content))) if place < thin else frame.whole

    def _lighten_memory(self) -> None:
        self._memory = [_thinned(batch) for batch in self._memory]
        while len(self._memory) > IN_MEMORY:
            lost = self._memory.pop(0)
            self.answers -= len(lost.answers)
            logger.error("no room for %d answers on disk nor in memory: they are lost", len(lost.answers))


def orphans(folder: Path) -> Iterator[Spool]:
    """The spools of processes that are no more, one after the other; each is this process's until it is closed."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with suppress(BlockingIOError, FileNotFoundError):
            yield Spool(path)


def own_spool(folder: Path, writer: UUID) -> Spool:
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    return Spool(folder / f"{writer}{SUFFIX}")


def _locked(path: Path) -> RawIOBase:
    path.touch(mode=0o600)
    file = path.open("r+b", buffering=0)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _write_all(file: RawIOBase, data: bytes) -> None:
    """Also where the operating system takes it in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]


@dataclass(frozen=True, slots=True)
class _Frame:
    header: bytes
    content: bytes
    answers: int

    @property
    def whole(self) -> bytes:
        return self.header + self.content

    @property
    def size(self) -> int:
        return len(self.header) + len(self.content)


def _frames(file: RawIOBase, start: int) -> Iterator[_Frame]:
    """From there to the end, or to the first that is torn."""
    at = start
    while True:
        file.seek(at)
        header = file.read(HEADER.size) or b""
        if len(header) < HEADER.size:
            return
        length, check, answers = HEADER.unpack(header)
        content = file.read(length) or b""
        if len(content) < length or zlib.crc32(content) != check:
            return
        yield _Frame(header, content, answers)
        at += HEADER.size + length


def _framed(batch: Waiting) -> bytes:
    told = {"number": batch.number, "answers": [_told(answer) for answer in batch.answers]}
    content = zlib.compress(json.dumps(told).encode(), ZLIB_LEVEL)
    return HEADER.pack(len(content), zlib.crc32(content), len(batch.answers)) + content


def _unframed(content: bytes) -> Waiting:
    told = json.loads(zlib.decompress(content))
    return Waiting(told["number"], tuple(_read(one) for one in told["answers"]))


def _told(answer: Recorded) -> dict[str, Any]:
    return {
        "interface": answer.interface,
        "plan": answer.plan.value,
        "at": answer.at.isoformat(),
        "watched": answer.watched,
        "result": answer.result.to_json(),
    }


def _read(told: dict[str, Any]) -> Recorded:
    at, result = datetime.fromisoformat(told["at"]), ProbeResult.from_json(told["result"])
    return Recorded(told["interface"], Plan(told["plan"]), at, result, told["watched"])


def _thinned(batch: Waiting) -> Waiting:
    """Figures are kept, and everything that went wrong."""
    return Waiting(batch.number, tuple(_thin(answer) for answer in batch.answers))


def _thin(answer: Recorded) -> Recorded:
    if answer.result.grade is not Grade.OK:
        return answer
    tried = [step for step in answer.result.steps if step.state is not State.SKIPPED]
    steps = tuple(replace(step, meaning="", evidence={}) for step in tried)
    return replace(answer, result=replace(answer.result, steps=steps, facts={}))
