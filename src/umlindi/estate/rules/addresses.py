"""Where a system is: host names (RFC 1123 §2.1), IP addresses, URLs."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from umlindi.estate.rules.readers import Wrong, shown, text

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_LOOKS_LIKE_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+)+\.?")
_SECRET_NAMES = re.compile(r"pass|secret|token|api_?key", re.IGNORECASE)


def host(raw: Any) -> str:
    """A host name or an IP address, without port or scheme."""
    value = text(raw, at_most=255)
    if not value:
        return ""
    if "://" in value or "/" in value:
        raise Wrong(f"{shown(value)} is a URL or a range; write only the host, such as 10.20.4.31")
    if _LOOKS_LIKE_IPV4.fullmatch(value):
        return _ipv4(value)
    return _ipv6(value) if ":" in value else _name(value)


def whole_address(called: str, host: str, port: int | None, url: str) -> str:
    """Where an interface is, for people: an AE title at host and port, or a URL."""
    bracketed = f"[{host}]" if ":" in host else host
    place = url or (f"{bracketed}:{port}" if port else bracketed)
    return f"{called}@{place}" if called else place


def _ipv4(value: str) -> str:
    """Leading zeros are refused, not removed: some software reads 010 as eight (RFC 6943 §3.1.1)."""
    parts = value.split(".")
    if len(parts) != 4 or any(int(part or "256") > 255 for part in parts):
        raise Wrong(f"{shown(value)} is not an IPv4 address: four numbers from 0 to 255 with points")
    plain = ".".join(str(int(part)) for part in parts)
    if plain != value:
        raise Wrong(f"{shown(value)} has leading zeros, which some software reads as octal; write {plain}")
    return value


def _ipv6(value: str) -> str:
    try:
        return str(ipaddress.IPv6Address(value.strip("[]")))
    except ValueError as error:
        if value.count(":") == 1:
            raise Wrong(f"{shown(value)} names a port too; put the port in its own field") from error
        raise Wrong(f"{shown(value)} is not an IPv6 address") from error


def _name(value: str) -> str:
    if all(_LABEL.fullmatch(label) for label in value.removesuffix(".").split(".")):
        return value
    raise Wrong(f"{shown(value)} is not a host name: letters, digits, hyphens and points, such as pacs.thusong.example")


def url(raw: Any) -> str:
    """An absolute URL, of HTTP or of a database, without a secret in it."""
    value = text(raw, at_most=500)
    if not value:
        return ""
    parts = _split(value)
    if parts.password or any(_SECRET_NAMES.search(name) for name, _ in parse_qsl(parts.query)):
        raise Wrong("holds a password; put it in a file of the secrets folder and name that file as the credential")
    return value


def _split(value: str) -> SplitResult:
    try:
        parts = urlsplit(value)
        # Reading the port is what makes urlsplit look at it.
        reachable = parts.scheme and (parts.hostname or parts.path) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise Wrong(f"{shown(value)} is not a URL: {error}") from error
    if not reachable or "://" not in value or " " in value:
        raise Wrong(f"{shown(value)} is not a whole URL, such as https://pacs.thusong.example:8042/dicom-web")
    return parts
