"""The audit trail: one row a change of state, chained, never changed (law 5); runs of periodic jobs; processes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class AuditEvent(models.Model):
    """Written only by `core.audit`. A trigger forbids UPDATE, DELETE and TRUNCATE to everybody the house knows."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "audit.view"

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor_kind = models.CharField(max_length=20)
    actor_name = models.CharField(max_length=200)
    user_id = models.BigIntegerField(null=True)
    token_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True, db_index=True)
    verb = models.CharField(max_length=80, db_index=True)
    object_kind = models.CharField(max_length=80)
    object_id = models.CharField(max_length=80)
    object_name = models.CharField(max_length=300)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["-seq"]
        indexes: ClassVar = [models.Index(fields=["object_kind", "object_id"])]

    def __str__(self) -> str:
        return f"{self.seq} {self.verb}"


class AuditHead(models.Model):
    """One row: the newest event's number and hash, so that a cut tail shows. Updated in the event's transaction."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="audit_head_is_one_row")]

    def __str__(self) -> str:
        return f"head at {self.seq}"


class ScheduledJob(models.Model):
    """A periodic job of ours, as `core.scheduled` declares it.

    `since` is when it was first seen, `seen_at` when somebody last looked whether it runs, and `awake_at` from when on
    somebody has looked without a break: what was due before has its grace from then.
    """

    name = models.CharField(max_length=100, primary_key=True)
    since = models.DateTimeField()
    awake_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class ScheduledRun(models.Model):
    """One run of a periodic job. One whose process died stays unfinished; `error` is the class of what it raised."""

    name = models.CharField(max_length=100)
    due = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    ok = models.BooleanField(default=False)
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at"]
        indexes: ClassVar = [models.Index(fields=["name", "-started_at"])]

    def __str__(self) -> str:
        return f"{self.name} of {self.due:%Y-%m-%d %H:%M}"


class Beat(models.Model):
    """A process of ours and when it was last heard. `ended_at` is set by one that ended in good order."""

    name = models.CharField(max_length=20)
    host = models.CharField(max_length=255)
    pid = models.BigIntegerField()
    version = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name", "-started_at"]
        indexes: ClassVar = [models.Index(fields=["name", "-at"])]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}, process {self.pid}"
