"""Status pages for clients, and the secret links to them and to wallboards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.estate.models import System


class StatusPage(models.Model):
    """What one client's people are told about chosen systems, in plain words. `public` opens it to whoever knows its
    address; by a link it can be read either way."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "watch.edit"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="status_pages")
    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    introduction = models.TextField(blank=True)
    public = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["organisation__name", "title"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("status:page", args=[self.pk])


class Component(models.Model):
    """A system as its users call it: "Pictures in the wards", never "ORTHANC on 10.20.4.12"."""

    scope_path: ClassVar[str] = "page__organisation_id"
    scope_right: ClassVar[str] = "watch.edit"

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="components")
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["page", "system"], name="a_system_is_once_on_a_status_page")
        ]

    def __str__(self) -> str:
        return self.name


class Notice(models.Model):
    """Something staff tell the readers of a status page about, from its first update to the one that ends it."""

    scope_path: ClassVar[str] = "page__organisation_id"
    scope_right: ClassVar[str] = "watch.edit"

    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, related_name="notices")
    title = models.CharField(max_length=200)
    began = models.DateTimeField()
    ended = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-began"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended=None) | Q(ended__gte=models.F("began")), name="a_notice_ends_after_it_began"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Update(models.Model):
    """One thing said about a notice. Never changed: who read it has read it."""

    scope_path: ClassVar[str] = "notice__page__organisation_id"
    scope_right: ClassVar[str] = "watch.edit"

    class Stage(models.TextChoices):
        LOOKING = "looking", "We are looking into it"
        KNOWN = "known", "We know the cause"
        MENDING = "mending", "It is being mended"
        OVER = "over", "It is over"

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="updates")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    stage = models.CharField(max_length=10, choices=Stage.choices)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_stage_display()}: {self.text[:60]}"


class Link(models.Model):
    """A secret address that shows one status page, or, where `page` is null, the wallboard of one organisation or of
    all (`organisation` null). Reads only. Only its digest is kept; it works until it is revoked."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "watch.edit"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, null=True, related_name="+")
    page = models.ForeignKey(StatusPage, on_delete=models.CASCADE, null=True, related_name="links")
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-made_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(page=None) | Q(organisation__isnull=False), name="a_page_s_link_has_its_organisation"
            )
        ]

    def __str__(self) -> str:
        return self.name
