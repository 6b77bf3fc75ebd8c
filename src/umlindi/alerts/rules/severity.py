"""How loud an alert is: from what is wrong, with what, and how much hangs on it. `docs/alerts.md` shows the table."""

from __future__ import annotations

from collections.abc import Iterable

from umlindi.oncall.rules.severity import Severity

WORST_FIRST = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
CORE = frozenset({"pacs", "archive", "ris", "worklist", "broker", "database", "host", "link"})
MANY = 3

_CORE = {"down": Severity.CRITICAL, "degraded": Severity.MEDIUM, "unknown": Severity.MEDIUM}
_MODALITY = {"down": Severity.HIGH, "degraded": Severity.LOW, "unknown": Severity.LOW}
_OTHER = {"down": Severity.MEDIUM, "degraded": Severity.LOW, "unknown": Severity.LOW}
# What is not a probed interface. A backup that did not report wakes nobody; a spent error budget is not an emergency,
# and one that burns fast (down) is; when we fail ourselves, nothing else is seen.
_BY_KIND = {
    "heartbeat": {"down": Severity.MEDIUM, "degraded": Severity.LOW, "unknown": Severity.LOW},
    "external": {"down": Severity.HIGH, "degraded": Severity.MEDIUM, "unknown": Severity.LOW},
    "budget": {"down": Severity.HIGH, "degraded": Severity.LOW, "unknown": Severity.LOW},
    "house": {"down": Severity.HIGH, "degraded": Severity.MEDIUM, "unknown": Severity.MEDIUM},
}


def severity_of(kind: str, condition: str, system_kind: str, affected: int) -> Severity:
    """`kind` and `condition` of the outage; `affected` how many stand on its system or work with it.

    What is at the core of the service and has nobody on it is one step quieter; what is not, and has MANY, one louder.
    """
    if kind in _BY_KIND:
        return _BY_KIND[kind][condition]
    if system_kind in CORE:
        found = _CORE[condition]
        return found if affected else _quieter(found)
    found = (_MODALITY if system_kind == "modality" else _OTHER)[condition]
    return _louder(found) if affected >= MANY else found


def rank(severity: str) -> int:
    """By which severities are ordered: the loudest is 0."""
    return WORST_FIRST.index(Severity(severity))


def worst(severities: Iterable[str]) -> Severity:
    """The loudest; LOW where there is none."""
    return min((Severity(one) for one in severities), key=rank, default=Severity.LOW)


def is_worse(new: str, old: str) -> bool:
    return rank(new) < rank(old)


def _quieter(severity: Severity) -> Severity:
    return WORST_FIRST[min(rank(severity) + 1, len(WORST_FIRST) - 1)]


def _louder(severity: Severity) -> Severity:
    return WORST_FIRST[max(rank(severity) - 1, 0)]
