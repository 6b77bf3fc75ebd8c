"""Agreed maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.estate.models import Site, System
from umlindi.uptime.rules import windows as rules


class Window(models.Model):
    """A time in which work on systems is agreed: nobody is paged, measuring goes on, and both figures are shown.

    It covers the named `systems`, every system at the named `sites`, and all that stands on one of them. `covered` has
    their ids as they were when the window closed; until then they are looked up. `starts` is included, `ends` is not;
    `ends` moves when the window is changed or ends early on recovery. `zone` is the one its times were agreed in.
    Windows may overlap: time counts once. A trigger forbids changing a closed or cancelled one.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class State(models.TextChoices):
        PLANNED = "planned", "Planned"
        ACTIVE = "active", "Active"
        CLOSED = "closed", "Closed"
        CANCELLED = "cancelled", "Cancelled"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="windows")
    title = models.CharField(max_length=200)
    reason = models.TextField()
    agreed_by = models.CharField(max_length=200)
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    zone = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PLANNED)
    systems = models.ManyToManyField(System, related_name="windows", blank=True)
    sites = models.ManyToManyField(Site, related_name="windows", blank=True)
    covered = ArrayField(models.BigIntegerField(), default=list)
    ends_on_recovery = models.BooleanField(default=False)
    recovery_grace = models.DurationField(default=timedelta(minutes=15))
    series = models.UUIDField(null=True, db_index=True)
    created_by = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["starts", "id"]
        indexes: ClassVar = [models.Index(fields=["ends"]), models.Index(fields=["organisation", "starts"])]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="a_window_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("uptime:window", args=[self.pk])

    @property
    def is_history(self) -> bool:
        """Nothing of it changes any more."""
        return self.state in {self.State.CLOSED, self.State.CANCELLED}

    def state_at(self, now: datetime) -> rules.State:
        """How it stands by the clock, whether or not the job that notes it has run."""
        return rules.state_at(rules.State(self.state), self.starts, self.ends, now)
