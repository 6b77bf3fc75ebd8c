"""What else is known of a system when one of its interfaces fails: the newest results beside it and beneath it."""

from __future__ import annotations

from collections.abc import Mapping

from umlindi.core.actors import Actor
from umlindi.diagnosis import explain
from umlindi.estate.models import Interface
from umlindi.estate.queries import standing_on
from umlindi.probes import Grade, ProbeResult
from umlindi.watch.models import Spell

HOUSE = Actor.house("watch")


def explained_in_context(interface: Interface, result: ProbeResult) -> ProbeResult:
    """A bad result with its causes ranked anew: an A700 is a full disk where the archive's host says so.

    A good result is given back as it is, without a query.
    """
    return result if result.grade is Grade.OK else explain(result, _context(interface))


def _context(interface: Interface) -> Mapping[str, ProbeResult]:
    beneath = standing_on(HOUSE, interface.system)
    spells = Spell.objects.filter(interface__system__in=[interface.system, *beneath], until=None)
    told = spells.exclude(interface=interface).exclude(result={}).values_list("interface_id", "result")
    return {str(key): ProbeResult.from_json(result) for key, result in told}
