"""What was promised."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.estate.models import System


class Objective(models.Model):
    """A promise about the systems of a contract, month by month. What was promised when is in its `Terms`."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="objectives")
    name = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["organisation__name", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "name"], condition=Q(ended_at=None), name="objective_name_is_unique"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("uptime:objective", args=[self.pk])


class Terms(models.Model):
    """What an objective asks from a month on, until later terms: a running month keeps those it began under (law 3).

    `since` is the first day of that month. `target` is in percent.
    """

    scope_path: ClassVar[str] = "objective__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Hours(models.TextChoices):
        ALWAYS = "always", "Day and night"
        SITE = "site", "While the site is open"

    class Counts(models.TextChoices):
        TOGETHER = "together", "Up while all of its systems are"
        MEAN = "mean", "The mean of its systems"

    objective = models.ForeignKey(Objective, on_delete=models.CASCADE, related_name="terms")
    since = models.DateField()
    target = models.DecimalField(max_digits=6, decimal_places=3, default=Decimal("99.9"))
    hours = models.CharField(max_length=10, choices=Hours.choices, default=Hours.ALWAYS)
    counts = models.CharField(max_length=10, choices=Counts.choices, default=Counts.TOGETHER)
    systems = models.ManyToManyField(System, related_name="+")

    class Meta:
        ordering: ClassVar = ["objective", "-since"]
        verbose_name_plural = "terms"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["objective", "since"], name="one_set_of_terms_from_a_month"),
            models.CheckConstraint(condition=Q(target__gt=0, target__lt=100), name="a_target_leaves_a_budget"),
        ]

    def __str__(self) -> str:
        return f"{self.objective}: {self.target.normalize():f} % from {self.since:%Y-%m}"

    @property
    def share(self) -> Fraction:
        """The target from 0 to 1, exactly."""
        return Fraction(self.target) / 100
