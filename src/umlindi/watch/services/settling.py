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
    keys = list(interfaces)
    rows = Interface.objects.select_related("system__site__organisation").prefetch_related("probes")
    held = dict(Spell.objects.filter(interface__in=keys, until=None).values_list("interface_id", "condition"))
    found = [turned for interface in rows.filter(pk__in=held) if (turned := _settled(interface, now))]
    changed = [turned for turned in found if turned.condition != held[turned.interface.pk]]
    if changed:
        turn_spells([_turn(turned) for turned in changed], {})
        outages.follow(changed, now)


def _settled(interface: Interface, now: datetime) -> outages.Turned | None:
    """None where the plans that are left have heard nothing."""
    rows = {Plan(row.plan): row for row in interface.probes.all()}
    heard = {plan: one for plan, row in rows.items() if (one := row.heard) is not None}
    if not heard:
        return None
    condition, _, flapping = combined({plan: row.standing for plan, row in rows.items()})
    return outages.Turned(interface, condition, now, merged(heard), flapping)


def _turn(turned: outages.Turned) -> Turn:
    key, at = turned.interface.pk, turned.since
    return Turn(key, turned.condition, at, turned.flapping, Recorded(key, Plan.FULL, at, turned.result))
