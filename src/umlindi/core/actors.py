"""Who is acting, and what they may do where.

Every read takes an actor and every verb names one. An actor is a value: it holds its rights per organisation,
so that a rule can be asked without a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EVERYWHERE = 0
"""Stands for every organisation: the provider's own staff, and the house's own processes."""


class Forbidden(Exception):
    """The actor sees the row but may not do this to it. Doors answer 403."""

    def __init__(self, actor: Actor, right: str) -> None:
        super().__init__(f"{actor.name} lacks the right {right}")
        self.right = right


@dataclass(frozen=True, slots=True)
class Actor:
    """`rights` maps an organisation's id, or EVERYWHERE, to the rights held there."""

    name: str
    kind: str = "user"
    user_id: int | None = None
    token_id: int | None = None
    rights: Mapping[int, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def house(cls, process: str) -> Actor:
        """The house itself: the watch loop, a scheduled job, a command line on the server."""
        return cls(name=process, kind="house", rights={EVERYWHERE: frozenset({"*"})})

    def may(self, right: str, organisation_id: int | None = None) -> bool:
        """True where the right is held in that organisation, or, with None, in any."""
        if self._holds(EVERYWHERE, right):
            return True
        if organisation_id is None:
            return any(self._holds(held, right) for held in self.rights)
        return self._holds(organisation_id, right)

    def _holds(self, organisation_id: int, right: str) -> bool:
        held = self.rights.get(organisation_id, frozenset())
        return right in held or "*" in held

    def require(self, right: str, organisation_id: int | None = None) -> None:
        """Raise `Forbidden` where `may` says no."""
        if not self.may(right, organisation_id):
            raise Forbidden(self, right)

    def organisations(self, right: str) -> frozenset[int] | None:
        """The organisations where the right is held; None means every one."""
        if self._holds(EVERYWHERE, right):
            return None
        return frozenset(held for held in self.rights if self._holds(held, right))


NOBODY = Actor(name="nobody", kind="nobody")
