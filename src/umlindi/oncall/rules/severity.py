"""How much a page matters to the person who gets it."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """Worst first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def waits(self) -> bool:
        """Whether quiet hours hold it back. Critical and high never wait."""
        return self in {Severity.MEDIUM, Severity.LOW}
