"""What could not be recorded, on disk: append-only, one file a process, durable at each batch, of bounded size.

A file is a row of frames: length and CRC-32 of the content, big-endian, 4 bytes each, then the content, JSON compressed
by zlib. A process that dies leaves at worst a torn last frame, which is not read. A file belongs to the process that
holds its lock (flock), which the operating system takes back from the dead: whoever gets it then records what is left.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from io import RawIOBase
from pathlib import Path
from typing import Any
from uuid import UUID

from umlindi.house.home import PRIVATE
from umlindi.probes import Grade, ProbeResult, State
from umlindi.watch.rules.plans import Plan
from umlindi.watch.services import Recorded

logger = logging.getLogger("umlindi.watch")

SUFFIX = ".spool"
LARGEST = 256 * 2**20
IN_MEMORY = 2_000
"""Batches that wait in memory where the disk takes no more."""
HEADER = struct.Struct(">II")
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
        self._end = sum(HEADER.size + len(content) for content in _frames(self._file, 0))
        self._file.truncate(self._end)
        self._memory: list[Waiting] = []
        self.answers = sum(len(batch.answers) for batch in self._on_disk())

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
        return next(self._on_disk(), self._memory[0] if self._memory else None)

    def done(self) -> None:
        """The batch that `next` gave is recorded."""
        frame = next(_frames(self._file, self._read), None)
        if frame is None:
            self.answers -= len(self._memory.pop(0).answers)
            return
        self.answers -= len(_unframed(frame).answers)
        self._read += HEADER.size + len(frame)
        if self._read == self._end:
            self._read = self._end = 0
            self._file.truncate(0)

    def close(self) -> None:
        """Give up the lock; a spool in which nothing waits is removed."""
        if self._end == 0 and not self._memory:
            self._path.unlink(missing_ok=True)
        self._file.close()

    def _on_disk(self) -> Iterator[Waiting]:
        return map(_unframed, _frames(self._file, self._read))

    def _write(self, frame: bytes) -> None:
        if self._end + len(frame) > self._largest:
            self._make_room()
        self._file.seek(self._end)
        try:
            _write_durably(self._file, frame)
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._end)
            raise
        self._end += len(frame)

    def _make_room(self) -> None:
        """Thin the older half, or all: what went well keeps its figures, not its particulars. Where even that is too
        much, the oldest quarter goes, and the log says so."""
        batches = list(self._on_disk())
        half = len(batches) // 2
        thin = [_thinned(batch) for batch in batches]
        for tried in ([*thin[:half], *batches[half:]], thin):
            if sum(len(_framed(batch)) for batch in tried) <= self._largest * 3 // 4:
                self._replace(tried)
                return
        lost = sum(len(batch.answers) for batch in thin[: max(half // 2, 1)])
        logger.error("the spool %s is full: its oldest %d answers are lost", self._path, lost)
        self.answers -= lost
        self._replace(thin[max(half // 2, 1) :])

    def _replace(self, batches: Iterable[Waiting]) -> None:
        draft = self._path.with_suffix(".part")
        draft.unlink(missing_ok=True)
        file = _locked(draft)
        _write_durably(file, b"".join(map(_framed, batches)))
        draft.replace(self._path)
        self._file.close()
        self._file, self._read, self._end = file, 0, file.tell()

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


def _write_durably(file: RawIOBase, data: bytes) -> None:
    """All of it, also where the operating system takes it in parts."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) or 0 :]
    os.fsync(file.fileno())


def _frames(file: RawIOBase, start: int) -> Iterator[bytes]:
    """The contents from there to the end, or to the first that is torn."""
    at = start
    while True:
        file.seek(at)
        header = file.read(HEADER.size) or b""
        if len(header) < HEADER.size:
            return
        length, check = HEADER.unpack(header)
        content = file.read(length) or b""
        if len(content) < length or zlib.crc32(content) != check:
            return
        yield content
        at += HEADER.size + length


def _framed(batch: Waiting) -> bytes:
    told = {"number": batch.number, "answers": [_told(answer) for answer in batch.answers]}
    content = zlib.compress(json.dumps(told).encode(), ZLIB_LEVEL)
    return HEADER.pack(len(content), zlib.crc32(content)) + content


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
