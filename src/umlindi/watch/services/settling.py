"""What becomes of the history where the estate changes, not the peer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from umlindi.estate.models import Interface
from umlindi.watch.models import Probe, Spell
from umlindi.watch.rules.merging import merged
from umlindi.watch.rules.plans import Plan
from umlindi.watch.rules.standing import combined
from umlindi.watch.services import outages
from umlindi.watch.services.spells import turn_spells
from umlindi.watch.services.standings import Recorded, Turn

END_SPELLS = """
UPDATE watch_spell AS spell SET until = greatest(spell.since + interval '1 microsecond', heard.at)
FROM (
    SELECT probe.interface_id, max(probe.probed_at) AS at
    FROM watch_probe AS probe JOIN estate_interface AS interface ON interface.id = probe.interface_id
    WHERE NOT interface.enabled GROUP BY probe.interface_id
) AS heard
WHERE spell.interface_id = heard.interface_id AND spell.until IS NULL
"""


@transaction.atomic
def retire(now: datetime) -> None:
    """Let go of interfaces that are no longer asked: their history ends with the last answer, and so do their outages.

    What is asked again later begins anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(END_SPELLS)
    outages.sweep(now)
    Probe.objects.filter(interface__enabled=False).delete()


def settle(interfaces: Iterable[int], now: datetime) -> None:
    """Where a plan is no longer asked, what the others say is the whole."""
    for interface in Interface.objects.select_related("system__site__organisation").filter(pk__in=list(interfaces)):
        _settle(interface, now)


def _settle(interface: Interface, now: datetime) -> None:
    rows = {Plan(row.plan): row for row in interface.probes.exclude(probed_at=None)}
    condition, _, flapping = combined({plan: row.standing for plan, row in rows.items()})
    heard = {plan: one for plan, row in rows.items() if (one := row.heard) is not None}
    spell = Spell.objects.filter(interface=interface, until=None).first()
    if not heard or spell is None or spell.condition == condition:
        return
    result = merged(heard)
    turn_spells(
        [Turn(interface.pk, condition, now, flapping, Recorded(interface.pk, next(iter(heard)), now, result))], {}
    )
    outages.follow([outages.Turned(interface, condition, now, result, flapping)], now)
