"""What must report by itself, and what it reported."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.estate.models import System
from umlindi.heartbeats.rules.schedules import Schedule
from umlindi.heartbeats.rules.states import Heard, Signal, State

STATES = [(one.value, one.value.capitalize()) for one in State]
SIGNALS = [(one.value, one.value.capitalize()) for one in Signal]


class Heartbeat(models.Model):
    """A backup, a script, a scheduled task: who knows `secret` reports for it.

    The fields down to `paused` are people's; those after it are measured (`rules.states` says what they mean).
    `awaited_from` is its first start, or when it was resumed: from then on it must report, as from `starts`. `doubtful`
    says that it is down, but may have reported while we could not hear. `judge_at` is when time alone may change its
    state; null where only a ping can.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Worst(models.TextChoices):
        DOWN = "down", "Down"
        DEGRADED = "degraded", "Degraded"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="heartbeats")
    system = models.ForeignKey(System, on_delete=models.SET_NULL, null=True, blank=True, related_name="heartbeats")
    name = models.CharField(max_length=100)
    secret = models.UUIDField(default=uuid4, unique=True, editable=False)
    period = models.DurationField(null=True, blank=True)
    cron = models.CharField(max_length=100, blank=True)
    timezone = models.CharField(max_length=60, default="Africa/Johannesburg")
    grace = models.DurationField(default=timedelta(hours=1))
    starts = models.DateTimeField(null=True, blank=True)
    condition = models.CharField(max_length=10, choices=Worst.choices, default=Worst.DOWN)
    next_step = models.TextField(blank=True, max_length=1000)
    paused = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=STATES, default=State.NEW)
    awaited_from = models.DateTimeField(null=True)
    good_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    exit_code = models.BigIntegerField(null=True)
    started_at = models.DateTimeField(null=True)
    pinged_at = models.DateTimeField(null=True)
    pings = models.PositiveBigIntegerField(default=0)
    doubtful = models.BooleanField(default=False)
    expected_at = models.DateTimeField(null=True)
    judge_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        ordering: ClassVar = ["organisation__name", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "name"], name="heartbeat_name_is_unique_in_organisation"),
            models.CheckConstraint(
                condition=Q(period=None) ^ Q(cron=""), name="a_heartbeat_has_a_period_or_a_cron_text"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("heartbeats:one", args=[self.pk])

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.grace, self.period, self.cron, self.timezone)

    @property
    def heard(self) -> Heard:
        starts = max((at for at in (self.starts, self.awaited_from) if at), default=None)
        return Heard(self.paused, starts, self.good_at, self.failed_at, self.started_at, self.exit_code)

    @property
    def key(self) -> str:
        """Of its outages."""
        return f"heartbeat:{self.pk}"

    @property
    def subject(self) -> str:
        """Of the sentence that tells its fault."""
        return f"{self.name} of {self.system}" if self.system else self.name


class Ping(models.Model):
    """One report: the newest hundred of each heartbeat. `number` counts on. `runtime` is from start to success or
    failure, `exit_code` up to 32 bits on Windows, `body` what the program said, without what looks like a patient."""

    scope_path: ClassVar[str] = "heartbeat__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    heartbeat = models.ForeignKey(Heartbeat, on_delete=models.CASCADE, related_name="reports")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    signal = models.CharField(max_length=10, choices=SIGNALS)
    exit_code = models.BigIntegerField(null=True)
    runtime = models.DurationField(null=True)
    source = models.GenericIPAddressField(null=True)
    body = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["heartbeat", "number"], name="pings_are_counted")]

    def __str__(self) -> str:
        return f"{self.heartbeat} {self.signal} at {self.at:%Y-%m-%d %H:%M}"


class Outgoing(models.Model):
    """One row: when the outside watcher was last told that all is well, and why not since."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    tried_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="outgoing_is_one_row")]

    def __str__(self) -> str:
        return f"tried at {self.tried_at:%Y-%m-%d %H:%M}"
