"""Probes and how they stand, spells, outages, and the signed morning check."""

from umlindi.watch.models.checks import Check, CheckLine
from umlindi.watch.models.outages import Outage
from umlindi.watch.models.probes import Probe
from umlindi.watch.models.spells import Spell

__all__ = ["Check", "CheckLine", "Outage", "Probe", "Spell"]
