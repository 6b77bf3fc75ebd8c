"""Alerts of another watcher become outages of the organisation they are sent for."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.diagnosis.redaction import redact
from umlindi.estate.models import System
from umlindi.heartbeats.rules.alertmanager import Said, host_of, read
from umlindi.heartbeats.services.evidence import evidence
from umlindi.watch.models import Outage
from umlindi.watch.services import outages

OPEN_AT_MOST = 1000
"""Of one organisation at once. Each can page somebody: whoever has a token must not bury everybody else's pages."""


class Flood(Exception):
    """More alerts would be open than one organisation may have."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How many alerts of a request were taken as firing, and how many as over."""

    firing: int
    resolved: int


def take_in(actor: Actor, organisation: Organisation, payload: Any, now: datetime) -> Taken:
    """Open, worsen and end outages as another watcher says: all of a request or nothing. Raises `Malformed`, `Flood`.

    Not audited: what another watcher measured is in the outages, as what our own probes measure.
    """
    actor.require("alert.send", organisation.pk)
    said = read(payload, now, redact)
    firing = [each for each in said if each.firing]
    over = {_key(organisation, each): min(each.until or now, now) for each in said if not each.firing}
    with transaction.atomic():
        _check_room(organisation, {_key(organisation, each) for each in firing}, over.keys())
        outages.report_all([_reported(organisation, each) for each in firing], now)
        outages.end_all(over, now)
    return Taken(len(firing), len(said) - len(firing))


def _check_room(organisation: Organisation, firing: Set[str], over: Set[str]) -> None:
    standing = Outage.objects.filter(organisation=organisation, kind=Outage.Kind.EXTERNAL, until=None)
    keys = set(standing.values_list("key", flat=True))
    if firing - keys and len((keys | firing) - over) > OPEN_AT_MOST:
        raise Flood


def _key(organisation: Organisation, said: Said) -> str:
    return f"external:{organisation.pk}:{said.fingerprint}"


def _reported(organisation: Organisation, said: Said) -> outages.Reported:
    system = _system(organisation, said.names)
    subject, told = system.name if system else said.subject, {"labels": said.labels}
    return outages.Reported(
        key=_key(organisation, said),
        kind="external",
        organisation=organisation,
        site=system.site if system else None,
        system=system,
        subject=subject,
        headline=said.headline,
        condition=said.condition,
        since=said.since,
        cause=said.cause,
        evidence=evidence("external", subject, "ALERT", meaning=said.headline, condition=said.condition, told=told),
    )


def _system(organisation: Organisation, names: tuple[str, ...]) -> System | None:
    """The one system of the organisation that a label names: itself, or the host of one of its interfaces."""
    systems = System.objects.filter(site__organisation=organisation).select_related("site")
    for name in names:
        host = host_of(name)
        named = Q(slug__iexact=name) | Q(name__iexact=name) | Q(slug__iexact=host)
        found = list(systems.filter(named | Q(interfaces__host__iexact=host)).distinct()[:2])
        if len(found) == 1:
            return found[0]
    return None
