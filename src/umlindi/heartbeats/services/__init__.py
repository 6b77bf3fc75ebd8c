"""The verbs of heartbeats: take a ping, judge what is due, look after the house, take in what other watchers say."""

from umlindi.heartbeats.services.external import OPEN_AT_MOST, Flood, Taken, take_in
from umlindi.heartbeats.services.keeping import Given, NameTaken, add, change, pause, remove, resume, rotate
from umlindi.heartbeats.services.pinging import Report, ping
from umlindi.heartbeats.services.ticking import tick

__all__ = [
    "OPEN_AT_MOST",
    "Flood",
    "Given",
    "NameTaken",
    "Report",
    "Taken",
    "add",
    "change",
    "pause",
    "ping",
    "remove",
    "resume",
    "rotate",
    "take_in",
    "tick",
]
