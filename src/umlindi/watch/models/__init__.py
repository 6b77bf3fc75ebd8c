"""Probes and how they stand, spells, outages, the signed morning check, and the processes that watch."""

from umlindi.watch.models.checks import Check, CheckLine
from umlindi.watch.models.outages import Outage
from umlindi.watch.models.probes import Probe
from umlindi.watch.models.spells import Spell
from umlindi.watch.models.watchers import Watcher

__all__ = ["Check", "CheckLine", "Outage", "Probe", "Spell", "Watcher"]
