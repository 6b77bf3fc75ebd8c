"""What every page shows around its own matter: rooms, organisations, the clock, the theme."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.core.actors import NOBODY, Actor
from umlindi.core.scope import visible

THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Room:
    """An entry of the rail. `key` is pressed after g; `right` opens the room."""

    name: str
    short: str
    route: str
    key: str
    right: str

    @property
    def url(self) -> str:
        return reverse(self.route)


ROOMS = (
    Room("Now", "Now", "now", "n", "estate.view"),
    Room("Morning check", "Check", "watch:checks", "m", "check.view"),
    Room("Estate", "Estate", "estate:index", "e", "estate.view"),
    Room("People", "People", "people:list", "p", "people.view"),
    Room("Audit", "Audit", "audit:list", "a", "audit.view"),
)
LAB = Room("Fault lab", "Lab", "demo:lab", "l", "demo.break")


class House:
    """What the base template asks for. Looked up on first use: an error page may ask for nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.actor: Actor = getattr(request, "actor", NOBODY)

    @property
    def theme(self) -> str:
        """ "light" or "dark" where the person chose one; empty follows their system."""
        chosen = self.request.COOKIES.get("theme", "")
        return chosen if chosen in THEMES else ""

    @property
    def now(self) -> datetime:
        return timezone.localtime()

    @property
    def zone(self) -> str:
        return settings.TIME_ZONE

    @cached_property
    def rooms(self) -> list[Room]:
        """The rooms this person may enter."""
        there = (*ROOMS, LAB) if settings.UMLINDI_DEMO else ROOMS
        return [room for room in there if self.actor.may(room.right)]

    @cached_property
    def here(self) -> str:
        """The URL of the room the page belongs to: the longest that the page's path starts with."""
        path = self.request.path
        return max((room.url for room in self.rooms if path.startswith(room.url)), key=len, default="")

    @cached_property
    def organisations(self) -> list[Organisation]:
        return list(visible(self.actor, Organisation))


def house(request: HttpRequest) -> dict[str, House]:
    """The context processor: `house` in every template."""
    return {"house": House(request)}
