"""Breaking and mending by a person: allowed where they hold the right, and on the trail."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import Subject, record
from umlindi.demo import lab
from umlindi.demo.faults import Fault, UnknownFault, choose
from umlindi.demo.lab import Breakage
from umlindi.demo.queries import BREAK, reachable


def break_fault(actor: Actor, slug: str, system: str = "") -> Breakage:
    """Break a system of the demo and wait until it is broken. Raises `UnknownFault`, also for another's system, or
    `NotConfirmed`.

    The trail says first that it was asked for: a fault that takes effect late was asked for all the same.
    """
    fault, where = _permitted(actor, slug, system)
    _say(actor, "demo.broken", fault, where)
    return lab.break_fault(_home(), slug, where)


def mend_fault(actor: Actor, slug: str, system: str = "") -> tuple[Breakage, ...]:
    """Mend a system of the demo and wait until it is mended. Raises as `break_fault` does."""
    fault, where = _permitted(actor, slug, system)
    _say(actor, "demo.mended", fault, where)
    return lab.mend(_home(), slug, where)


def _permitted(actor: Actor, slug: str, system: str) -> tuple[Fault, str]:
    """The fault and its system. A system of a stranger's organisation does not exist for this actor."""
    actor.require(BREAK)
    fault, usual = choose(slug, system or None)
    own = reachable(actor, fault)
    where = usual if system or usual in own else next(iter(own), usual)
    if where not in own:
        raise UnknownFault(f"there is no fault called {slug}")
    return fault, where


def _say(actor: Actor, verb: str, fault: Fault, where: str) -> None:
    organisation = Organisation.objects.filter(slug=where.partition("/")[0]).first()
    subject = Subject("demo.fault", fault.slug, f"{fault.title} ({where})", organisation.pk if organisation else None)
    with transaction.atomic():
        record(actor, verb, subject)


def _home() -> Path:
    return Path(settings.UMLINDI_HOME)
