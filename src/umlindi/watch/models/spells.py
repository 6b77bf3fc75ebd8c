"""What is known of every interface, now and before."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from umlindi.estate.models import Interface
from umlindi.watch.rules.conditions import Condition

CONDITIONS = [(one.value, one.value.capitalize()) for one in Condition]


class Spell(models.Model):
    """An unbroken time in one condition, dated back to the first answer of it. The open one (`until` null) lasts.

    It is written where a condition turns, not with every answer: how long an open one is confirmed is what the
    interface's probes say (`History` knows). `result` is what made it so or the newest other evidence of it, as a probe
    result's JSON; `probed_at` says when that came.
    """

    scope_path: ClassVar[str] = "interface__system__site__organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    interface = models.ForeignKey(Interface, on_delete=models.CASCADE, related_name="spells")
    condition = models.CharField(max_length=10, choices=CONDITIONS)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    probed_at = models.DateTimeField()
    result = models.JSONField(default=dict)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["interface", "-since"])]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["interface"], condition=Q(until=None), name="one_present_per_interface"),
            ExclusionConstraint(
                name="spells_of_an_interface_never_overlap",
                expressions=[
                    ("interface", RangeOperators.EQUAL),
                    (
                        Func(F("since"), F("until"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.interface} {self.condition} since {self.since:%Y-%m-%d %H:%M}"
