"""The process that speaks to SMS gateways, chats and webhooks for `delivery.courier`: one JSON line in, one out.

A process of its own, because apprise takes 30 MB and a second to load, and because a service that hangs can then be
ended. It follows no redirect, asks for no longer than it may, and reaches nothing within the server unless it may.
"""

from __future__ import annotations

import json
import logging
import resource
import select
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyBase, PersistentStoreMode

from umlindi.estate.rules.reach import is_here
from umlindi.oncall.rules.masking import shown
from umlindi.oncall.rules.text import SMS_AT_MOST, body, cleaned, one_line
from umlindi.probes.errors import os_fault
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable

IDLE_SECONDS = 120
CONNECT_SECONDS, ANSWER_SECONDS = 8, 15
MEMORY_AT_MOST = 512 * 1024 * 1024
"""Of address space; it takes 210 MB. A webhook that answers without end would have all memory of the server."""
ONE_SMS = 160
MAY_PASS = frozenset({408, 425, 429})
_READS_FILES = frozenset({"fcm", "vapid"})
_PROXIED = "an address within the server itself: only the provider's own staff may name that"
_HTTP = {
    400: "the service does not understand the message",
    401: "the service refuses our name, password or token",
    403: "the service does not permit it: look at the token and its rights",
    404: "the service knows no such address, topic or room",
    408: "the service waited too long for us",
    410: "this webhook is gone",
    413: "the message is too long for the service",
    429: "the service asks us to send less",
    500: "the service failed",
    502: "the service's gateway failed",
    503: "the service is not available now",
    504: "the service's gateway waited too long",
}


@dataclass
class Watched:
    """What was seen on the wire while one message went out."""

    key: str
    within: bool
    statuses: list[int] = field(default_factory=list)
    error: OSError | None = None
    trespass: bool = False
    endless: bool = False


class Trespass(OSError):
    """A name leads to an address within the server itself."""


