"""Reads of watch, all scoped to the actor."""

from umlindi.watch.queries.checks import MORNINGS, CheckPage, ChecksPage, Line, check_page, checks, checks_page
from umlindi.watch.queries.due import Due, due_today
from umlindi.watch.queries.estate import Estate, EstateRow, estate_now
from umlindi.watch.queries.outages import Open, OutagePage, open_outages, outage_page, outages_between
from umlindi.watch.queries.present import Now, present, presents, worst_first

__all__ = [
    "MORNINGS",
    "CheckPage",
    "ChecksPage",
    "Due",
    "Estate",
    "EstateRow",
    "Line",
    "Now",
    "Open",
    "OutagePage",
    "check_page",
    "checks",
    "checks_page",
    "due_today",
    "estate_now",
    "open_outages",
    "outage_page",
    "outages_between",
    "present",
    "presents",
    "worst_first",
]
