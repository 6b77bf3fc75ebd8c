"""Reads of watch, all scoped to the actor."""

from umlindi.watch.queries.checks import MORNINGS, CheckPage, ChecksPage, Line, check_page, checks, checks_page
from umlindi.watch.queries.outages import Open, OutagePage, open_outages, outage_page, outages_between
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
    "Open",
    "OutagePage",
    "check_page",
    "checks",
    "checks_page",
    "now_page",
    "open_outages",
    "outage_page",
    "outages_between",
    "present",
    "presents",
    "worst_first",
]
