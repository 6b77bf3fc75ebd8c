"""Answers of a look that somebody asked for: a check, a test. They count like any others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from umlindi.estate.models import Interface
from umlindi.probes import ProbeResult
from umlindi.watch.rules.plans import Plan
from umlindi.watch.runner import Answer
from umlindi.watch.services.recording import record
from umlindi.watch.services.standings import Recorded
from umlindi.watch.services.turns import give_probes


def observe_all(answers: Sequence[tuple[Interface, Answer]]) -> None:
    """Record the answers of some interfaces, at most one of each."""
    if not answers:
        return
    now = max(answer.began for _, answer in answers)
    give_probes([interface for interface, _ in answers], now)
    record([Recorded(part.key, part.plan, part.began, part.result) for _, one in answers for part in one.parts], now)


def observe(interface: Interface, result: ProbeResult, at: datetime) -> None:
    """Record one answer to the full ladder of an interface.

    No audit event: an answer is a measurement, and rows are its record. What people decide upon it is audited.
    """
    observe_all([(interface, Answer(interface.pk, at, result, Plan.FULL))])
