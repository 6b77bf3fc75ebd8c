"""Intervals in which something did not work."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.estate.models import Interface, Site, System


class Outage(models.Model):
    """An interval of not working, whoever saw it; `until` null is the present. Never deleted, closed ones never judged
    anew.

    `key` says what does not work: "interface:12", "heartbeat:5", "external:<fingerprint>", "house:worker",
    "budget:3:fast"; one outage of a key is open at a time. `subject` and `headline` make a sentence, of the worst it
    came to; `condition` is that worst: down, degraded or unknown. `since` is when the first bad answer came,
    `detected_at` when we were sure (the A1 clock starts there), `closed_at` when we were sure that it was over. `first`
    and `last` are the evidence, as a probe result's JSON where a probe saw it. `because` is the outage this one is a
    mere consequence of. `ended` says why it ended where it did not mend: nobody asks any more. `late` says that we
    could not tell in time (the database was away). `heard` is for who subscribes: false from each change that a person
    might have to know until `alerts` has taken it up.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Kind(models.TextChoices):
        INTERFACE = "interface", "Interface"
        HEARTBEAT = "heartbeat", "Heartbeat"
        EXTERNAL = "external", "Reported by another watcher"
        BUDGET = "budget", "Error budget"
        HOUSE = "house", "Umlindi itself"

    class Worst(models.TextChoices):
        DOWN = "down", "Down"
        DEGRADED = "degraded", "Degraded"
        UNKNOWN = "unknown", "Unknown"

    key = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="outages")
    site = models.ForeignKey(Site, on_delete=models.SET_NULL, null=True, related_name="outages")
    system = models.ForeignKey(System, on_delete=models.SET_NULL, null=True, related_name="outages")
    interface = models.ForeignKey(Interface, on_delete=models.SET_NULL, null=True, related_name="outages")
    subject = models.CharField(max_length=300)
    headline = models.CharField(max_length=300)
    condition = models.CharField(max_length=10, choices=Worst.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    detected_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    cause_rule = models.CharField(max_length=100, blank=True)
    cause = models.CharField(max_length=300, blank=True)
    fix = models.TextField(blank=True)
    first = models.JSONField(default=dict)
    last = models.JSONField(default=dict)
    affected = models.JSONField(default=list)
    because = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="consequences")
    flapping = models.BooleanField(default=False)
    ended = models.CharField(max_length=200, blank=True)
    late = models.BooleanField(default=False)
    heard = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["-since"]
        indexes: ClassVar = [
            models.Index(fields=["heard"], condition=Q(heard=False), name="outages_not_heard_of"),
            models.Index(fields=["organisation", "-since"]),
            models.Index(fields=["system", "-since"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=Q(until=None), name="one_open_outage_per_key"),
            ExclusionConstraint(
                name="outages_of_a_key_never_overlap",
                expressions=[
                    ("key", RangeOperators.EQUAL),
                    (
                        Func(F("since"), F("until"), function="tstzrange", output_field=DateTimeRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.headline}"

    def get_absolute_url(self) -> str:
        return reverse("watch:outage", args=[self.pk])
