"""What of a channel's address may be seen."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_OPEN_HOSTS = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})
"""Webhooks: their host is no secret, though what follows it is."""
_MAIL = re.compile(r"[^\s<>(),;:\"@]+@[^\s<>(),;:\"@]+")
_NUMBER = re.compile(r"\+?[0-9]{8,15}")


def shown(url: str, service: str) -> str:
    """The service, and the host of a webhook or the last four digits of a telephone: nothing that opens anything."""
    parts = urlsplit(url)
    if parts.scheme in _OPEN_HOSTS and parts.hostname:
        return f"{service} {parts.hostname}/…"
    places = [place for place in (parts.netloc.rpartition("@")[2], *parts.path.split("/")) if place]
    if places and _NUMBER.fullmatch(places[-1]):
        return f"{service} …{places[-1][-4:]}"
    return f"{service} …"


def masked_mail(address: str) -> str:
    """n…@thusong.example, for those who may know that there is an address but not which."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def without_addresses(text: str) -> str:
    """What a mail server said, where it may name the mailbox that it refuses."""
    return _MAIL.sub(lambda found: masked_mail(found[0]), text)
