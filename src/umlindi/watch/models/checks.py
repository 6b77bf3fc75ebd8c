"""The signed morning check."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import localtime

from umlindi.accounts.models import Organisation, User
from umlindi.estate.models import Interface
from umlindi.watch.models.spells import CONDITIONS
from umlindi.watch.rules.conditions import Change

CHANGES = [(one.value, one.value.capitalize()) for one in Change]


class Check(models.Model):
    """One morning check of an organisation: every interface, probed at one time, signed by a named person."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "check.view"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="checks")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    started_by = models.CharField(max_length=200)
    signed_at = models.DateTimeField(null=True)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    signed_name = models.CharField(max_length=200, blank=True)
    remarks = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-started_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(signed_at=None) | Q(finished_at__isnull=False), name="only_a_finished_check_is_signed"
            )
        ]

    def __str__(self) -> str:
        return f"Morning check of {self.organisation}, {localtime(self.started_at):%Y-%m-%d %H:%M}"

    def get_absolute_url(self) -> str:
        return reverse("watch:check", args=[self.pk])


class CheckLine(models.Model):
    """One interface in one check, with names as they were that day."""

    scope_path: ClassVar[str] = "check_run__organisation_id"
    scope_right: ClassVar[str] = "check.view"

    check_run = models.ForeignKey(Check, on_delete=models.CASCADE, related_name="lines")
    interface = models.ForeignKey(Interface, on_delete=models.SET_NULL, null=True, related_name="+")
    site_name = models.CharField(max_length=200)
    system_name = models.CharField(max_length=200)
    interface_name = models.CharField(max_length=100)
    address = models.CharField(max_length=600)
    condition = models.CharField(max_length=10, choices=CONDITIONS)
    change = models.CharField(max_length=10, choices=CHANGES)
    since = models.DateTimeField()
    affected = models.JSONField(default=list, help_text="Names of who and what stands on this system")
    result = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        return f"{self.system_name} {self.interface_name}: {self.condition}"
