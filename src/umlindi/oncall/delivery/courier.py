"""SMS, chat and webhooks, through processes of `oncall.messenger`.

At most four at a time. An address goes to them by their standard input, where no list of processes shows it.
"""

from __future__ import annotations

import atexit
import json
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from umlindi.oncall.delivery.messages import Message
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable

AT_MOST = 4
SECONDS = 30.0
WAIT_FOR_ONE = 30.0
KEPT_SECONDS = 60.0
"""Shorter than the messenger itself waits, so that none is asked just when it goes."""

_room = threading.BoundedSemaphore(AT_MOST)
_idle: list[_Courier] = []
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Described:
    """What an address is: the service's name, and as much of the address as anybody may see."""

    service: str
    shown: str


class _Courier:
    """One messenger process."""

    def __init__(self) -> None:
        self.used_at = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "umlindi.oncall.messenger"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )

    def ask(self, asked: dict[str, Any], seconds: float) -> dict[str, Any]:
        """One question, one answer. Raises `Retriable` where none comes in time."""
        assert self.process.stdin is not None  # noqa: S101 - both are pipes
        assert self.process.stdout is not None  # noqa: S101
        try:
            self.process.stdin.write(f"{json.dumps(asked)}\n".encode())
        except BrokenPipeError as error:
            raise Retriable(Layer.HOST, "MESSENGER", "the process that sends messages has died") from error
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise Retriable(Layer.TRANSPORT, "ETIMEDOUT", f"the service did not answer within {seconds:.0f} s")
        if not (line := self.process.stdout.readline()):
            raise Retriable(Layer.HOST, "MESSENGER", "the process that sends messages has died")
        self.used_at = time.monotonic()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def alive(self) -> bool:
        return self.process.poll() is None

    def end(self) -> None:
        with self.process:
            self.process.kill()


def send(url: str, message: Message, *, within: bool, seconds: float = SECONDS) -> str:
    """Hand one message to the service an apprise URL names. `within`: may it be an address in the server itself?"""
    asked = {"do": "send", "url": url, "key": message.key, "within": within}
    asked |= {"subject": message.subject, "text": message.text, "link": message.url}
    return str(_ask(asked, seconds)["receipt"])


def describe(url: str) -> Described:
    """What an apprise URL names, without calling it. Raises `Permanent` where it names nothing we use."""
    told = _ask({"do": "describe", "url": url}, SECONDS)
    return Described(told["service"], told["shown"])


def _ask(asked: dict[str, Any], seconds: float) -> dict[str, Any]:
    with _courier() as courier:
        answer = courier.ask(asked, seconds)
    if fault := answer.get("fault"):
        raise _fault(fault)
    return answer


def _fault(told: dict[str, str]) -> Fault:
    kind = Retriable if told["kind"] == "retriable" else Permanent
    return kind(Layer(told["layer"]), told["code"], told["meaning"])


@contextmanager
def _courier() -> Iterator[_Courier]:
    """One for the caller alone; kept for the next where it answered, ended where it did not."""
    if not _room.acquire(timeout=WAIT_FOR_ONE):
        raise Retriable(Layer.HOST, "BUSY", f"{AT_MOST} messages are under way already, none of them in time")
    try:
        courier = _waiting_one() or _Courier()
        try:
            yield courier
        except BaseException:
            courier.end()
            raise
        with _lock:
            _idle.append(courier)
    finally:
        _room.release()


def _waiting_one() -> _Courier | None:
    """One that lives and has answered within the last minute. The others end here."""
    with _lock:
        fresh = [each for each in _idle if each.alive() and time.monotonic() - each.used_at < KEPT_SECONDS]
        stale = [each for each in _idle if each not in fresh]
        chosen = fresh.pop() if fresh else None
        _idle[:] = fresh
    for each in stale:
        each.end()
    return chosen


@atexit.register
def end_all() -> None:
    """End those that wait."""
    with _lock:
        ending, _idle[:] = _idle[:], []
    for each in ending:
        each.end()
