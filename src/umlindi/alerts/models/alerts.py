"""What a person must know, which outages it is made of, and what became of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from umlindi.accounts.models import Organisation, User
from umlindi.estate.models import Site, System
from umlindi.oncall.rules.severity import Severity
from umlindi.watch.models import Outage

SEVERITIES = [(one.value, one.value.capitalize()) for one in Severity]


class Alert(models.Model):
    """One cause that a person must know of. One of a key is open at a time; a new outage after recovery is a new row.

    `key` is the cause: "system:12", "site:4", "organisation:2", "everywhere", or an outage's own key where no system
    is behind it. `since` is the first bad answer, `detected_at` the moment the first outage was sure (the A1 clock
    runs from it to `answered_at`, the first time a person acknowledged, snoozed or closed it; where a window ended
    before anybody answered, from that end on: then `muted_at` is null again, and `answer_due_at` later). `clock` is
    A1's verdict, written once. `policy` is the escalation of each severity as it was when the alert opened, and later
    edits do not touch it. `due_at` is the pager's next step with this alert, null where nothing is to come;
    `armed_at` is when that was set, so that a clock set back is noticed. `cycle` counts the runs through the policy,
    `repeat` those since it last began anew, `step` is the next one in the run. `systems` and `consequences` count
    what is broken by itself and what only hangs on it.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        FIRING = "firing", "Firing"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        RESOLVED = "resolved", "Resolved"

    class Breadth(models.TextChoices):
        ONE = "one", "One cause"
        SITE = "site", "A whole site"
        ORGANISATION = "organisation", "A whole organisation"
        EVERYWHERE = "everywhere", "Everywhere at once"

    class Ending(models.TextChoices):
        RECOVERED = "recovered", "Recovered"
        MERGED = "merged", "Went into another alert"

    class Clock(models.TextChoices):
        MET = "met", "Acknowledged in time"
        MISSED = "missed", "Not acknowledged in time"
        RECOVERED = "recovered", "Over by itself before the time was up"
        MUTED = "muted", "In an agreed window"
        MERGED = "merged", "Part of another alert"
        UNKNOWN = "unknown", "The times contradict each other"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="alerts")
    site = models.ForeignKey(Site, on_delete=models.SET_NULL, null=True, related_name="alerts")
    system = models.ForeignKey(System, on_delete=models.SET_NULL, null=True, related_name="alerts")
    key = models.CharField(max_length=200)
    breadth = models.CharField(max_length=12, choices=Breadth.choices, default=Breadth.ONE)
    severity = models.CharField(max_length=10, choices=SEVERITIES)
    condition = models.CharField(max_length=10, choices=Outage.Worst.choices)
    title = models.CharField(max_length=300)
    cause = models.CharField(max_length=300, blank=True)
    fix = models.TextField(blank=True)
    affected = models.JSONField(default=list)
    systems = models.PositiveIntegerField(default=1)
    consequences = models.PositiveIntegerField(default=0)

    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    flapping = models.BooleanField(default=False)
    late = models.BooleanField(default=False)
    muted = models.BooleanField(default=False)
    muted_by = models.CharField(max_length=300, blank=True, help_text="The agreed window's title")
    muted_at = models.DateTimeField(null=True, help_text="When it was first muted")

    since = models.DateTimeField()
    detected_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=10, choices=Ending.choices, blank=True)
    over_because = models.CharField(max_length=200, blank=True, help_text="Why it is over, where it did not mend")
    merged_into = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="merged")

    answer_due_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=200, blank=True)
    clock = models.CharField(max_length=10, choices=Clock.choices, blank=True)

    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_until = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_name = models.CharField(max_length=200, blank=True)
    acknowledged_reason = models.TextField(blank=True)

    snoozed_until = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="Silent until recovery, by a person's decision")
    quiet_name = models.CharField(max_length=200, blank=True, help_text="Who snoozed or closed it")
    quiet_reason = models.TextField(blank=True)

    policy = models.JSONField(default=dict)
    cycle = models.PositiveIntegerField(default=0)
    repeat = models.PositiveSmallIntegerField(default=0)
    cycle_began_at = models.DateTimeField(null=True)
    step = models.PositiveSmallIntegerField(default=0)
    armed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    nobody_reached = models.BooleanField(default=False)
    nobody_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-detected_at"]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="alerts_with_a_step_to_come"),
            models.Index(fields=["state"], condition=~Q(state="resolved"), name="open_alerts"),
            models.Index(fields=["organisation", "-detected_at"]),
            models.Index(fields=["system", "-detected_at"]),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key"], condition=~Q(state="resolved"), name="one_open_alert_per_key"),
            models.CheckConstraint(
                condition=~Q(state="acknowledged")
                | (Q(acknowledged_until__isnull=False) & ~Q(acknowledged_reason="") & ~Q(acknowledged_name="")),
                name="an_acknowledgement_has_a_name_a_reason_and_an_end",
            ),
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False) | ~Q(state="resolved") & Q(resolved_at=None),
                name="what_is_resolved_says_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Written out: pages are sent by a process that need not know the site's routes."""
        return f"/alerts/{self.pk}/"


class AlertOutage(models.Model):
    """An outage's time in an alert. It leaves one for another where its cause turns out to be elsewhere."""

    scope_path: ClassVar[str] = "alert__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="links")
    outage = models.ForeignKey(Outage, on_delete=models.CASCADE, related_name="alert_links")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["joined_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["outage"], condition=Q(left_at=None), name="an_outage_is_in_one_alert")
        ]

    def __str__(self) -> str:
        return f"{self.outage} in {self.alert}"


class AlertEvent(models.Model):
    """One line of an alert's timeline, whoever did it. Written once, never changed."""

    scope_path: ClassVar[str] = "alert__organisation_id"
    scope_right: ClassVar[str] = "alert.view"

    class Kind(models.TextChoices):
        OPENED = "opened", "Opened"
        FIRED = "fired", "Fired"
        JOINED = "joined", "Grew"
        LEFT = "left", "Shrank"
        WORSENED = "worsened", "Worsened"
        FLAPPING = "flapping", "Flapping"
        STEADY = "steady", "Steady again"
        CAUSE = "cause", "Cause"
        ACKNOWLEDGED = "acknowledged", "Acknowledged"
        EXPIRED = "expired", "Acknowledgement ran out"
        SNOOZED = "snoozed", "Snoozed"
        WOKE = "woke", "Snooze ran out"
        CLOSED = "closed", "Closed until recovery"
        COMMENT = "comment", "Comment"
        MUTED = "muted", "Muted by a window"
        UNMUTED = "unmuted", "Window over"
        ESCALATED = "escalated", "Escalated"
        UNANSWERED = "unanswered", "Nobody left to tell"
        NOBODY = "nobody", "Nobody was reached"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Not delivered"
        MERGED = "merged", "Went into another alert"
        TOOK = "took", "Took in another alert"
        BROKE = "broke", "Held up by a fault of ours"
        RESOLVED = "resolved", "Resolved"

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    actor = models.CharField(max_length=200, blank=True, help_text="Empty where the house did it by itself")
    text = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes: ClassVar = [models.Index(fields=["alert", "at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"
