"""What is asked of an interface, when next, and how its answers stand."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from umlindi.estate.models import Interface
from umlindi.estate.rules.interfaces import DEADLINE_S, INTERVAL_S
from umlindi.probes import ProbeResult
from umlindi.watch.models.spells import CONDITIONS
from umlindi.watch.rules.conditions import Condition
from umlindi.watch.rules.merging import Heard
from umlindi.watch.rules.plans import Plan
from umlindi.watch.rules.standing import Standing

PLANS = [(one.value, one.value.capitalize()) for one in Plan]


class Probe(models.Model):
    """One plan of one interface. Written in bulk by the watch loop; `rules.standing` says what the fields mean.

    `condition` is the confirmed one, `since` when its first answer came. `turning` is what newer answers say against
    it, `turning_count` how many in a row, `turning_since` when the first of them came. `recent` holds the newest
    answers as bits, the newest lowest, 1 where it was not up; `recent_count` how many it holds. `evidence` is the step
    and code that failed first in the newest answer, empty where none did. `interval_s` is how often it is asked,
    `deadline_s` how long one answer may take.
    """

    scope_path: ClassVar[str] = "interface__system__site__organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    interface = models.ForeignKey(Interface, on_delete=models.CASCADE, related_name="probes")
    plan = models.CharField(max_length=10, choices=PLANS)
    interval_s = models.FloatField(default=INTERVAL_S)
    deadline_s = models.FloatField(default=DEADLINE_S)
    due_at = models.DateTimeField(db_index=True)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=100, blank=True)
    probed_at = models.DateTimeField(null=True)
    ms = models.FloatField(null=True)
    condition = models.CharField(max_length=10, choices=CONDITIONS, default=Condition.UNKNOWN)
    since = models.DateTimeField(null=True)
    turning = models.CharField(max_length=10, choices=CONDITIONS, blank=True)
    turning_since = models.DateTimeField(null=True)
    turning_count = models.PositiveSmallIntegerField(default=0)
    recent = models.BigIntegerField(default=0)
    recent_count = models.PositiveSmallIntegerField(default=0)
    flapping = models.BooleanField(default=False)
    evidence = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["interface", "plan"], name="one_probe_per_plan")]

    def __str__(self) -> str:
        return f"{self.interface} {self.plan}"

    @property
    def standing(self) -> Standing:
        return Standing(
            Condition(self.condition),
            self.since,
            Condition(self.turning) if self.turning else None,
            self.turning_since,
            self.turning_count,
            self.recent,
            self.recent_count,
            self.flapping,
            self.probed_at,
        )

    @property
    def heard(self) -> Heard | None:
        """Its newest answer, None where there is none."""
        return Heard(ProbeResult.from_json(self.result), self.probed_at) if self.probed_at and self.result else None
