"""Public holidays, as rows that people may correct."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from umlindi.accounts.models import Organisation


class Holiday(models.Model):
    """A day off, for everybody where no organisation is named.

    Those `by_law` come from the `holidays` library a year at a time, observed Mondays included (Act 36 of 1994,
    s 2(1): of a holiday on a Sunday both days are holidays). The others were added here: proclaimed (s 2A), or own.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, blank=True, related_name="holidays"
    )
    day = models.DateField()
    name = models.CharField(max_length=100)
    by_law = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "day"], name="one_holiday_a_day", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.day}"
