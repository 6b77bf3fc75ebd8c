"""What is asked of an interface how often: a quick look, the full ladder, and the canary's round trip."""

from __future__ import annotations

from enum import StrEnum


class Plan(StrEnum):
    """One part of an interface's ladder with an interval of its own."""

    QUICK = "quick"
    FULL = "full"
    CANARY = "canary"
