"""What went wrong with a system lately: the history a service meeting asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import System
from umlindi.watch import wording
from umlindi.watch.models import Spell
from umlindi.watch.rules.conditions import BAD, Condition

LOOKED_BACK = timedelta(days=30)
MOST = 20


@dataclass(frozen=True, slots=True)
class Trouble:
    """One interface's unbroken time in a bad condition; `until` None where it lasts. `cause` is the likeliest title."""

    interface: str
    condition: Condition
    since: datetime
    until: datetime | None
    headline: str
    cause: str


def troubles(actor: Actor, system: System, now: datetime) -> Sequence[Trouble]:
    """The newest first, at most MOST of the last 30 days."""
    spells = visible(actor, Spell).filter(interface__system=system, condition__in=BAD, since__gt=now - LOOKED_BACK)
    return [_trouble(spell) for spell in spells.select_related("interface").order_by("-since")[:MOST]]


def _trouble(spell: Spell) -> Trouble:
    result: Mapping[str, Any] = spell.result
    causes = result.get("diagnosis", [])
    return Trouble(
        interface=spell.interface.name,
        condition=Condition(spell.condition),
        since=spell.since,
        until=spell.until,
        headline=wording.headline(wording.first_failure(result)),
        cause=causes[0]["title"] if causes else "",
    )
