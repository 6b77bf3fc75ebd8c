"""Organisation → site → system → interface, with contacts and dependencies. Organisations live in accounts."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from umlindi.accounts.models import Organisation
from umlindi.estate.rules.addresses import whole_address


class Site(models.Model):
    """A place with its own zone and hours. `hours` is text such as "Mon-Fri 07:00-17:00; Sat 08:00-12:00"."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sites")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    timezone = models.CharField(max_length=60, default="Africa/Johannesburg")
    hours = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["organisation__name", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "slug"], name="site_slug_is_unique_in_organisation")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """`organisation/site`, as the estate file names it."""
        return f"{self.organisation.slug}/{self.slug}"

    def get_absolute_url(self) -> str:
        return reverse("estate:site", args=[self.organisation.slug, self.slug])


class Contact(models.Model):
    """Whom to ring: of a whole organisation, or of one of its sites."""

    scope_path: ClassVar[str] = "organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="contacts")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, null=True, blank=True, related_name="contacts")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200)
    role = models.CharField(max_length=200, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    email = models.EmailField(blank=True)

    class Meta:
        ordering: ClassVar = ["position", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "site", "name"],
                name="contact_name_is_unique_where_it_belongs",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        if self.site is None:
            return reverse("estate:organisation", args=[self.organisation.slug])
        return self.site.get_absolute_url()


class System(models.Model):
    """Something that works or does not: a PACS, a modality, a host, a database, a link."""

    scope_path: ClassVar[str] = "site__organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    class Kind(models.TextChoices):
        PACS = "pacs", "PACS"
        ARCHIVE = "archive", "Archive"
        RIS = "ris", "RIS"
        WORKLIST = "worklist", "Worklist provider"
        MODALITY = "modality", "Modality"
        WORKSTATION = "workstation", "Workstation"
        BROKER = "broker", "Broker"
        DATABASE = "database", "Database"
        HOST = "host", "Host"
        LINK = "link", "Link"
        UPS = "ups", "UPS"
        CLOCK = "clock", "Time source"
        OTHER = "other", "Other"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="systems")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    modality = models.CharField(max_length=16, blank=True, help_text="DICOM Modality (0008,0060), such as CT")
    vendor = models.CharField(max_length=200, blank=True)
    product = models.CharField(max_length=200, blank=True)
    version = models.CharField(max_length=100, blank=True)
    serves = models.CharField(max_length=300, blank=True, help_text="Who works with it: 3 reading rooms, 2 wards")
    support_until = models.DateField(null=True, blank=True)
    licence_until = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    depends_on: models.ManyToManyField[System, Dependency] = models.ManyToManyField(
        "self", through="Dependency", symmetrical=False, related_name="dependents"
    )

    class Meta:
        ordering: ClassVar = ["site__organisation__name", "site__name", "name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["site", "slug"], name="system_slug_is_unique_at_site")]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """`organisation/site/system`, as the estate file names it."""
        return f"{self.site.path}/{self.slug}"

    def get_absolute_url(self) -> str:
        return reverse("estate:system", args=[self.site.organisation.slug, self.site.slug, self.slug])


class Dependency(models.Model):
    """`system` does not work where `needs` does not.

    Never a circle, never across organisations: `services` see to both.
    """

    scope_path: ClassVar[str] = "system__site__organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="needs")
    needs = models.ForeignKey(System, on_delete=models.PROTECT, related_name="needed_by")

    class Meta:
        verbose_name_plural = "dependencies"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["system", "needs"], name="dependency_is_unique"),
            models.CheckConstraint(condition=~models.Q(system=models.F("needs")), name="no_system_needs_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.system} needs {self.needs}"


class Interface(models.Model):
    """One way to speak to a system, and how it is probed.

    `called` and `calling` are AE titles (PS3.5 6.2, at most 16 characters). `credential` names a file in the home's
    secrets folder; the secret itself is never in the database. `settings` go to the probe of this kind.
    """

    scope_path: ClassVar[str] = "system__site__organisation_id"
    scope_right: ClassVar[str] = "estate.view"

    class Kind(models.TextChoices):
        DICOM = "dicom", "DICOM"
        DICOMWEB = "dicomweb", "DICOMweb"
        WEB = "web", "HTTP"
        HL7 = "hl7", "HL7 (MLLP)"
        TLS = "tls", "TLS certificate"
        SQL = "sql", "Database"
        HOST = "host", "Host metrics"
        TIME = "time", "Time (NTP)"
        UPS = "ups", "UPS (NUT)"
        ORTHANC = "orthanc", "Orthanc REST"

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="interfaces")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    host = models.CharField(max_length=255, blank=True)
    port = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    called = models.CharField(max_length=16, blank=True)
    calling = models.CharField(max_length=16, blank=True)
    url = models.CharField(max_length=500, blank=True)
    credential = models.CharField(max_length=100, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["system__name", "name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["system", "name"], name="interface_name_is_unique_in_system"),
            models.CheckConstraint(
                condition=models.Q(port=None) | models.Q(port__range=(1, 65535)), name="interface_port_is_a_port"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.name}"

    def get_absolute_url(self) -> str:
        return f"{self.system.get_absolute_url()}#interface-{self.pk}"

    @property
    def address(self) -> str:
        return whole_address(self.called, self.host, self.port, self.url)
