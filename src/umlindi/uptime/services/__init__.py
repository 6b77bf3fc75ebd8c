"""The verbs of uptime."""

from umlindi.uptime.services.closing import NotOver, close_month, close_months, correct
from umlindi.uptime.services.windows import History, Invalid, Wanted, cancel, change, end, keep_up, plan

__all__ = [
    "History",
    "Invalid",
    "NotOver",
    "Wanted",
    "cancel",
    "change",
    "close_month",
    "close_months",
    "correct",
    "end",
    "keep_up",
    "plan",
]
