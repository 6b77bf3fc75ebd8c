"""What else is known of a system when one of its interfaces fails: the newest results beside it and beneath it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from umlindi.diagnosis import explain
from umlindi.estate.models import Dependency, Interface, System
from umlindi.estate.rules.dependencies import closure
from umlindi.probes import ProbeResult
from umlindi.watch.models import Probe


def explained_in_context(bad: Sequence[tuple[Interface, ProbeResult]]) -> list[ProbeResult]:
    """Bad results with their causes ranked anew: an A700 is a full disk where the archive's host says so.

    In the order given, in two queries however many there are.
    """
    if not bad:
        return []
    beneath = _beneath([interface.system for interface, _ in bad])
    known = _known({system for around in beneath.values() for system in around})
    return [explain(result, _context(interface, beneath[interface.system_id], known)) for interface, result in bad]


def _beneath(systems: Sequence[System]) -> dict[int, list[int]]:
    """Each system with everything it stands on, all of its own organisation."""
    organisations = {system.site.organisation_id for system in systems}
    edges = Dependency.objects.filter(system__site__organisation__in=organisations)
    needs: defaultdict[int, list[int]] = defaultdict(list)
    for system, needed in edges.values_list("system_id", "needs_id"):
        needs[system].append(needed)
    return {key: [key, *closure(key, needs)] for key in {system.pk for system in systems}}


def _known(systems: set[int]) -> Mapping[int, Mapping[str, tuple[int, ProbeResult]]]:
    """By system, what every probe there heard last, with the interface it was asked of."""
    rows = Probe.objects.filter(interface__system__in=systems, interface__enabled=True).exclude(result={})
    found: defaultdict[int, dict[str, tuple[int, ProbeResult]]] = defaultdict(dict)
    for key, interface, system, result in rows.values_list("pk", "interface_id", "interface__system_id", "result"):
        found[system][str(key)] = interface, ProbeResult.from_json(result)
    return found


def _context(
    of: Interface, systems: Sequence[int], known: Mapping[int, Mapping[str, tuple[int, ProbeResult]]]
) -> dict[str, ProbeResult]:
    """By any key, what others than the interface itself said."""
    there = [heard for system in systems for heard in known.get(system, {}).items()]
    return {key: result for key, (interface, result) in there if interface != of.pk}
