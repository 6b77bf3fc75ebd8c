"""Messages on their way: a real SMTP server and a real HTTP receiver, well and in every kind of trouble."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_django import Settings

from umlindi.oncall.delivery import Message, courier, mail, send
from umlindi.oncall.models import Channel
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.vault import sealed
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable
from umlindi.testing.certificates import Authority, server_context

MESSAGE = Message(
    "page:12", "Mthatha PACS refuses C-MOVE", "Since 12:04. Unknown destination.", "http://u/a/1", Severity.CRITICAL
)


@dataclass
class Postbox:
    """aiosmtpd's handler: keeps what it takes, and answers as it is told."""

    answers: dict[str, str] = field(default_factory=dict)
    slow: float = 0
    drop: bool = False
    taken: list[Any] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.drop:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "250 never seen"
        time.sleep(self.slow)
        if "DATA" not in self.answers:
            self.taken.append(message_from_bytes(envelope.content, policy=default))
        return self.answers.get("DATA", "250 OK")


@pytest.fixture
def postbox(settings: Settings) -> Iterator[Postbox]:
    box = Postbox()
    yield from _served(box, settings)


def _served(box: Postbox, settings: Settings, **given: Any) -> Iterator[Postbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, **given)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_TIMEOUT = 2
    settings.DEFAULT_FROM_EMAIL = "Umlindi <umlindi@thusong.example>"
    yield box
    server.stop()


def test_mail_arrives_with_an_id_that_a_repeat_has_too(postbox: Postbox) -> None:
    receipt = mail.send("thabo@thusong.example", MESSAGE)
    mail.send("thabo@thusong.example", MESSAGE)
    first, second = postbox.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"] in receipt
    assert first["Subject"] == MESSAGE.subject
    assert first["To"] == "thabo@thusong.example"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Importance"] == "high"
    assert first.get_content().split() == f"{MESSAGE.text} {MESSAGE.url}".split()
    other = Message("page:13", "s", "t", "", Severity.LOW)
    assert mail.message_id(other.key) != first["Message-ID"]


def test_nothing_in_a_message_becomes_a_header(postbox: Postbox) -> None:
    mail.send("a@b.example", Message("k", "PACS down\r\nBcc: x@y.example", "a\x1b[31m\u202eb", "", Severity.LOW))
    assert postbox.taken[0]["Bcc"] is None
    assert postbox.taken[0]["Subject"] == "PACS down Bcc: x@y.example"
    assert postbox.taken[0].get_content().strip() == "a[31mb"


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("MAIL", "421 going down", Retriable),
        ("MAIL", "550 not your domain", Permanent),
        ("RCPT", "450 greylisted", Retriable),
        ("RCPT", "550 no such mailbox", Permanent),
        ("DATA", "451 try later", Retriable),
        ("DATA", "554 looks like spam", Permanent),
    ],
)
def test_the_servers_answer_says_whether_to_try_again(
    postbox: Postbox, step: str, answer: str, kind: type[Fault]
) -> None:
    postbox.answers[step] = answer
    with pytest.raises(kind) as caught:
        mail.send("thabo@thusong.example", MESSAGE)
    assert caught.value.code == f"SMTP {answer[:3]}"
    assert answer[4:] in caught.value.meaning
    assert postbox.taken == []


def test_what_a_server_says_of_a_mailbox_is_kept_without_its_name(postbox: Postbox) -> None:
    postbox.answers["RCPT"] = "550 <thabo.mokoena@home.example>: user unknown; see postmaster@home.example."
    with pytest.raises(Permanent) as caught:
        mail.send("thabo.mokoena@home.example", MESSAGE)
    assert caught.value.meaning.endswith("<t…@home.example>: user unknown; see p…@home.example.")


def test_a_server_that_hangs_up_in_the_middle_of_data_may_be_tried_again(postbox: Postbox) -> None:
    postbox.drop = True
    with pytest.raises(Retriable) as caught:
        mail.send("thabo@thusong.example", MESSAGE)
    assert caught.value.layer is Layer.TRANSPORT


