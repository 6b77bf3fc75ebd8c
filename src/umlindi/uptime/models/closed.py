"""Months that are over, as they were judged."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from umlindi.accounts.models import Organisation


class ClosedMonth(models.Model):
    """An organisation's month, frozen with the policy it was judged by. A trigger forbids changing or removing it.

    `policy` holds windows, objectives' terms, opening hours and what stood on what; `rules` is the version of the
    arithmetic. `hash` is SHA-256 over the policy and every figure (`rules.closing.fingerprint`). A correction is a row
    of its own beside the one it `corrects`, with a reason; the newest counts, none goes.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="closed_months")
    month = models.DateField(help_text="Its first day")
    closed_at = models.DateTimeField()
    rules = models.PositiveSmallIntegerField()
    policy = models.JSONField()
    hash = models.CharField(max_length=64)
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="corrections")
    reason = models.TextField(blank=True)
    closed_by = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["-month", "-closed_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "month"], condition=Q(corrects=None), name="a_month_is_closed_once"
            ),
            models.CheckConstraint(condition=Q(corrects=None) | ~Q(reason=""), name="a_correction_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%B %Y}, {self.organisation}"

    def get_absolute_url(self) -> str:
        return reverse("uptime:month", args=[self.pk])


class ClosedFigure(models.Model):
    """One subject's figures in a closed month, with the intervals that made them.

    `subject` is the id of an interface, system, site, organisation or objective, `name` and `path` as they were.
    `figures` holds `own` and, of a group, `all_up` as `rules.availability.Availability.to_json()` gives them, an
    objective's terms, and from when to when an interface or system was `counted`; `intervals` all that was not simply
    up. `adjusted` is the share of up in percent, cut off.
    """

    scope_path: ClassVar[str] = "month__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Kind(models.TextChoices):
        ORGANISATION = "organisation", "Organisation"
        SITE = "site", "Site"
        SYSTEM = "system", "System"
        INTERFACE = "interface", "Interface"
        OBJECTIVE = "objective", "Objective"

    month = models.ForeignKey(ClosedMonth, on_delete=models.PROTECT, related_name="figures")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    subject = models.BigIntegerField()
    parent = models.BigIntegerField(null=True, help_text="The site of a system, the system of an interface")
    name = models.CharField(max_length=200)
    adjusted = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    verdict = models.CharField(max_length=10, blank=True)
    figures = models.JSONField()
    intervals = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["month", "kind", "name"]
        indexes: ClassVar = [models.Index(fields=["kind", "subject"])]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["month", "kind", "subject"], name="one_figure_per_subject_and_month")
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.month}"
