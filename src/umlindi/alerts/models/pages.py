"""The outbox of pages: one message to one person by one channel, and every attempt to deliver it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from umlindi.accounts.models import User
from umlindi.alerts.models.alerts import SEVERITIES, Alert
from umlindi.oncall.models import Channel


class Page(models.Model):
    """One message. `key` is its identity for ever: a second row with it cannot be, and each attempt carries it.

    `alert` is null for a digest, which is of many. `due_at` is the next attempt, `armed_at` when that was set.
    `claimed_until` is how long the process that holds it may take; after it, whether the message went out is unknown
    and it is sent again under the same key. `subject` and `text` are written at the first attempt and stay.
    """

    scope_path: ClassVar[str] = "alert__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Kind(models.TextChoices):
        PAGE = "page", "Page"
        RECOVERED = "recovered", "Recovered"
        MERGED = "merged", "Went into another alert"
        LINE = "line", "Line of a digest"
        DIGEST = "digest", "Digest"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Not delivered"
        CANCELLED = "cancelled", "No longer needed"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, related_name="pages")
    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    cycle = models.PositiveIntegerField(default=0)
    step = models.PositiveSmallIntegerField(default=0)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="pages")
    channel = models.ForeignKey(Channel, on_delete=models.SET_NULL, null=True, related_name="+")
    to = models.CharField(max_length=200, help_text="The person's or the channel's name at that time")
    severity = models.CharField(max_length=10, choices=SEVERITIES)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    made_at = models.DateTimeField()
    armed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True, help_text="The end of the person's quiet hours")
    claimed_at = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=100, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    late = models.BooleanField(default=False)
    subject = models.CharField(max_length=300, blank=True)
    text = models.TextField(blank=True)
    delivered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it failed or is no longer needed")
    bundle = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="lines")

    class Meta:
        ordering: ClassVar = ["made_at", "id"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="pages_to_deliver"),
            models.Index(fields=["alert", "cycle", "step"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.to}"


class Attempt(models.Model):
    """One try to deliver a page, written before it is made: `outcome` empty is one that is under way, or whose process
    died (then the next try calls it lost: it may have gone out)."""

    scope_path: ClassVar[str] = "page__alert__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", "Delivered"
        RETRIABLE = "retriable", "Failed, tried again"
        PERMANENT = "permanent", "Failed for good"
        LOST = "lost", "Unknown: the process died"

    page = models.ForeignKey(Page, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    began_at = models.DateTimeField()
    ms = models.FloatField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    code = models.CharField(max_length=100, blank=True)
    meaning = models.CharField(max_length=300, blank=True)
    receipt = models.CharField(max_length=300, blank=True)
    process = models.CharField(max_length=100)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["page", "number"], name="attempts_are_numbered")]

    def __str__(self) -> str:
        return f"{self.page}, attempt {self.number}: {self.outcome or 'under way'}"
