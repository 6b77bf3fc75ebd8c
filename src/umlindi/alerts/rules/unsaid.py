"""What a card says where an outage brings no cause, no next step or nobody who is affected, by the outage's kind.

Only what we probe has a ladder to read and can be probed again: of the rest we know what was told, or that nothing was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Whole sentences."""

    cause: str
    fix: str
    affected: str


PROBED = Unsaid(
    cause="Not recognised.",
    fix="Read the evidence: the first step that failed is where to look. Probe again after each change.",
    affected="Nothing else is known to stand on it.",
)
_BY_KIND: Mapping[str, Unsaid] = {
    "heartbeat": Unsaid(
        cause="Not known: a job reports here by itself, and Umlindi only hears whether it does.",
        fix="Read the job's own log where it runs. Its next good report ends this.",
        affected="Nobody so far: a report is missing, and what it reports on may work.",
    ),
    "external": Unsaid(
        cause="The watcher that reports it names none.",
        fix="Look in the watcher that reports it: Umlindi only passes on what it says, and ends when it says so.",
        affected="The watcher that reports it does not say.",
    ),
    "budget": Unsaid(
        cause="Its outages of late, taken together.",
        fix="See what its outages have in common: the objective's page lists every interval.",
        affected="Nobody now: what is used up is the time that it may be out.",
    ),
    "house": Unsaid(
        cause="Not known: the log of the process or job that is named has it.",
        fix="Read that log on Umlindi's own server.",
        affected="Nothing that is watched: it is Umlindi that does not work as it should.",
    ),
}


def unsaid(kind: str) -> Unsaid:
    """Of an outage's kind."""
    return _BY_KIND.get(kind, PROBED)
