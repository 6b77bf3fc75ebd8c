"""How rows are told. What is given is judged by the estate's own rules; these shapes document it."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from umlindi.accounts.models import Organisation
from umlindi.estate.models import Contact, Dependency, Interface, Site, System

PATH = "organisation/site/system, by slugs"


class OrganisationSerializer(serializers.ModelSerializer[Organisation]):
    class Meta:
        model = Organisation
        fields = ("id", "slug", "name", "kind")


class SiteSerializer(serializers.ModelSerializer[Site]):
    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    path = serializers.CharField(read_only=True)

    class Meta:
        model = Site
        fields = ("id", "path", "organisation", "slug", "name", "timezone", "hours")


class SystemSerializer(serializers.ModelSerializer[System]):
    site = serializers.CharField(source="site.path", read_only=True)
    path = serializers.CharField(read_only=True)
    depends_on = serializers.SerializerMethodField()

    class Meta:
        model = System
        fields = (
            *("id", "path", "site", "slug", "name", "kind", "modality", "vendor", "product", "version", "serves"),
            *("support_until", "licence_until", "notes", "depends_on"),
        )

    def get_depends_on(self, system: System) -> list[str]:
        return sorted(needed.path for needed in system.depends_on.all())


class InterfaceSerializer(serializers.ModelSerializer[Interface]):
    system = serializers.CharField(source="system.path", read_only=True)
    address = serializers.CharField(read_only=True)
    settings = serializers.DictField(required=False)

    class Meta:
        model = Interface
        fields = (
            *("id", "system", "name", "kind", "address", "host", "port", "called", "calling", "url", "credential"),
            *("settings", "enabled"),
        )


class ContactSerializer(serializers.ModelSerializer[Contact]):
    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    site = serializers.CharField(source="site.path", read_only=True, default=None)

    class Meta:
        model = Contact
        fields = ("id", "organisation", "site", "position", "name", "role", "phone", "email")
        read_only_fields: ClassVar = ["position"]


class DependencySerializer(serializers.ModelSerializer[Dependency]):
    system = serializers.CharField(source="system.path", read_only=True)
    needs = serializers.CharField(source="needs.path", read_only=True)

    class Meta:
        model = Dependency
        fields = ("id", "system", "needs")


class NewSiteSerializer(SiteSerializer):
    organisation = serializers.CharField(help_text="Its organisation's slug")  # type: ignore[assignment]


class NewSystemSerializer(SystemSerializer):
    site = serializers.CharField(help_text="organisation/site, by slugs")


class NewInterfaceSerializer(InterfaceSerializer):
    system = serializers.CharField(help_text=PATH)


class NewContactSerializer(ContactSerializer):
    organisation = serializers.CharField(help_text="Its organisation's slug")  # type: ignore[assignment]
    site = serializers.CharField(required=False, help_text="organisation/site, where it belongs to one site")


class NewDependencySerializer(serializers.Serializer[Any]):
    system = serializers.CharField(help_text=PATH)
    needs = serializers.CharField(help_text=PATH)


class ImportSerializer(serializers.Serializer[Any]):
    """`text` is an estate file (YAML) or, with `site`, an AE-title list (CSV)."""

    text = serializers.CharField(trim_whitespace=False)
    site = serializers.CharField(required=False, help_text="organisation/site, by slugs")
    dry_run = serializers.BooleanField(default=False)
    prune = serializers.BooleanField(default=False)


class ProblemSerializer(serializers.Serializer[Any]):
    line = serializers.IntegerField(allow_null=True)
    column = serializers.CharField()
    why = serializers.CharField()


class ImportReportSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    created = serializers.ListField(child=serializers.CharField())
    changed = serializers.ListField(child=serializers.CharField())
    removed = serializers.ListField(child=serializers.CharField())
    absent = serializers.ListField(child=serializers.CharField())
    unchanged = serializers.IntegerField()
    warnings = ProblemSerializer(many=True)


class RefusalSerializer(serializers.Serializer[Any]):
    """`error` as everywhere in this API; `problems` are what to put right in the file."""

    error = serializers.DictField()
    problems = ProblemSerializer(many=True)
