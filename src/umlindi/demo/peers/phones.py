"""The phones of the people on call: a web hook that keeps what it is sent, so that a page can be seen to arrive."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from umlindi.demo.ground import write_atomically
from umlindi.demo.peers.simulated import Listener

SYSTEM = "umlindi/phones"
KEPT = 60
LONGEST_BODY = 65_536
_REQUEST_SECONDS = 5.0
_LENGTH = re.compile(rb"^content-length:\s*(\d+)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rung:
    """One message on one phone. `at` is when it arrived, ISO 8601 in UTC."""

    phone: str
    at: str
    title: str
    text: str

    @property
    def arrived(self) -> datetime:
        return datetime.fromisoformat(self.at)


class Phones(Listener):
    """Takes what apprise's `json://` sends to `/<phone>` and keeps the newest in a file."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(SYSTEM, "phones of the people on call (of our own)", port)
        self._file = phones_file(folder)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer, close. It is answered once it is on disk (law 7)."""
        async with asyncio.timeout(_REQUEST_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(found[1]) if (found := _LENGTH.search(head)) else 0
            body = await reader.readexactly(min(length, LONGEST_BODY))
        status = self._take(head.split(b" ", 2)[1].decode("ascii", "replace"), body)
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()

    def _take(self, path: str, body: bytes) -> str:
        try:
            told = json.loads(body)
            rung = Rung(path.strip("/")[:60], datetime.now(UTC).isoformat(), str(told["title"]), str(told["message"]))
        except (ValueError, KeyError, TypeError):
            return "400 Bad Request"
        kept = [asdict(each) for each in ([rung, *read(self._file)])[:KEPT]]
        write_atomically(self._file, json.dumps(kept, indent=1))
        return "200 OK"


def phones_file(folder: Path) -> Path:
    """Where the demo's folder has what the phones were sent."""
    return folder / "phones.json"


def read(file: Path) -> list[Rung]:
    """What the phones were sent, the newest first."""
    return [Rung(**each) for each in json.loads(file.read_text("utf-8"))] if file.exists() else []
