"""What the fault lab shows, and to whom: faults of systems of the organisations where the actor may break things."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.demo import lab
from umlindi.demo.faults import FAULTS, Fault
from umlindi.demo.lab import LabState
from umlindi.demo.peers.phones import Rung, phones_file, read
from umlindi.probes import Layer

BREAK = "demo.break"
SHOWN = 8
_NAMES = {Layer.TLS: "TLS", Layer.DIMSE: "DIMSE"}
_HEIGHTS = {layer.value: height for height, layer in enumerate(Layer)}


@dataclass(frozen=True, slots=True)
class Row:
    """A fault of the lab. `where` and `since` are set while it is in force; `choices` are the systems it can break."""

    fault: Fault
    choices: tuple[str, ...]
    where: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LabPage:
    """`broken` are in force, latest first; `groups` hold the others by layer, lowest first; `rung` is what the phones
    of the people on call were sent last, the newest first."""

    alive: bool
    broken: tuple[Row, ...]
    groups: tuple[tuple[str, tuple[Row, ...]], ...]
    stand_ins: tuple[str, ...]
    rung: tuple[Rung, ...]


def reachable(actor: Actor, fault: Fault) -> tuple[str, ...]:
    """The systems of a fault that are this actor's to break. None: for them there is no such fault."""
    held = actor.organisations(BREAK)
    if held is None:
        return fault.systems
    slugs = set(Organisation.objects.filter(pk__in=held).values_list("slug", flat=True))
    return tuple(system for system in fault.systems if system.partition("/")[0] in slugs)


def lab_page(actor: Actor, home: Path) -> LabPage:
    """The whole page."""
    state = lab.state(home)
    rows = [Row(fault, choices) for fault in FAULTS if (choices := reachable(actor, fault))]
    broken = _broken(rows, state)
    named = {row.fault.slug for row in broken}
    whole = sorted((row for row in rows if row.fault.slug not in named), key=lambda row: _HEIGHTS[row.fault.layer])
    layers = groupby(whole, key=lambda row: Layer(row.fault.layer))
    groups = tuple((_NAMES.get(layer, layer.value.capitalize()), tuple(group)) for layer, group in layers)
    stand_ins = tuple(peer.name for peer in state.peers if peer.name.startswith("stand-in"))
    return LabPage(state.alive, broken, groups, stand_ins, _rung(actor, home))


def _rung(actor: Actor, home: Path) -> tuple[Rung, ...]:
    """Pages tell of every organisation, so only who may break things in all of them reads them here."""
    everywhere = actor.organisations(BREAK) is None
    return tuple(read(phones_file(home / "demo"))[:SHOWN]) if everywhere else ()


def _broken(rows: list[Row], state: LabState) -> tuple[Row, ...]:
    by_slug = {row.fault.slug: row for row in rows}
    return tuple(
        Row(by_slug[slug].fault, by_slug[slug].choices, where, since)
        for (slug, where), since in sorted(state.in_force.items(), key=lambda entry: entry[1], reverse=True)
        if slug in by_slug and where in by_slug[slug].choices
    )
