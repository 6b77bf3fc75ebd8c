"""What do we look after, and is anything missing or running out?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, Site, System
from umlindi.estate.rules.terms import EXPIRES_SOON


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts for the sentence that heads the estate."""

    organisations: int
    sites: int
    systems: int
    interfaces: int
    running_out: int
    run_out: int
    without_interface: int


def ending_before(day: date) -> Q:
    """Systems whose support or licence has ended before that day."""
    return Q(support_until__lt=day) | Q(licence_until__lt=day)


def ending_soon(today: date) -> Q:
    """Systems with a date that lies between today and 90 days ahead."""
    soon = (today, today + EXPIRES_SOON)
    return Q(support_until__range=soon) | Q(licence_until__range=soon)


def overview(actor: Actor, today: date) -> Overview:
    """Four reads."""
    systems = visible(actor, System).aggregate(
        all=Count("pk"),
        soon=Count("pk", filter=ending_soon(today)),
        over=Count("pk", filter=ending_before(today)),
    )
    return Overview(
        organisations=visible(actor, Organisation).count(),
        sites=visible(actor, Site).count(),
        systems=systems["all"],
        interfaces=visible(actor, Interface).count(),
        running_out=systems["soon"],
        run_out=systems["over"],
        without_interface=visible(actor, System).filter(interfaces=None).count(),
    )
