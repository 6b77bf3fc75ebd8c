"""People's verbs: add a heartbeat, change, pause, resume, remove it, and give it a new link. Each is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from django.db import transaction

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import audited
from umlindi.estate.models import System
from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.rules.states import State
from umlindi.heartbeats.services.judging import settle
from umlindi.watch.services import outages

EDIT = "watch.edit"


class NameTaken(ValueError):
    """Another heartbeat of the organisation has this name."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a person says of a heartbeat: already judged to be valid, its system one of the organisation's."""

    name: str
    system: System | None
    period: timedelta | None
    cron: str
    timezone: str
    grace: timedelta
    starts: datetime | None
    condition: str
    next_step: str


def add(actor: Actor, organisation: Organisation, given: Given, now: datetime) -> Heartbeat:
    """A new heartbeat. Raises `NameTaken`."""
    actor.require(EDIT, organisation.pk)
    heartbeat = Heartbeat(organisation=organisation)
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=organisation.pk)
        with audited(actor, "heartbeat.added", heartbeat):
            _set(heartbeat, given)
            settle(heartbeat, now)
            heartbeat.save(force_insert=True)
    return heartbeat


def change(actor: Actor, heartbeat: Heartbeat, given: Given, now: datetime) -> Heartbeat:
    """Set what it must do. It is judged by the new schedule at once, from its last success on. Raises `NameTaken`."""
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=heartbeat.organisation_id)
        held = _held(actor, heartbeat)
        with audited(actor, "heartbeat.changed", held):
            _set(held, given)
            settle(held, now, ended="its schedule was changed")
            held.save()
    return held


def pause(actor: Actor, heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """Nothing is missed while it is paused; an open outage ends."""
    with transaction.atomic():
        held = _held(actor, heartbeat)
        with audited(actor, "heartbeat.paused", held):
            held.paused = True
            settle(held, now, ended="it was paused")
            held.save()
    return held


def resume(actor: Actor, heartbeat: Heartbeat, now: datetime) -> Heartbeat:
    """It must report again: next when its schedule says, not for what was missed meanwhile."""
    with transaction.atomic():
        held = _held(actor, heartbeat)
        with audited(actor, "heartbeat.resumed", held):
            held.paused = False
            held.failed_at = held.started_at = None
            held.awaited_from = now + (held.period or timedelta(0))
            settle(held, now)
            held.save()
    return held


def rotate(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """A new link; the old one is unknown from now on."""
    with transaction.atomic():
        held = _held(actor, heartbeat)
        with audited(actor, "heartbeat.link_renewed", held):
            held.secret = uuid4()
            held.save(update_fields=["secret"])
    return held


def remove(actor: Actor, heartbeat: Heartbeat, now: datetime) -> None:
    """Take it away with what it reported. Its outages stay; an open one ends."""
    with transaction.atomic():
        held = _held(actor, heartbeat)
        if held.state == State.DOWN:
            outages.end(held.key, now, now, "it was removed")
        with audited(actor, "heartbeat.removed", held):
            held.delete()


def _held(actor: Actor, heartbeat: Heartbeat) -> Heartbeat:
    """The row as it is now, locked against pings and the pager."""
    actor.require(EDIT, heartbeat.organisation_id)
    rows = Heartbeat.objects.select_for_update(of=("self",)).select_related("organisation", "system__site")
    return rows.get(pk=heartbeat.pk)


def _set(heartbeat: Heartbeat, given: Given) -> None:
    others = Heartbeat.objects.filter(organisation=heartbeat.organisation, name=given.name).exclude(pk=heartbeat.pk)
    if others.exists():
        raise NameTaken(given.name)
    for name in Given.__dataclass_fields__:
        setattr(heartbeat, name, getattr(given, name))
