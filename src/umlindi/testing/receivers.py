"""Real receivers of pages: a mail server and a web hook that write down what reaches them."""

from __future__ import annotations

import email
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from umlindi.house.gate import LOOPBACK
from umlindi.testing.peers import free_port


@dataclass(frozen=True, slots=True)
class Got:
    """One message that arrived. `key` is the Message-ID of a mail, the Idempotency-Key of a web request."""

    to: str
    key: str
    subject: str
    text: str


@dataclass
class Receiver:
    """Where it listens, and what it has got so far."""

    port: int
    got: list[Got] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.got]


class _Handler:
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        raw = envelope.content
        message = email.message_from_bytes(raw if isinstance(raw, bytes) else (raw or "").encode())
        text = message.get_payload(decode=True)
        said = text.decode() if isinstance(text, bytes) else ""
        to = envelope.rcpt_tos[0]
        self._receiver.got.append(Got(to, message["Message-ID"], str(message["Subject"]), said))
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[Receiver]:
    """SMTP on a free port."""
    receiver = Receiver(free_port())
    controller = Controller(_Handler(receiver), hostname=LOOPBACK, port=receiver.port)
    controller.start()
    try:
        yield receiver
    finally:
        controller.stop()


@contextmanager
def web_hook(status: int = 200, takes_s: float = 0) -> Iterator[Receiver]:
    """HTTP on a free port; answers every POST with that status, so many seconds after it has it."""
    receiver = Receiver(0)

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers.get("Idempotency-Key", "")
            receiver.got.append(Got(self.path, key, body.get("title", ""), body.get("message", "")))
            time.sleep(takes_s)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what arrives is in `got`."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Hook)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