def test_a_slow_server_is_not_waited_for_for_ever(postbox: Postbox, settings: Settings) -> None:
    postbox.slow, settings.EMAIL_TIMEOUT = 1.5, 0.5
    began = time.monotonic()
    with pytest.raises(Retriable) as caught:
        mail.send("thabo@thusong.example", MESSAGE)
    assert caught.value.code == "TIMEOUT"
    assert time.monotonic() - began < 5


def test_starttls_is_required_where_it_is_asked_for(postbox: Postbox, settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    with pytest.raises(Permanent) as caught:
        mail.send("thabo@thusong.example", MESSAGE)
    assert caught.value.code == "NO-STARTTLS"
    assert postbox.taken == []


def test_a_certificate_that_nobody_vouches_for_is_refused(settings: Settings, tmp_path: Path) -> None:
    context = server_context(Authority(tmp_path).issue())
    for box in _served(Postbox(), settings, tls_context=context):
        settings.EMAIL_USE_TLS = True
        with pytest.raises(Permanent) as caught:
            mail.send("thabo@thusong.example", MESSAGE)
        assert caught.value.layer is Layer.TLS
        assert box.taken == []


def test_starttls_with_a_certificate_that_is_vouched_for(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", authority.ca_file)
    context = server_context(authority.issue())
    for box in _served(Postbox(), settings, tls_context=context, require_starttls=True):
        settings.EMAIL_USE_TLS = True
        mail.send("thabo@thusong.example", MESSAGE)
        assert len(box.taken) == 1


@pytest.mark.parametrize(("host", "code"), [("127.0.0.1", "ECONNREFUSED"), ("no-such-host.invalid", "EAI_NONAME")])
def test_a_server_that_is_not_there(settings: Settings, host: str, code: str) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = host, 9
    with pytest.raises(Fault) as caught:
        mail.send("thabo@thusong.example", MESSAGE)
    assert caught.value.code == code


def test_without_a_mail_server_it_says_which_setting_is_missing(settings: Settings) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", ""
    with pytest.raises(Permanent, match="UMLINDI_SMTP_URL"):
        mail.send("thabo@thusong.example", MESSAGE)


@dataclass
class Receiver:
    """A webhook's far end: answers `status` and so many `megabytes` after `slow` seconds; keeps what it got."""

    status: int = 200
    slow: float = 0
    megabytes: int = 0
    got: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "hook/s3cret-token") -> str:
        return f"json://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.got.append((dict(self.headers), json.loads(body)))
            time.sleep(told.slow)
            self.send_response(told.status)
            self.send_header("Location", f"http://127.0.0.1:{told.port}/elsewhere")
            self.end_headers()
            with suppress(OSError):
                for _ in range(told.megabytes):
                    self.wfile.write(bytes(1024 * 1024))

        def log_message(self, *told: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        told.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield told
        server.shutdown()


@pytest.fixture(scope="module", autouse=True)
def _no_messengers_left() -> Iterator[None]:
    yield
    courier.end_all()


def test_a_webhook_gets_the_message_with_its_key(receiver: Receiver) -> None:
    assert courier.send(receiver.url(), MESSAGE, within=True) == "JSON answered HTTP 200"
    headers, body = receiver.got[0]
    assert headers["Idempotency-Key"] == MESSAGE.key
    assert body["title"] == MESSAGE.subject
    assert body["message"] == f"{MESSAGE.text}\n{MESSAGE.url}"


@pytest.mark.parametrize(
    ("status", "kind"), [(500, Retriable), (503, Retriable), (429, Retriable), (404, Permanent), (401, Permanent)]
)
def test_what_a_webhook_answers_says_whether_to_try_again(receiver: Receiver, status: int, kind: type[Fault]) -> None:
    receiver.status = status
    with pytest.raises(kind) as caught:
        courier.send(receiver.url(), MESSAGE, within=True)
    assert caught.value.code == f"HTTP {status}"
    assert "s3cret" not in str(caught.value)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status = 302
    with pytest.raises(Permanent, match="redirects"):
        courier.send(receiver.url(), MESSAGE, within=True)
    assert len(receiver.got) == 1


def test_a_slow_service_is_given_up_and_the_next_message_goes(receiver: Receiver) -> None:
    receiver.slow = 3
    began = time.monotonic()
    with pytest.raises(Retriable) as caught:
        courier.send(receiver.url(), MESSAGE, within=True, seconds=0.5)
    assert caught.value.code == "ETIMEDOUT"
    assert time.monotonic() - began < 2.5
    receiver.slow = 0
    assert courier.send(receiver.url(), MESSAGE, within=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433"])
def test_an_address_within_the_server_is_not_reached_unless_staff_allowed_it(receiver: Receiver, host: str) -> None:
    with pytest.raises(Permanent) as caught:
        courier.send(f"json://{host}:{receiver.port}/hook", MESSAGE, within=False)
    assert caught.value.code in {"WITHIN", "ADDRESS"}
    assert receiver.got == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("json://no-such-host.invalid/x", "EAI_NONAME"),
        ("json://127.0.0.1:9/x", "ECONNREFUSED"),
        ("jsons://127.0.0.1:{port}/x", "NOT-TLS"),
        ("syslog://", "ADDRESS"),
        ("nonsense://x", "ADDRESS"),
        ("fcm://project@key/token/?keyfile=/etc/passwd", "ADDRESS"),
        (f"tgram://123456789:{'a' * 35}/12345/?template=/etc/passwd", "ADDRESS"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd", "ADDRESS"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/etc/passwd", "ADDRESS"),
        ("workflows://host.example/workflow/signature?template=/etc/passwd", "ADDRESS"),
    ],
)
def test_what_stands_in_the_way_has_a_name(receiver: Receiver, url: str, code: str) -> None:
    with pytest.raises(Fault) as caught:
        courier.send(url.format(port=receiver.port), MESSAGE, within=True)
    assert caught.value.code == code


def test_a_webhook_that_answers_without_end_takes_no_memory_from_the_server(receiver: Receiver) -> None:
    receiver.megabytes = 2000
    with pytest.raises(Permanent) as caught:
        courier.send(receiver.url(), MESSAGE, within=True)
    assert caught.value.code == "TOO-LONG"
    receiver.megabytes = 1
    assert courier.send(receiver.url(), MESSAGE, within=True) == "JSON answered HTTP 200"


def test_a_messenger_that_was_killed_is_replaced(receiver: Receiver) -> None:
    courier.send(receiver.url(), MESSAGE, within=True)
    for each in courier._idle:
        each.process.kill()
        each.process.wait()
    assert courier.send(receiver.url(), MESSAGE, within=True)


def test_what_an_address_is_shown_as_opens_nothing() -> None:
    assert courier.describe("bulksms://user:pass@+27821234567").shown == "BulkSMS …4567"
    assert courier.describe("json://user:pass@host.example/hook/s3cret").shown == "JSON host.example/…"
    assert courier.describe("ntfys://a-secret-topic").shown == "ntfy …"


def test_a_channels_secret_is_opened_only_to_send(receiver: Receiver, settings: Settings) -> None:
    channel = Channel(kind=Channel.Kind.APPRISE, secret=sealed(receiver.url()), within=True)
    assert "s3cret" not in channel.secret
    assert send(channel, MESSAGE).endswith("HTTP 200")
    settings.SECRET_KEY = "another"
    with pytest.raises(Permanent, match="secret_key"):
        send(channel, MESSAGE)


def test_an_sms_has_three_parts_at_most_and_its_link_whole() -> None:
    code = (
        "from umlindi.oncall.messenger import service_of, words\n"
        "asked = {'subject': 'Down', 'text': 'word ' * 400, 'link': 'https://umlindi.example/alerts/12/'}\n"
        "title, text = words(service_of('bulksms://user:pass@+27821234567'), asked)\n"
        "assert title == '' and len(text) <= 480 and text.startswith('Down') and text.endswith('/alerts/12/'), text\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_heavy_is_not_loaded_where_it_is_not_used() -> None:
    """Neither pages nor the pager carry apprise: a process of its own does."""
    code = "import sys, umlindi.oncall.delivery.courier; assert not {'apprise', 'holidays'} & set(sys.modules)"
    before = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'umlindi.config.settings'; django.setup();"
    subprocess.run([sys.executable, "-c", before + code], check=True)
