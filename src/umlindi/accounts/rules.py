"""Which role holds which right, who may manage whom, and when a session is over. Pure; `docs/accounts.md` shows it
as tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from umlindi.core.actors import EVERYWHERE, Actor


class Role(StrEnum):
    """What a person is, in one organisation or in all of them."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    CLIENT = "client"


_SEE = frozenset({"estate.view", "check.view", "alert.view"})
_OPERATE = _SEE | {
    "check.run",
    "check.sign",
    "probe.run",
    "demo.break",
    "alert.answer",
    "alert.send",
    "oncall.view",
    "window.edit",
}
_ADMINISTER = _OPERATE | {"estate.edit", "people.view", "people.edit", "audit.view", "oncall.edit", "watch.edit"}

RIGHTS: dict[Role, frozenset[str]] = {
    Role.CLIENT: _SEE,
    Role.VIEWER: _SEE,
    Role.AUDITOR: _SEE | {"audit.view", "people.view"},
    Role.OPERATOR: _OPERATE,
    Role.ADMINISTRATOR: _ADMINISTER,
}

ALL_RIGHTS = frozenset().union(*RIGHTS.values())

RIGHT_WORDS = {
    "estate.view": "see sites, systems and their condition",
    "check.view": "read morning checks",
    "check.run": "start a morning check",
    "check.sign": "sign a morning check",
    "probe.run": "probe a system now",
    "demo.break": "break and mend the lab",
    "alert.view": "see alerts, outages and uptime",
    "alert.answer": "acknowledge, snooze and close alerts",
    "alert.send": "send alerts and heartbeats of other programs",
    "oncall.view": "see who is on call and how to reach them",
    "window.edit": "agree maintenance windows",
    "audit.view": "read the audit trail",
    "people.view": "see people and their roles",
    "estate.edit": "change sites, systems and interfaces",
    "people.edit": "add people, give roles, end access",
    "oncall.edit": "change rotas, escalation and paging",
    "watch.edit": "change objectives, heartbeats and status pages",
}

IN_PERSON = frozenset({"check.sign"})
"""No program has these for its owner."""
SIGNS_NOTHING = "A token signs nothing: a person does."

IDLE_LIMIT = timedelta(minutes=60)
SESSION_LIMIT = timedelta(hours=12)
LONGEST_TOKEN = timedelta(days=366)


def rights_of(roles: frozenset[Role]) -> frozenset[str]:
    """Everything these roles may do together."""
    return frozenset().union(*(RIGHTS[role] for role in roles))


def may_grant(actor: Actor, role: Role, where: int) -> bool:
    """Nobody gives what they do not hold there themselves. `where` is an organisation's id or EVERYWHERE."""
    return actor.may("people.edit", where) and all(actor.may(right, where) for right in RIGHTS[role])


def may_manage(actor: Actor, held: Mapping[int, frozenset[str]]) -> bool:
    """Whether the actor may change, deactivate or reset a person who holds these rights.

    Only with people.edit and at least the person's own rights in every organisation they belong to: whoever can set
    a person's password can become that person.
    """
    if not held:
        return actor.may("people.edit", EVERYWHERE)
    return all(
        actor.may("people.edit", where) and all(actor.may(right, where) for right in rights)
        for where, rights in held.items()
    )


def session_over(now: datetime, started: datetime, seen: datetime) -> bool:
    """Idle for an hour, or twelve hours old: a shift's end. Clocks set back end nothing."""
    return now - seen > IDLE_LIMIT or now - started > SESSION_LIMIT
