"""An answer becomes a part of its interface's history."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from umlindi.estate.models import Interface
from umlindi.probes import ProbeResult
from umlindi.watch.context import explained_in_context
from umlindi.watch.models import Spell
from umlindi.watch.rules.conditions import Advance, Condition, Present, advance, condition_of, silence_allowed
from umlindi.watch.targets import interval_of


def observe(interface: Interface, result: ProbeResult, at: datetime) -> Spell | None:
    """Put one answer into the interface's history, a bad one with its causes. None where a newer answer is there.

    No audit event: an answer is a measurement, and the spell is its record. What people decide upon it is audited.
    """
    condition = condition_of(result)
    result = explained_in_context(interface, result)
    with transaction.atomic():
        spell = Spell.objects.select_for_update().filter(interface=interface, until=None).first()
        step = advance(_present(spell), condition, at, silence_allowed(interval_of(interface)))
        if step is Advance.LATE:
            return None
        if spell is not None and step is Advance.EXTEND:
            return _extend(spell, result, at)
        if spell is not None:
            _end(spell, step, at)
        return Spell.objects.create(
            interface=interface, condition=condition, since=at, probed_at=at, result=result.to_json()
        )


def _present(spell: Spell | None) -> Present | None:
    return None if spell is None else Present(Condition(spell.condition), spell.since, spell.probed_at)


def _extend(spell: Spell, result: ProbeResult, at: datetime) -> Spell:
    spell.probed_at = at
    spell.probes += 1
    spell.result = result.to_json()
    spell.save(update_fields=["probed_at", "probes", "result"])
    return spell


def _end(spell: Spell, step: Advance, at: datetime) -> None:
    """Close a spell; after a gap it ends where it was last confirmed, and what followed is unknown."""
    spell.until = spell.probed_at if step is Advance.GAP else at
    spell.save(update_fields=["until"])
    if step is Advance.GAP:
        Spell.objects.create(
            interface_id=spell.interface_id,
            condition=Condition.UNKNOWN,
            since=spell.probed_at,
            until=at,
            probed_at=spell.probed_at,
            probes=0,
        )
