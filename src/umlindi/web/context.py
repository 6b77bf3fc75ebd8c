"""What every page shows around its own matter: rooms, organisations, the clock, the theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.core.actors import NOBODY, Actor
from umlindi.core.beats import pager_is_silent
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


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of the organisation switch."""

    name: str
    url: str
    current: bool


ROOMS = (
    Room("Now", "Now", "now", "n", "estate.view"),
    Room("Alerts", "Alerts", "alerts:list", "r", "alert.view"),
    Room("Morning check", "Check", "watch:checks", "m", "check.view"),
    Room("On call", "On call", "oncall:now", "o", "oncall.view"),
    Room("Estate", "Estate", "estate:index", "e", "estate.view"),
    Room("Uptime", "Uptime", "uptime:index", "u", "alert.view"),
    Room("Status pages", "Status", "status:pages", "s", "watch.edit"),
    Room("People", "People", "people:list", "p", "people.view"),
    Room("Audit", "Audit", "audit:list", "a", "audit.view"),
)
NARROWED = ("now", "alerts:list", "watch:checks", "uptime:index", "uptime:windows")
"""The pages that show one organisation with `?org=slug`."""

LAB = Room("Fault lab", "Lab", "demo:lab", "l", "demo.break")


@dataclass(frozen=True, slots=True)
class Alarms:
    """How many alerts are open, and how many of them nobody has answered yet."""

    open: int = 0
    unanswered: int = 0


_counters: list[Callable[[Actor], Alarms]] = []


def count_alarms_with(counter: Callable[[Actor], Alarms]) -> None:
    """The room that keeps alerts lies above this one, and says here how they are counted. One query, please: every page
    asks."""
    _counters[:] = [counter]


PHONE_ROOMS = 4


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
    def pager_is_silent(self) -> bool:
        """Nobody is told of anything but by these pages."""
        return pager_is_silent(timezone.now())

    @property
    def phone_rooms(self) -> int:
        """How many rooms stand in a phone's rail; the others are under More."""
        return PHONE_ROOMS

    @cached_property
    def alarms(self) -> Alarms:
        return next((counter(self.actor) for counter in _counters), Alarms())

    @cached_property
    def here(self) -> str:
        """The URL of the room the page belongs to, empty where it belongs to none. Now is its own page alone."""
        path = self.request.path
        inside = (
            room.url for room in self.rooms if path == room.url or (room.route != "now" and path.startswith(room.url))
        )
        return next(inside, "")

    @cached_property
    def organisations(self) -> list[Organisation]:
        return list(visible(self.actor, Organisation))

    @cached_property
    def switch(self) -> list[Choice]:
        """Where the switch leads, all of them first; empty where there is nothing to choose.

        A page that can be narrowed is narrowed to the organisation; elsewhere it leads to the organisation's own page.
        """
        if len(self.organisations) < 2:
            return []
        path = self.request.path
        narrows = path in {reverse(route) for route in NARROWED}
        every = Choice("All organisations", path if narrows else reverse("estate:index"), not self._narrowed_to)
        return [every, *(self._choice(one, path if narrows else "") for one in self.organisations)]

    def _choice(self, organisation: Organisation, path: str) -> Choice:
        url = f"{path}?org={organisation.slug}" if path else reverse("estate:organisation", args=[organisation.slug])
        return Choice(organisation.name, url, self._narrowed_to == organisation.slug)

    @property
    def chosen(self) -> str:
        """What the switch says now."""
        return next((choice.name for choice in self.switch if choice.current), "All organisations")

    @property
    def _narrowed_to(self) -> str:
        return self.request.GET.get("org", "")


def house(request: HttpRequest) -> dict[str, House]:
    """The context processor: `house` in every template."""
    return {"house": House(request)}
