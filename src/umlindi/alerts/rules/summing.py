"""What an alert says of the outages it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from umlindi.alerts.rules.grouping import Scope
from umlindi.alerts.rules.severity import severity_of, worst
from umlindi.oncall.rules.severity import Severity

WORST_CONDITION = ("down", "unknown", "degraded")
OURS = "interface"
"""The kind of what our own probes saw and diagnosed."""
MOST_NAMED = 30
_STORM_CAUSE = {
    Scope.SITE: "They failed within two minutes of each other: probably the link to the site, or its power",
    Scope.ORGANISATION: "Most of its sites failed within two minutes: probably a network or uplink that they share",
    Scope.EVERYWHERE: "Sites of several organisations failed within two minutes: probably our own network or uplink",
}
_STORM_FIX = {
    Scope.SITE: "Ring the site: is there power, and does anything there reach the internet? Then the link's provider.",
    Scope.ORGANISATION: "Ring their network team: is the core or the way to their sites down?",
    Scope.EVERYWHERE: "Look at our own network first: from this server, does anything outside answer?",
}


@dataclass(frozen=True, slots=True)
class Part:
    """An open outage of an alert, as much of it as the alert needs. `name` is its system's, or what else it is of;
    `is_root`: it does not hang on another."""

    kind: str
    condition: str
    subject: str
    headline: str
    cause: str
    fix: str
    affected: Sequence[str]
    since: datetime
    detected: datetime
    flapping: bool
    late: bool
    name: str
    system_kind: str
    is_root: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """What the alert's card says. `since` is the first bad answer of the kind that it is named after, `kind`."""

    kind: str
    severity: Severity
    condition: str
    title: str
    cause: str
    fix: str
    affected: list[str]
    systems: int
    consequences: int
    since: datetime
    detected: datetime
    flapping: bool
    late: bool


def summary(scope: Scope, place: str, parts: Sequence[Part]) -> Summary:
    """Of at least one open part. `place` is the site's or the organisation's name, for a storm."""
    roots = [part for part in parts if part.is_root] or list(parts)
    main = min(roots, key=lambda part: leading(part.kind, part.condition, part.since))
    systems = len({part.name for part in roots})
    is_storm = scope is not Scope.ONE
    title = f"{systems} systems {_where(scope, place)} do not answer" if is_storm else _sentence(main)
    return Summary(
        kind=main.kind,
        severity=Severity.CRITICAL if is_storm else worst(_severity(part) for part in roots),
        condition=main.condition,
        title=title[:300],
        cause=_STORM_CAUSE[scope] if is_storm else main.cause,
        fix=_STORM_FIX[scope] if is_storm else main.fix,
        affected=sorted({part.name for part in roots})[:MOST_NAMED] if is_storm else list(main.affected)[:MOST_NAMED],
        systems=systems,
        consequences=len({part.name for part in parts if not part.is_root}),
        since=min(part.since for part in parts if part.kind == main.kind),
        detected=min(part.detected for part in parts),
        flapping=main.flapping,
        late=any(part.late for part in roots),
    )


def leading(kind: str, condition: str, since: datetime) -> tuple[int, bool, datetime]:
    """The lowest is what an alert is named after: the worst; among these what we diagnosed ourselves before what others
    say, however early they said it; then the oldest."""
    return WORST_CONDITION.index(condition), kind != OURS, since


def _sentence(part: Part) -> str:
    """A person knows the system; which of its interfaces it was is in the evidence."""
    return f"{part.name if part.kind == OURS else part.subject} {part.headline}"


def _severity(part: Part) -> Severity:
    return severity_of(part.kind, part.condition, part.system_kind, len(part.affected))


def _where(scope: Scope, place: str) -> str:
    return {Scope.SITE: f"at {place}", Scope.ORGANISATION: f"of {place}"}.get(scope, "everywhere")


def worsened(old: str, new: str) -> bool:
    """Whether a condition became worse: unknown is not better than degraded, for nobody can tell."""
    return WORST_CONDITION.index(new) < WORST_CONDITION.index(old)
