"""Reads of watch, all scoped to the actor."""

from umlindi.watch.queries.checks import MORNINGS, CheckPage, ChecksPage, Line, check_page, checks, checks_page
from umlindi.watch.queries.present import (
    Due,
    EstateRow,
    FaultCard,
    Now,
    NowPage,
    now_page,
    present,
    presents,
    worst_first,
)
from umlindi.watch.queries.troubles import Trouble, troubles

__all__ = [
    "MORNINGS",
    "CheckPage",
    "ChecksPage",
    "Due",
    "EstateRow",
    "FaultCard",
    "Line",
    "Now",
    "NowPage",
    "Trouble",
    "check_page",
    "checks",
    "checks_page",
    "now_page",
    "present",
    "presents",
    "troubles",
    "worst_first",
]
