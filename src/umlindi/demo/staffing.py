"""Gives the demo estate its people and its promises: who is on call, how each is reached, what must report by itself,
what was promised, and what the hospital's users may see.

Once only: who changes any of it finds it changed after the next start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.rules import Role
from umlindi.accounts.services import add_person
from umlindi.alerts import services as alerts
from umlindi.alerts.services import GivenPolicy, GivenStep
from umlindi.core.actors import Actor
from umlindi.demo import faults
from umlindi.demo.orders import ZONE
from umlindi.estate.models import System
from umlindi.heartbeats import services as heartbeats
from umlindi.heartbeats.models import Heartbeat
from umlindi.oncall import services as oncall
from umlindi.oncall.models import Rota
from umlindi.oncall.services import LayerGiven
from umlindi.status import services as status
from umlindi.uptime.models import Terms
from umlindi.uptime.services import objectives

ACTOR = Actor.house("demo")
ROTA = "PACS on call"
HEARTBEAT = "Worklist export"
# Username, names, telephone, quiet hours. The first two take weekly turns; the third is asked when neither answers.
PEOPLE = (
    ("thandeka", "Thandeka", "Qwabe", "+27 71 555 0131", "Mon-Sun 22:00-06:00"),
    ("pieter", "Pieter", "Lötter", "+27 71 555 0132", ""),
    ("lindiwe", "Lindiwe", "Mokoena", "+27 71 555 0133", ""),
)
# Minutes: short, so that whoever tries the demo sees an escalation within a coffee.
ESCALATES_AFTER = 2
REPEATS, REPEAT_AFTER = 3, 5
REPORTS_EVERY = timedelta(minutes=5)
TARGET = Decimal("99.9")
PROMISES = (
    ("thusong", "Images at Thusong", (faults.MTHATHA_PACS, faults.KOMANI, faults.WORKLIST, faults.RIS)),
    ("ubuntu", "Images at Ubuntu Radiology", (faults.GQEBERHA_PACS, faults.GATEWAY)),
)


@transaction.atomic
def staff(phones_port: int, now: datetime) -> Heartbeat | None:
    """All of it, or nothing where it was done before. Returns the heartbeat that the demo then reports for."""
    if Rota.objects.filter(name=ROTA, organisation=None).exists():
        return None
    people = [_person(*who, phones_port=phones_port) for who in PEOPLE]
    _on_call(people, now)
    for slug, name, systems in PROMISES:
        _promise(Organisation.objects.get(slug=slug), name, [_system(path) for path in systems], now)
    return _heartbeat(now)


def _person(username: str, first: str, last: str, phone: str, quiet: str, *, phones_port: int) -> User:
    user, _ = add_person(ACTOR, username, role=Role.OPERATOR, first_name=first, last_name=last)
    oncall.add_service(ACTOR, user, "Telephone", f"json://127.0.0.1:{phones_port}/{username}")
    oncall.set_profile(ACTOR, user, phone=phone, quiet=quiet, timezone=str(ZONE))
    return user


def _on_call(people: list[User], now: datetime) -> None:
    """Weekly turns from last Monday on, and a second line."""
    today = timezone.localtime(now, ZONE).date()
    monday = today - timedelta(days=today.weekday() + 7)
    layer = LayerGiven(tuple(user.pk for user in people[:2]), monday, time(8), name="Weeks in turn")
    rota = oncall.save_rota(ACTOR, None, organisation=None, name=ROTA, timezone=str(ZONE), layers=[layer])
    steps = [GivenStep(0, [("rota", rota.pk)]), GivenStep(ESCALATES_AFTER, [("user", people[2].pk)])]
    alerts.save_policy(ACTOR, GivenPolicy("Demo: who is on call, then Lindiwe", "", REPEATS, REPEAT_AFTER, steps), None)


def _promise(organisation: Organisation, name: str, systems: Iterable[System], now: datetime) -> None:
    """An objective of 99.9 % a month (L), and a page for who works with these systems."""
    shown = list(systems)
    promised = objectives.Promised(TARGET, Terms.Hours.ALWAYS, Terms.Counts.TOGETHER, frozenset(shown))
    objectives.promise_uptime(ACTOR, organisation, name, promised, now)
    page = {"title": name, "slug": organisation.slug, "introduction": "", "public": True}
    status.add_page(ACTOR, organisation, page, [(system.pk, system.name) for system in shown])


def _heartbeat(now: datetime) -> Heartbeat:
    worklist = _system(faults.WORKLIST)
    given = heartbeats.Given(
        name=HEARTBEAT,
        system=worklist,
        period=REPORTS_EVERY,
        cron="",
        timezone=str(ZONE),
        grace=REPORTS_EVERY,
        starts=None,
        condition=Heartbeat.Worst.DEGRADED,
        next_step="Look whether the demo still runs: it writes the worklist's files and reports after each writing.",
    )
    return heartbeats.add(ACTOR, worklist.site.organisation, given, now)


def _system(path: str) -> System:
    organisation, site, slug = path.split("/")
    return System.objects.get(site__organisation__slug=organisation, site__slug=site, slug=slug)
