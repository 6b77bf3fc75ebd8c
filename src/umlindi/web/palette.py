"""Ctrl-K: the systems, pages and actions that the words typed could mean, each only where this person may go."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from umlindi.core.doors import Request
from umlindi.estate.queries import search
from umlindi.web.context import House

ROOM_FOR_DOORS = 4
ACTIONS = (
    ("Run the morning check", "watch:checks", "check.run"),
    ("Import an estate", "estate:import", "estate.edit"),
    ("Add a person", "people:add", "people.edit"),
)
OWN = (("Second step, passkeys, tokens, sessions", "account"), ("Change your password", "account_change_password"))


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette. `about` says what kind of thing it is, and where."""

    name: str
    url: str
    about: str


def hits(request: Request, text: str, limit: int) -> list[Hit]:
    """What is looked after first, then pages and actions. Every page and action where nothing is typed."""
    found = [Hit(hit.label, hit.url, hit.detail) for hit in search(request.actor, text, limit - ROOM_FOR_DOORS)]
    return [*found, *_doors(request, text)][:limit]


def _doors(request: Request, text: str) -> list[Hit]:
    doors = [Hit(room.name, room.url, "page") for room in House(request).rooms]
    doors += [Hit(name, reverse(route), "action") for name, route, right in ACTIONS if request.actor.may(right)]
    doors += [Hit(name, reverse(route), "your account") for name, route in OWN]
    words = text.casefold().split()
    return [door for door in doors if all(word in f"{door.name} {door.about}".casefold() for word in words)]
