"""Mail, by the server that UMLINDI_SMTP_URL names."""

from __future__ import annotations

import hashlib
import smtplib
from contextlib import suppress
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from umlindi.oncall.delivery.messages import Message
from umlindi.oncall.rules.masking import without_addresses
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.rules.text import body, one_line
from umlindi.probes.errors import os_fault
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable

AT_MOST = 20_000
SAID_AT_MOST = 200
_URGENT = frozenset({Severity.CRITICAL, Severity.HIGH})
_REFUSED: dict[type[smtplib.SMTPResponseException], str] = {
    smtplib.SMTPSenderRefused: "our sender's address",
    smtplib.SMTPAuthenticationError: "our name and password",
    smtplib.SMTPConnectError: "connections",
}
_STARTTLS_MISSING = "the mail server offers no STARTTLS: correct it, or UMLINDI_SMTP_URL"


def send(address: str, message: Message) -> str:
    """Hand one message to the mail server. Its 250 means that it has it, not that anybody read it."""
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend") and not settings.EMAIL_HOST:
        raise Permanent(Layer.APPLICATION, "NO-SMTP", "no mail server is named: set UMLINDI_SMTP_URL")
    mail = _mail(address, message)
    connection = get_connection()
    try:
        connection.open()
        connection.send_messages([mail])
    except OSError as error:
        raise fault_of(error) from error
    finally:
        # What the server has accepted it has, whatever becomes of the farewell.
        with suppress(OSError):
            connection.close()
    return f"taken by {settings.EMAIL_HOST or 'the mail server'} as {mail.extra_headers['Message-ID']}"


def message_id(key: str) -> str:
    """The same for the same key: a mailbox that gets the message twice, after a crash, can tell."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or urlsplit(settings.SITE_URL).hostname
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def _mail(address: str, message: Message) -> EmailMessage:
    """Marked as written by a machine (RFC 3834), so that no absence note answers it."""
    headers = {"Message-ID": message_id(message.key), "Auto-Submitted": "auto-generated"}
    if message.severity in _URGENT:
        headers |= {"Importance": "high", "X-Priority": "1"}
    text = body("", message.text, message.url, AT_MOST)
    return EmailMessage(one_line(message.subject), text, to=[address], headers=headers)


def fault_of(error: OSError) -> Fault:
    """What went wrong, as RFC 5321 4.2.1 has it: 4xx may pass, 5xx will not. (smtplib's own errors are OSErrors.)"""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return _refused(code, said, "this address")
    if isinstance(error, smtplib.SMTPResponseException):
        what = next((what for kind, what in _REFUSED.items() if isinstance(error, kind)), "the message")
        return _refused(error.smtp_code, error.smtp_error, what)
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return _disconnected(error)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Permanent(Layer.TLS, "NO-STARTTLS", _STARTTLS_MISSING)
    if isinstance(error, smtplib.SMTPException):
        return Permanent(Layer.APPLICATION, "SMTP", "the mail server does not speak SMTP as RFC 5321 has it")
    return os_fault(error, "speaking to the mail server")


def _disconnected(error: smtplib.SMTPServerDisconnected) -> Fault:
    """smtplib calls a time-out a disconnection, too."""
    if isinstance(error.__context__, OSError):
        return os_fault(error.__context__, "speaking to the mail server")
    return Retriable(Layer.TRANSPORT, "CLOSED", "the mail server closed the connection")


def _refused(code: int, said: bytes | str, what: str) -> Fault:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    told = one_line(without_addresses(words), SAID_AT_MOST)
    if 400 <= code < 500:
        return Retriable(Layer.APPLICATION, f"SMTP {code}", f"the mail server does not take {what} now: {told}")
    return Permanent(Layer.APPLICATION, f"SMTP {code}", f"the mail server refuses {what}: {told}")