def main() -> None:
    """Answer until nobody asks for two minutes, or the asking process is gone."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_AT_MOST, MEMORY_AT_MOST))
    while select.select([sys.stdin], [], [], IDLE_SECONDS)[0] and (line := sys.stdin.readline()):
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """`{"receipt"}`, `{"service", "shown"}` for `describe`, or `{"fault"}`."""
    try:
        plugin = service_of(asked["url"])
        if asked["do"] == "describe":
            return {"service": str(plugin.service_name), "shown": shown(asked["url"], str(plugin.service_name))}
        return {"receipt": deliver(plugin, asked)}
    except Fault as fault:
        kind = "retriable" if isinstance(fault, Retriable) else "permanent"
        return {"fault": {"kind": kind, "layer": fault.layer, "code": fault.code, "meaning": fault.meaning}}


def service_of(url: str) -> NotifyBase:
    """The service that an address names. Raises `Permanent` for none, for those that do not go over HTTP, which would
    act on the server itself, and for an address that has a file of the server read and sent (`?template=`)."""
    asset = AppriseAsset(storage_mode=PersistentStoreMode.MEMORY, plugin_paths=[])
    plugin = Apprise.instantiate(url, asset=asset)
    if plugin is None:
        raise Permanent(Layer.APPLICATION, "ADDRESS", "apprise knows no such address: see its list of services")
    schema = url.partition(":")[0].lower()
    if not hasattr(sys.modules[type(plugin).__module__], "requests") or schema in _READS_FILES:
        raise Permanent(Layer.APPLICATION, "ADDRESS", f"{plugin.service_name} is not a service that can be used here")
    if any(isinstance(part, AppriseAttachment) and len(part) for part in vars(plugin).values()):
        raise Permanent(Layer.APPLICATION, "ADDRESS", "an address that names a template or another file is not used")
    return plugin


def deliver(plugin: NotifyBase, asked: dict[str, Any]) -> str:
    """Send, and say what the service answered. Raises `Retriable` or `Permanent`."""
    title, text = words(plugin, asked)
    sender = Apprise()
    sender.add(plugin)
    with watching(Watched(asked["key"], asked["within"])) as watched:
        taken = sender.notify(body=text, title=title, body_format="text")
    if not taken:
        raise fault_of(watched)
    return f"{plugin.service_name} answered {', '.join(f'HTTP {status}' for status in watched.statuses)}"


def words(plugin: NotifyBase, asked: dict[str, Any]) -> tuple[str, str]:
    """Title and text, as long as the service takes them. What has no titles has the subject in the text."""
    most = SMS_AT_MOST if plugin.body_maxlen <= ONE_SMS else plugin.body_maxlen
    if not plugin.title_maxlen:
        return "", body(asked["subject"], asked["text"], asked["link"], most)
    return one_line(asked["subject"], plugin.title_maxlen), body("", cleaned(asked["text"]), asked["link"], most)


@contextmanager
def watching(watched: Watched) -> Iterator[Watched]:
    """Everything that goes out by `requests` meanwhile is bound by our limits, and seen. One message at a time."""
    send, lookup = requests.Session.send, socket.getaddrinfo

    def bound(session: requests.Session, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        request.headers["Idempotency-Key"] = watched.key
        given |= {"allow_redirects": False, "timeout": (CONNECT_SECONDS, ANSWER_SECONDS)}
        try:
            response = send(session, request, **given)
        except requests.RequestException as error:
            watched.error = error
            raise
        except MemoryError:
            watched.endless = True
            raise
        watched.statuses.append(response.status_code)
        return response

    def guarded(*given: Any, **named: Any) -> Any:
        found = lookup(*given, **named)
        if not watched.within and any(is_here(str(each[4][0])) for each in found):
            watched.trespass = True
            raise Trespass
        return found

    requests.Session.send, socket.getaddrinfo = bound, guarded  # type: ignore[method-assign, assignment]
    try:
        yield watched
    finally:
        requests.Session.send, socket.getaddrinfo = send, lookup  # type: ignore[method-assign]


def fault_of(watched: Watched) -> Fault:
    """Why it was not taken: the last thing that went wrong on the wire."""
    if watched.trespass:
        return Permanent(Layer.TRANSPORT, "WITHIN", _PROXIED)
    if watched.endless:
        return Permanent(Layer.APPLICATION, "TOO-LONG", "it answers more than a service has to say")
    if watched.error is not None:
        return connection_fault(watched.error)
    refused = [status for status in watched.statuses if not 200 <= status < 300]
    if refused:
        return http_fault(refused[-1])
    return Permanent(Layer.APPLICATION, "APPRISE", "the service took nothing: look at the address, or its own log")


def http_fault(status: int) -> Fault:
    kind = Retriable if status >= 500 or status in MAY_PASS else Permanent
    if 300 <= status < 400:
        meaning = "it redirects to another address: name that one"
    else:
        meaning = _HTTP.get(status, "the service failed" if status >= 500 else "the service refuses it")
    return kind(Layer.APPLICATION, f"HTTP {status}", meaning)


def connection_fault(error: OSError) -> Fault:
    """What `requests` wraps several times over: a TLS error, a name without an address, a refused connection."""
    chain = list(_causes(error))
    for kind in (ssl.SSLError, socket.gaierror, OSError):
        for cause in chain:
            if isinstance(cause, kind) and not isinstance(cause, requests.RequestException):
                return os_fault(cause, "reaching the service")
    if isinstance(error, requests.Timeout):
        return Retriable(Layer.TRANSPORT, "ETIMEDOUT", f"no answer within {ANSWER_SECONDS} s")
    return Retriable(Layer.TRANSPORT, "CLOSED", "the connection to the service broke")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if each in seen:
            continue
        seen.append(each)
        yield each
        inner = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]


if __name__ == "__main__":
    main()
