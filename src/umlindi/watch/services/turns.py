"""Whose turn it is to be probed, and who has it in hand."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.db import transaction

from umlindi.core.actors import Actor
from umlindi.core.audit import audited
from umlindi.estate.models import Interface
from umlindi.watch.models import Probe
from umlindi.watch.rules.conditions import next_due
from umlindi.watch.rules.plans import Plan
from umlindi.watch.runner import Answer
from umlindi.watch.services.observing import observe
from umlindi.watch.targets import deadline_of, interval_of

SLACK = timedelta(minutes=1)
"""What a claimed probe may wait for its turn among others, beyond its own deadline."""


def give_turns(now: datetime) -> int:
    """See that every enabled interface has a turn. Returns how many got one."""
    without = Interface.objects.filter(enabled=True, probes=None).values_list("pk", flat=True)
    made = Probe.objects.bulk_create(
        [Probe(interface_id=pk, plan=Plan.FULL, due_at=now) for pk in without.iterator()], ignore_conflicts=True
    )
    return len(made)


def claim_due(now: datetime, at_most: int) -> list[Interface]:
    """Take interfaces whose turn it is, each for this process alone until a probe of it must have ended.

    SKIP LOCKED: any number of processes share the work. A claim of a process that died runs out by itself.
    """
    with transaction.atomic():
        turns = list(
            Probe.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due_at__lte=now, interface__enabled=True)
            .exclude(claimed_until__gt=now)
            .select_related("interface__system__site__organisation")
            .order_by("due_at")[:at_most]
        )
        for turn in turns:
            turn.claimed_until = now + deadline_of(turn.interface) + SLACK
        Probe.objects.bulk_update(turns, ["claimed_until"])
    return [turn.interface for turn in turns]


def finish_turn(interface: Interface, answer: Answer) -> None:
    """Record the answer and hand the turn back, both or neither."""
    due = next_due(answer.began, interval_of(interface), random.random())  # noqa: S311 (a spread, not a secret)
    with transaction.atomic():
        observe(interface, answer.result, answer.began)
        Probe.objects.filter(interface=interface).update(due_at=due, claimed_until=None)


def ask_now(actor: Actor, interface: Interface, now: datetime) -> None:
    """Put an interface first in line: the watch loop probes it within a second or two."""
    actor.require("probe.run", interface.system.site.organisation_id)
    with audited(actor, "probe.asked", interface):
        Probe.objects.update_or_create(interface=interface, plan=Plan.FULL, defaults={"due_at": now})
