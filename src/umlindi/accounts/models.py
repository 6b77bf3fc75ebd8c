"""Organisations (tenants), people, their roles, and tokens for programs."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower, Now
from django.urls import reverse

from umlindi.accounts.rules import RIGHT_WORDS, RIGHTS, Role


class Organisation(models.Model):
    """A client, or the provider itself. Everything else belongs to one."""

    scope_path: ClassVar[str] = "id"
    scope_right: ClassVar[str] = "estate.view"

    class Kind(models.TextChoices):
        HOSPITAL = "hospital", "Hospital"
        PRACTICE = "practice", "Practice"
        PROVINCIAL = "provincial", "Provincial department or hospital"
        ACADEMIC = "academic", "Academic institution"
        TELERADIOLOGY = "teleradiology", "Tele-radiology provider"
        LABORATORY = "laboratory", "Laboratory"
        PROVIDER = "provider", "Support provider"

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.HOSPITAL)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("estate:organisation", args=[self.slug])


class User(AbstractUser):
    """A person who signs in. Never deleted, only made inactive: the trail names them."""

    scope_path: ClassVar[str] = "memberships__organisation_id"
    scope_right: ClassVar[str] = "people.view"

    must_change_password = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["first_name", "last_name", "username"]
        constraints: ClassVar = [models.UniqueConstraint(Lower("username"), name="username_is_unique_in_any_case")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Membership(models.Model):
    """A person's role in one organisation, or in every one where none is named (the provider's own staff)."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "people.view"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(max_length=20, choices=[(role.value, role.value.capitalize()) for role in Role])

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], name="membership_is_unique", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} at {self.organisation or 'every organisation'}"

    @property
    def rights_said(self) -> list[str]:
        held = RIGHTS[Role(self.role)]
        return [said for right, said in RIGHT_WORDS.items() if right in held]


class Token(models.Model):
    """A program's key to the API: only its digest is kept, its rights are a part of its owner's, it expires."""

    scope_path: ClassVar[str] = "user__memberships__organisation_id"
    scope_right: ClassVar[str] = "people.view"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64)
    rights = models.JSONField(default=list, help_text="The rights it holds, at most its owner's")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def rights_said(self) -> list[str]:
        """A right that is no longer known grants nothing, and is not said."""
        return [said for right, said in RIGHT_WORDS.items() if right in self.rights]
