"""Reads: who is on call, when nobody is, and how a person is reached."""

from umlindi.oncall.queries.own import own_shifts, person_behind
from umlindi.oncall.queries.pages import on_call_now
from umlindi.oncall.queries.plans import gaps, on_call, plan_of, roster_of
from umlindi.oncall.queries.ways import Way, team_ways, ways

__all__ = [
    "Way",
    "gaps",
    "on_call",
    "on_call_now",
    "own_shifts",
    "person_behind",
    "plan_of",
    "roster_of",
    "team_ways",
    "ways",
]
