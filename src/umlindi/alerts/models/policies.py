"""Who is told of an alert, in which order, until somebody answers."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from umlindi.accounts.models import Organisation, User
from umlindi.alerts.models.alerts import SEVERITIES
from umlindi.oncall.models import Channel, Rota

ONE_TARGET = (
    Q(rota__isnull=False, user=None, channel=None)
    | Q(rota=None, user__isnull=False, channel=None)
    | Q(rota=None, user=None, channel__isnull=False)
)


class Policy(models.Model):
    """The escalation of an organisation's alerts, or, with none named, of every organisation without one of its own.

    `severity` empty is for each severity that has none of its own. The steps are run through once, and then up to
    `repeats` times again, every `repeat_after` minutes, while nobody answers.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, blank=True, related_name="policies"
    )
    name = models.CharField(max_length=100)
    severity = models.CharField(max_length=10, choices=SEVERITIES, blank=True)
    repeats = models.PositiveSmallIntegerField(default=2)
    repeat_after = models.PositiveSmallIntegerField(default=15, help_text="Minutes")

    class Meta:
        ordering: ClassVar = ["organisation__name", "name"]
        verbose_name_plural = "policies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "severity"], name="one_policy_per_severity", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"/alerts/policies/{self.pk}/"


class PolicyStep(models.Model):
    """`after` is in minutes from the beginning of a run."""

    scope_path: ClassVar[str] = "policy__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="steps")
    after = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["after"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["policy", "after"], name="one_step_at_a_time")]

    def __str__(self) -> str:
        return f"{self.policy} after {self.after} min"


class PolicyTarget(models.Model):
    """Whom a step tells: whoever is on call by a rota at that moment, one person, or a channel that many read."""

    scope_path: ClassVar[str] = "step__policy__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"

    step = models.ForeignKey(PolicyStep, on_delete=models.CASCADE, related_name="targets")
    rota = models.ForeignKey(Rota, on_delete=models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [models.CheckConstraint(condition=ONE_TARGET, name="a_target_is_exactly_one")]

    def __str__(self) -> str:
        return str(self.rota or self.user or self.channel)
