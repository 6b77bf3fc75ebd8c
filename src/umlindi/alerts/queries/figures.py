"""A1: were alerts acknowledged within fifteen minutes of detection?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.accounts.models import Organisation
from umlindi.alerts.models import Alert
from umlindi.alerts.queries.cards import verdict_of
from umlindi.alerts.rules.clock import ANSWER_WITHIN, Verdict
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.oncall.rules.severity import Severity

COUNTED = (Severity.CRITICAL, Severity.HIGH)
"""A1 speaks of critical issues: what wakes a person at any hour. The others may wait for quiet hours or a digest."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The clocks of the alerts detected in a period, with the alerts that made each figure."""

    alerts: Mapping[Verdict, Sequence[Alert]]

    def count(self, verdict: Verdict) -> int:
        return len(self.alerts[verdict])

    @property
    def judged(self) -> int:
        """Those that count against the target: muted, merged, unknown ones, those over by themselves and those still
        running do not."""
        return self.count(Verdict.MET) + self.count(Verdict.MISSED)

    @property
    def share(self) -> float | None:
        """Met of judged; None where there is nothing to judge."""
        return self.count(Verdict.MET) / self.judged if self.judged else None

    @property
    def slowest(self) -> timedelta | None:
        """The longest time from detection, or the end of the window it was found in, to an answer."""
        answered = [*self.alerts[Verdict.MET], *self.alerts[Verdict.MISSED]]
        began = ((alert, alert.answer_due_at - ANSWER_WITHIN) for alert in answered)
        taken = [alert.answered_at - since for alert, since in began if alert.answered_at]
        return max(taken, default=None)


def answer_figures(
    actor: Actor, start: datetime, end: datetime, now: datetime, *, organisation: Organisation | None = None
) -> Figures:
    """Of the visible alerts that are COUNTED, detected in [start, end). What was decided stays as it was decided."""
    rows = visible(actor, Alert).filter(detected_at__gte=start, detected_at__lt=end, severity__in=COUNTED)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    found: dict[Verdict, list[Alert]] = {each: [] for each in Verdict}
    for alert in rows.select_related("organisation", "site", "system").order_by("detected_at"):
        found[verdict_of(alert, now)].append(alert)
    return Figures(found)
