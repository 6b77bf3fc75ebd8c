"""What of an interface is the provider's own staff's to say, and not that of somebody who edits one organisation alone.

Probes run on the provider's server: they reach and read what it can. So nobody else may name the secrets of others, a
file, a port or the services of that server, nor a database in words that reach further than to a host. What stood
before may stay.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

Wrongs = Iterator[tuple[str, str]]
"""(field, why); a setting's field is `settings.name`."""

_STAFF = "only the provider's own staff may"
_OF_THE_SERVER = {
    "ca_file": "names a file on the server",
    "certificate": "names a file on the server",
    "key": "names a file on the server",
    "settings_file": "names a file on the server",
    "move_host": "opens a port of the server",
    "move_port": "opens a port of the server",
}
_HELD_WITH_THE_LOGIN = ("verify", "server_name", "query")
# A host and nothing else that a driver could read as a socket's folder, a file or an option.
_PLAIN_DATABASE = re.compile(
    r"(?:postgres|postgresql|mysql|mariadb|mssql)://(?:[\w.-]+@)?"
    r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[\w.-]*)?"
)
_NOTHING: Mapping[str, Any] = {"kind": "", "host": "", "port": None, "url": "", "credential": "", "settings": {}}


def check_reach(
    values: Mapping[str, Any], present: Mapping[str, Any] | None, organisation: str
) -> list[tuple[str, str]]:
    """What somebody who edits this organisation alone may not write: (field, why). `present` is None for a new row."""
    before = present or _NOTHING
    return [
        *_login(values, before, organisation),
        *_of_the_server(values, before),
        *_database(values, before),
        *_here(values, before),
    ]


def _login(values: Mapping[str, Any], before: Mapping[str, Any], organisation: str) -> Wrongs:
    """Whoever points an interface at an address of their own is sent its login: so it must be their organisation's,
    and one that is not stays with the address it was given for."""
    name = values["credential"]
    if not name or name.startswith(f"{organisation}."):
        return
    if name != before["credential"]:
        yield "credential", f"its name must begin with {organisation + '.'!r}, as your organisation's secrets do"
        return
    moved = [field for field in ("kind", "host", "port", "url") if values[field] != before[field]]
    moved += [f"settings.{key}" for key in _HELD_WITH_THE_LOGIN if _setting(values, key) != _setting(before, key)]
    for field in moved:
        yield field, f"goes with a login that is not your organisation's; {_STAFF} change it"


def _of_the_server(values: Mapping[str, Any], before: Mapping[str, Any]) -> Wrongs:
    for name, what in _OF_THE_SERVER.items():
        if _setting(values, name) is not None and _setting(values, name) != _setting(before, name):
            yield f"settings.{name}", f"{what}; {_STAFF}"


def _database(values: Mapping[str, Any], before: Mapping[str, Any]) -> Wrongs:
    asked = [(row["kind"], row["url"], _setting(row, "query")) for row in (values, before)]
    if values["kind"] == "sql" and asked[0] != asked[1] and not _PLAIN_DATABASE.fullmatch(values["url"]):
        yield "url", f"is more than postgresql, mysql, mariadb or mssql://user@host:port/database; {_STAFF} name that"


def _here(values: Mapping[str, Any], before: Mapping[str, Any]) -> Wrongs:
    """The server itself: by no address at all, which a machine's interface has, or by one that stays within it."""
    other_kind = values["kind"] != before["kind"]
    if values["kind"] == "host" and not values["url"] and (other_kind or before["url"]):
        yield "url", f"is empty, which means the server itself; {_STAFF} look at that"
    for field, now, then in _addresses(values, before):
        if now and (other_kind or now != then) and is_here(now):
            yield field, f"is an address within the server itself; {_STAFF} name that"


def _addresses(values: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name in ("host", "url"):
        yield name, values[name], before[name]
    for name in ("wado", "orthanc"):
        yield f"settings.{name}", _setting(values, name) or "", _setting(before, name) or ""


def _setting(row: Mapping[str, Any], name: str) -> Any:
    return row["settings"].get(name)


def is_here(place: str) -> bool:
    """Loopback, link-local (a cloud's metadata), unspecified, multicast: in any spelling that a resolver takes.

    A name in DNS that leads here is not found out: nobody asks DNS before an address is written down.
    """
    host = (urlsplit(place).hostname or "") if "://" in place else place
    name = unicodedata.normalize("NFKC", host).lower().strip("[]").rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and (
        address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    )


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Also 2130706433 and 0x7f.1, which getaddrinfo takes for 127.0.0.1."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address
