"""Verbs of the store of readings."""

from umlindi.readings.rules.answers import Reading
from umlindi.readings.services.appending import append
from umlindi.readings.services.partitions import drop_old, keep_partitions
from umlindi.readings.services.rolling import roll_up

__all__ = ["Reading", "append", "drop_old", "keep_partitions", "roll_up"]
