"""Which role holds which right. Pure data and one lookup; `docs/accounts.md` shows it as a table."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is, in one organisation or in all of them."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    CLIENT = "client"


_SEE = frozenset({"estate.view", "check.view"})
_OPERATE = _SEE | {"check.run", "check.sign", "probe.run", "demo.break"}

RIGHTS: dict[Role, frozenset[str]] = {
    Role.CLIENT: _SEE,
    Role.VIEWER: _SEE,
    Role.AUDITOR: _SEE | {"audit.view", "people.view"},
    Role.OPERATOR: _OPERATE,
    Role.ADMINISTRATOR: _OPERATE | {"estate.edit", "people.view", "people.edit", "audit.view"},
}

ALL_RIGHTS = frozenset().union(*RIGHTS.values())


def rights_of(roles: frozenset[Role]) -> frozenset[str]:
    """Everything these roles may do together."""
    return frozenset().union(*(RIGHTS[role] for role in roles))
