"""How people are reached: channels, which of them for what, and when it may wait."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from umlindi.accounts.models import Organisation, User
from umlindi.oncall.rules.masking import masked_mail
from umlindi.oncall.rules.severity import Severity

SEVERITIES = [(one.value, one.value.capitalize()) for one in Severity]
LONGEST_WAIT = 240


class Channel(models.Model):
    """One way to reach a person, or a team: then it has an organisation, or neither where it is the provider's.

    `secret` is an apprise URL, encrypted (`vault`); `shown` is what of it anybody may see. Mail has its `address` and
    no secret. `within` says that staff allowed it to lead to an address within the server itself. `verified_at` is the
    last test that the service took; `failed_at` and `failure` the last thing that did not work since.
    """

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "oncall.view"
    unrecorded: ClassVar[frozenset[str]] = frozenset({"address", "shown", "failure"})

    class Kind(models.TextChoices):
        MAIL = "mail", "E-mail"
        APPRISE = "apprise", "SMS, chat or webhook"

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="channels")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, blank=True, related_name="channels"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=100)
    address = models.EmailField(blank=True)
    secret = models.TextField(blank=True)
    shown = models.CharField(max_length=200)
    within = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user=None) | Q(organisation=None), name="channel_is_a_persons_or_a_teams"
            ),
            models.CheckConstraint(
                condition=(Q(kind="mail", secret="") & ~Q(address=""))
                | (Q(kind="apprise", address="") & ~Q(secret="")),
                name="channel_leads_somewhere",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.masked})"

    @property
    def masked(self) -> str:
        """For those who may know that there is a way, but not which."""
        return masked_mail(self.address) if self.address else self.shown


class PersonalRule(models.Model):
    """For one severity, this channel so many minutes after a page is due. Without any, `queries.ways` has the usual."""

    scope_path: ClassVar[str] = "user__memberships__organisation_id"
    scope_right: ClassVar[str] = "people.view"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="paging_rules")
    severity = models.CharField(max_length=10, choices=SEVERITIES)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="rules")
    minutes = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(LONGEST_WAIT)])

    class Meta:
        ordering: ClassVar = ["minutes", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "severity", "channel"], name="one_rule_per_channel"),
            models.CheckConstraint(condition=Q(minutes__lte=LONGEST_WAIT), name="rule_does_not_wait_for_ever"),
        ]

    def __str__(self) -> str:
        return f"{self.severity}: {self.channel} after {self.minutes} min"


class Profile(models.Model):
    """What else a person says about being on call: telephone, quiet hours, and the calendar of their own shifts.

    `quiet` is text such as "Mon-Sun 22:00-06:00" in `timezone`. `digest` is of the calendar's secret link.
    """

    scope_path: ClassVar[str] = "user__memberships__organisation_id"
    scope_right: ClassVar[str] = "oncall.view"
    unrecorded: ClassVar[frozenset[str]] = frozenset({"phone"})

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="on_call_profile")
    phone = models.CharField(max_length=40, blank=True)
    quiet = models.CharField(max_length=200, blank=True)
    timezone = models.CharField(max_length=60, default="Africa/Johannesburg")
    digest = models.CharField(max_length=64, blank=True, db_index=True)

    def __str__(self) -> str:
        return f"How {self.user} is on call"
