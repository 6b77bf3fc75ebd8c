"""Alerts in every state, an escalation, a status page and a wallboard's link, for look_site."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.alerts.models import Alert, AlertEvent, AlertOutage, Attempt, Page, Policy
from umlindi.alerts.services.policies import GivenPolicy, GivenStep, frozen_policies, save_policy
from umlindi.estate.models import Interface, Site
from umlindi.oncall.models import Channel, Layer, Rota, Turn
from umlindi.status import services as status
from umlindi.status.models import Notice, StatusPage
from umlindi.testing.estate import make_alert, make_interface, make_outage, make_probe, make_system
from umlindi.uptime.models import Window
from umlindi.watch.models import Outage, Probe, Spell

MINUTE = timedelta(minutes=1)


def alert_rows(site: Site, people: Sequence[User], now: datetime) -> dict[str, Any]:
    """Everything, and the keys that addresses need."""
    rota = _rota(site, people, now)
    policy = _policy(site, people, rota)
    _probes(site)
    pacs = Interface.objects.get(system__slug="pacs", name="Query and retrieve")
    refused = _outage(pacs, now, affected=["3 wards", "CT 1"])
    first = _firing(refused, people, now)
    alone = _others(site, people, now)
    return {"alert": first.pk, "alert_alone": alone.pk, "alert_over": _over().pk, "policy": policy.pk} | _status(
        site, people, now
    )


def _rota(site: Site, people: Sequence[User], now: datetime) -> Rota:
    nomvula, sipho = people
    for person in people:
        Channel.objects.create(
            user=person, kind="mail", name="Mail", address=f"{person.username}@thusong.example", shown="mail"
        )
    rota = Rota.objects.create(organisation=site.organisation, name="Night and day")
    layer = Layer.objects.create(
        rota=rota, name="Everybody", starts=(now - timedelta(days=9)).date(), handover=time(8), unit="weeks", every=1
    )
    Turn.objects.bulk_create(
        Turn(layer=layer, user=person, position=place) for place, person in enumerate((nomvula, sipho))
    )
    return rota


def _policy(site: Site, people: Sequence[User], rota: Rota) -> Policy:
    nomvula, sipho = people
    steps = [GivenStep(0, [("rota", rota.pk)]), GivenStep(10, [("user", sipho.pk), ("user", nomvula.pk)])]
    return save_policy(actor_of(nomvula), GivenPolicy("Day and night", "", 2, 15, steps), site.organisation)


def _probes(site: Site) -> None:
    Probe.objects.all().delete()
    for spell in Spell.objects.filter(until=None).select_related("interface"):
        make_probe(spell.interface, condition=spell.condition, since=spell.since, result=spell.result)


def _outage(interface: Interface, now: datetime, **given: Any) -> Outage:
    """The one that is open, just found."""
    found = Outage.objects.filter(interface=interface, until=None)
    found.update(since=now - 6 * MINUTE, detected_at=now - 5 * MINUTE, **given)
    return found.get()


def _firing(outage: Outage, people: Sequence[User], now: datetime) -> Alert:
    frozen = frozen_policies([outage.organisation_id])[outage.organisation_id]
    alert = make_alert(outage, policy=frozen, step=1, due_at=now + 5 * MINUTE, consequences=1)
    for kind, actor, text in (
        ("opened", "", ""),
        ("fired", "", "Day and night"),
        ("delivered", "", "Nomvula Dlamini, Mail"),
        ("comment", "Sipho Gxowa", "The vendor changed the move list last night; I have asked which."),
    ):
        AlertEvent.objects.create(alert=alert, at=now - 4 * MINUTE, kind=kind, actor=actor, text=text)
    for person, state, meaning in ((people[0], "delivered", "250 OK"), (people[1], "failed", "the mailbox is full")):
        page = _page(alert, person, state, now, meaning if state == "failed" else "")
        outcome = "delivered" if state == "delivered" else "permanent"
        Attempt.objects.create(page=page, number=1, began_at=page.made_at, ms=212.0, process="pager",
                               outcome=outcome, meaning=meaning)  # fmt: skip
    return alert


def _page(alert: Alert, person: User, state: str, now: datetime, reason: str) -> Page:
    made = now - 4 * MINUTE
    return Page.objects.create(
        alert=alert, key=f"{alert.pk}-{person.pk}", kind="page", user=person, channel=person.channels.first(),
        to=str(person), severity=alert.severity, state=state, made_at=made, armed_at=made, due_at=made,
        delivered_at=made if state == "delivered" else None, reason=reason,
    )  # fmt: skip


def _others(site: Site, people: Sequence[User], now: datetime) -> Alert:
    """One of which nobody was told, with what hangs on it; one in hand; one silent; one muted; one that just began."""
    database = Interface.objects.get(system__slug="ris-db")
    ris = Interface.objects.get(system__name="RIS")
    stopped = _outage(database, now, affected=["RIS (Reception, 40 users)"])
    alone = make_alert(stopped, severity="high", nobody_reached=True, nobody_reason="No channel delivered.",
                       answer_due_at=now - 3 * MINUTE)  # fmt: skip
    AlertOutage.objects.create(alert=alone, outage=_outage(ris, now), joined_at=now)
    host = Interface.objects.get(system__slug="pacs", name="Host")
    make_alert(
        make_outage(host, headline="is short of memory", condition="degraded"),
        severity="medium", state="acknowledged", acknowledged_at=now - MINUTE, acknowledged_until=now + 55 * MINUTE,
        acknowledged_by=people[0], acknowledged_name=str(people[0]), acknowledged_reason="Restarting it tonight.",
        answered_at=now - MINUTE, answered_by=str(people[0]), clock="met", flapping=True,
    )  # fmt: skip
    for name, quiet in (
        (
            "CT 2",
            {"snoozed_until": now + 90 * MINUTE, "quiet_name": str(people[1]), "quiet_reason": "Service till 17:00"},
        ),
        ("MR 1", {"muted": True, "muted_by": "MR upgrade", "muted_at": now}),
    ):
        scanner = make_interface(make_system(site, name=name, kind="modality"))
        make_probe(scanner, condition="down")
        make_alert(make_outage(scanner), severity="high", **quiet)
    fresh = make_interface(make_system(site, name="Ultrasound 3", kind="modality"))
    make_probe(fresh, condition="down")
    make_outage(fresh, since=now - MINUTE / 2, detected_at=now - MINUTE / 3)
    return alone


def _over() -> Alert:
    outage = Outage.objects.filter(until__isnull=False).latest("until")
    assert outage.until is not None
    return make_alert(outage, key="over", state="resolved", resolved_at=outage.until, ending="recovered", clock="met",
                      answered_at=outage.detected_at + 4 * MINUTE, answered_by="Sipho Gxowa")  # fmt: skip


def _status(site: Site, people: Sequence[User], now: datetime) -> dict[str, Any]:
    actor, organisation = actor_of(people[0]), site.organisation
    names = {"pacs": "Pictures in the wards", "ris-db": "Bookings and reports"}
    shown = [(one.pk, names.get(one.slug, one.name)) for one in site.systems.filter(slug__in=names)]
    words = {
        "title": "Imaging at Thusong Provincial Hospital",
        "introduction": "Help desk: 047 555 0100, day and night.",
    }
    page = status.add_page(actor, organisation, words | {"slug": "thusong", "public": True}, shown)
    empty = StatusPage.objects.create(organisation=organisation, slug="empty", title="Reading at home")
    status.tell(actor, page, now, title="Pictures open slowly in the wards", stage="known",
                text="The archive refuses to send. Use the reading room's screens; we say more at 10:00.")  # fmt: skip
    _, link = status.make_link(actor, "Ward managers", now, page=page)
    _, wall = status.make_link(actor, "Screen in the reading room", now, organisation=organisation)
    ended = status.make_link(actor, "Old screen", now)[0]
    status.revoke_link(actor, ended, now)
    _window(site, now)
    return {"status": page.pk, "bare": empty.pk, "told": page.slug, "reader": link, "wall": wall,
            "notice": Notice.objects.latest("pk").pk}  # fmt: skip


def _window(site: Site, now: datetime) -> None:
    window = Window.objects.create(
        organisation=site.organisation, title="Database update", reason="Security fixes", agreed_by="Head of IT",
        starts=now + timedelta(days=1), ends=now + timedelta(days=1, hours=2), zone=site.timezone, created_by="Nomvula",
    )  # fmt: skip
    window.systems.add(site.systems.get(slug="ris-db"))
