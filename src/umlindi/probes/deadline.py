"""One moment by which a whole ladder must have ended, however the peer behaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from umlindi.probes.faults import Layer, Retriable


class Deadline:
    """A moment on the monotonic clock, set once in seconds from now and shared by every step."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self._ends - time.monotonic())

    def within(self, seconds: float) -> float:
        """A step's own bound in seconds, cut to what is left."""
        return min(seconds, self.left())

    @asynccontextmanager
    async def guard(self, layer: Layer, doing: str, at_most: float | None = None) -> AsyncIterator[None]:
        """Bound a block; on expiry raise `Retriable` with code `TIMEOUT` that says what was being waited for."""
        seconds = self.left() if at_most is None else self.within(at_most)
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError as error:
            raise Retriable(
                layer, "TIMEOUT", f"no answer within {seconds:.1f} s while {doing}", waited_s=round(seconds, 3)
            ) from error
