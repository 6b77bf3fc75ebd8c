"""Ctrl-K: the systems, pages and actions that the words typed could mean, each only where this person may go."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from umlindi.core.doors import Request
from umlindi.web.context import House


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette. `about` says what kind of thing it is, and where."""

    name: str
    url: str
    about: str


def hits(request: Request, text: str, limit: int) -> list[Hit]:
    """Pages and actions first where no words are typed, systems first where there are."""
    return _doors(request, text)[:limit]


def _doors(request: Request, text: str) -> list[Hit]:
    house = House(request)
    doors = [Hit(room.name, room.url, "page") for room in house.rooms]
    doors.append(Hit("Two-step sign-in and passkeys", reverse("mfa_index"), "your account"))
    doors.append(Hit("Change your password", reverse("account_change_password"), "your account"))
    words = text.casefold().split()
    return [door for door in doors if all(word in f"{door.name} {door.about}".casefold() for word in words)]
