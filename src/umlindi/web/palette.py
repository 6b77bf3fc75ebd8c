"""Ctrl-K: the systems, pages and actions that the words typed could mean, each only where this person may go."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from umlindi.core.doors import Request
from umlindi.estate.queries import search
from umlindi.web.context import House

ROOM_FOR_DOORS = 4
SEARCHED = 4
"""How many times more is searched than shown: what is itself called so comes before what merely stands there."""

ACTIONS = (
    ("Run the morning check", "watch:checks", "check.run"),
    ("Open the wallboard", "status:wall", "alert.view"),
    ("Who is told when: escalation policies", "alerts:policies", "oncall.view"),
    ("Heartbeats of backups and scripts", "heartbeats:list", "alert.view"),
    ("Import an estate", "estate:import", "estate.edit"),
    ("Add a person", "people:add", "people.edit"),
    ("Say how you are reached", "oncall:me", "oncall.view"),
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
    words = text.casefold().split()
    found = [Hit(hit.label, hit.url, hit.detail) for hit in search(request.actor, text, limit * SEARCHED)]
    found.sort(key=lambda hit: not all(word in hit.name.casefold() for word in words))
    return [*found[: limit - ROOM_FOR_DOORS], *_doors(request, words)][:limit]


def _doors(request: Request, words: list[str]) -> list[Hit]:
    doors = [Hit(room.name, room.url, "page") for room in House(request).rooms]
    doors += [Hit(name, reverse(route), "action") for name, route, right in ACTIONS if request.actor.may(right)]
    doors += [Hit(name, reverse(route), "your account") for name, route in OWN]
    return [door for door in doors if all(word in f"{door.name} {door.about}".casefold() for word in words)]
