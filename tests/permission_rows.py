"""One of everything that a route can name, for the matrix of permissions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from umlindi.accounts.models import Organisation, User
from umlindi.alerts.models import Alert, Policy
from umlindi.core.actors import Actor
from umlindi.core.digests import digest_of
from umlindi.estate.models import System
from umlindi.oncall.models import Holiday, Override, Profile, Swap
from umlindi.status.models import Notice, StatusPage
from umlindi.status.services import make_link
from umlindi.testing.oncall import make_mailbox, make_rota
from umlindi.uptime.models import ClosedMonth, Objective, Terms, Window


def status_rows(organisation: Organisation, now: datetime) -> dict[str, Any]:
    page = StatusPage.objects.create(organisation=organisation, slug="told", title="Imaging", public=True)
    notice = Notice.objects.create(page=page, title="Slow", began=now)
    return {"pages": page, "notices": notice}


def secret_links(organisation: Organisation, page: StatusPage, now: datetime) -> dict[str, str]:
    """What opens without an account: an address, and secret links."""
    house = Actor.house("test")
    _, reader = make_link(house, "Ward managers", now, page=page)
    _, wall = make_link(house, "Screen", now, organisation=organisation)
    return {"told": page.slug, "reader": reader, "wall": wall}


def uptime_rows(system: System, now: datetime) -> dict[str, Any]:
    organisation = system.site.organisation
    objective = Objective.objects.create(organisation=organisation, name="Imaging")
    Terms.objects.create(objective=objective, since=now.date().replace(day=1)).systems.add(system)
    window = Window.objects.create(
        organisation=organisation,
        title="Upgrade",
        reason="Security fixes",
        agreed_by="S. Gxowa",
        starts=now + timedelta(days=1),
        ends=now + timedelta(days=2),
        zone="Africa/Johannesburg",
        created_by="test",
    )
    window.systems.add(system)
    month = ClosedMonth.objects.create(
        organisation=organisation,
        month=now.date().replace(year=now.year - 1, day=1),
        closed_at=now,
        rules=1,
        policy={"windows": [], "objectives": [], "zone": "Africa/Johannesburg"},
        hash="x",
        closed_by="test",
    )
    return {"objectives": objective, "windows": window, "months": month}


def on_call_rows(organisation: Organisation, now: datetime) -> dict[str, Any]:
    rota = make_rota(organisation)
    first, second = (turn.user for turn in rota.layers.get().turns.all())
    later = {"starts": now + timedelta(days=1), "ends": now + timedelta(days=2)}
    return {
        "rotas": rota,
        "overrides": Override.objects.create(rota=rota, user=first, reason="Leave", **later),
        "swaps": Swap.objects.create(rota=rota, proposer=first, other=second, proposed_at=now, **later),
        "channels": make_mailbox(organisation=organisation),
        "holidays": Holiday.objects.create(organisation=organisation, day=now.date(), name="Founders’ day"),
    }


def alert_rows(organisation: Organisation, now: datetime) -> dict[str, Any]:
    times = {"since": now, "detected_at": now, "opened_at": now, "answer_due_at": now}
    about = {"key": "test", "severity": "high", "condition": "down", "title": "PACS refuses"}
    return {
        "alerts": Alert.objects.create(organisation=organisation, **about, **times),
        "policies": Policy.objects.create(organisation=organisation, name="Escalation"),
    }


def calendar_of(person: User) -> str:
    Profile.objects.create(user=person, digest=digest_of("of-a-calendar"))
    return "of-a-calendar"
