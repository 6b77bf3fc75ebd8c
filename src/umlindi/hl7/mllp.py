"""MLLP framing without I/O: bytes in, blocks out (HL7 Transport Specification: MLLP, Release 1; HL7 v2 Appendix C).

A block is 0B, the content, 1C 0D. Bytes outside a block are noise: a receiver ignores them, a diagnosis counts them.
"""

from __future__ import annotations

from dataclasses import dataclass

START = 0x0B
END = 0x1C
CARRIAGE_RETURN = 0x0D
LONGEST = 16 * 1024 * 1024
_NOISE_KEPT = 64


class TooLong(Exception):
    """A block grew beyond the bound: the peer does not end its blocks, or is hostile."""

    def __init__(self, bound: int) -> None:
        super().__init__(f"an MLLP block longer than {bound} bytes")
        self.bound = bound


def frame(content: bytes) -> bytes:
    """One block, ready to send. Raises ValueError where the content would end its own block early."""
    if b"\x1c\r" in content or (content.endswith(b"\x1c")):
        raise ValueError("content holds the end of an MLLP block")
    return b"\x0b" + content + b"\x1c\r"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What stands in the framer when no more bytes come. `inside` tells that a block had begun."""

    inside: bool
    length: int
    end_without_return: bool


class Framer:
    """Takes bytes in any portions and gives whole blocks. A framer that raised is not used again."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._inside = False
        self._content = bytearray()
        self.noise = 0
        self.first_noise = b""

    def receive(self, data: bytes) -> list[bytes]:
        """The blocks that these bytes complete. Raises `TooLong`."""
        blocks: list[bytes] = []
        rest = memoryview(data)
        while rest:
            rest = self._within(rest, blocks) if self._inside else self._between(rest)
        return blocks

    def _between(self, data: memoryview) -> memoryview:
        at = bytes(data).find(START)
        noise = data if at < 0 else data[:at]
        self.noise += len(noise)
        self.first_noise += bytes(noise[: _NOISE_KEPT - len(self.first_noise)])
        self._inside = at >= 0
        return data[len(noise) + 1 :]

    def _within(self, data: memoryview, blocks: list[bytes]) -> memoryview:
        searched = max(0, len(self._content) - 1)
        before = len(self._content)
        self._content += data
        at = self._content.find(b"\x1c\r", searched)
        if (at if at >= 0 else len(self._content)) > self._longest + 1:
            raise TooLong(self._longest)
        if at < 0:
            return data[len(data) :]
        blocks.append(bytes(self._content[:at]))
        self._content.clear()
        self._inside = False
        return data[at + 2 - before :]

    def unfinished(self) -> Unfinished:
        return Unfinished(self._inside, len(self._content), self._content.endswith(b"\x1c"))
