"""What the pager could not take up, so that it never stops for it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from umlindi.watch.models import Outage


class Setback(models.Model):
    """An outage that broke the pager's own code: left aside until `again_at`, and raised as an outage of the house."""

    scope_path: ClassVar[str] = "outage__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    outage = models.OneToOneField(Outage, on_delete=models.CASCADE, related_name="setback")
    tries = models.PositiveSmallIntegerField(default=1)
    again_at = models.DateTimeField()
    error = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"outage {self.outage_id}: {self.error}"
