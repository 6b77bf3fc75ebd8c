"""Every kind of row at its two addresses, with its part of the OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible_or_404
from umlindi.estate import services
from umlindi.estate.api import serializers as shapes
from umlindi.estate.api.rows import Estate, Row, Rows, refusal, site_named, system_named
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.estate.queries.search import SYSTEM_TEXT
from umlindi.estate.services.importing import Problem
from umlindi.estate.services.verbs import EDIT

Shape = type[BaseSerializer[Any]]
View = TypeVar("View", bound=type[APIView])

_REASON = OpenApiParameter("reason", str, required=True, description="Kept in the audit trail")
_IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="The ETag that the row was read with"
)
_TEXT = OpenApiParameter("text", str, description="Words that must all occur")


def _rows(name: str, shape: Shape, new: Shape, *filters: str) -> Callable[[View], View]:
    """Describe a list: its filters, and what a new row is given as."""
    cuts = [_TEXT, *(OpenApiParameter(each, str) for each in filters)]
    listed = extend_schema(operation_id=f"{name}_list", parameters=cuts, responses=shape(many=True))
    return extend_schema_view(get=listed, post=extend_schema(request=new, responses={201: shape}))


def _row(shape: Shape) -> Callable[[View], View]:
    """Describe one row's address."""
    change = extend_schema(parameters=[_IF_MATCH], request=shape, responses=shape)
    return extend_schema_view(put=change, patch=change, delete=extend_schema(parameters=[_REASON]))


class OfOrganisations(Estate):
    kind = "organisation"
    model = Organisation
    serializer_class = shapes.OrganisationSerializer
    filters: ClassVar = {"kind": "kind"}
    text = ("name", "slug")


@_rows("organisations", shapes.OrganisationSerializer, shapes.OrganisationSerializer, "kind")
class OrganisationRows(OfOrganisations, Rows):
    """Every organisation the caller may see."""


@_row(shapes.OrganisationSerializer)
class OrganisationRow(OfOrganisations, Row):
    """One organisation."""


class OfSites(Estate):
    kind = "site"
    model = Site
    serializer_class = shapes.SiteSerializer
    related = ("organisation",)
    filters: ClassVar = {"organisation": "organisation__slug"}
    text = ("name", "slug")


@_rows("sites", shapes.SiteSerializer, shapes.NewSiteSerializer, "organisation")
class SiteRows(OfSites, Rows):
    """Every site the caller may see."""


@_row(shapes.SiteSerializer)
class SiteRow(OfSites, Row):
    """One site."""


class OfSystems(Estate):
    kind = "system"
    model = System
    serializer_class = shapes.SystemSerializer
    related = ("site__organisation",)
    prefetched = ("depends_on__site__organisation",)
    filters: ClassVar = {"organisation": "site__organisation__slug", "site": "site__slug", "kind": "kind"}
    text = SYSTEM_TEXT


@_rows("systems", shapes.SystemSerializer, shapes.NewSystemSerializer, "organisation", "site", "kind")
class SystemRows(OfSystems, Rows):
    """Every system the caller may see. `depends_on` is read here and changed at `dependencies/`."""


@_row(shapes.SystemSerializer)
class SystemRow(OfSystems, Row):
    """One system."""


class OfInterfaces(Estate):
    kind = "interface"
    model = Interface
    serializer_class = shapes.InterfaceSerializer
    related = ("system__site__organisation",)
    filters: ClassVar = {
        "organisation": "system__site__organisation__slug",
        "site": "system__site__slug",
        "system": "system__slug",
        "kind": "kind",
        "called": "called",
    }
    text = ("name", "host", "called", "url", "system__name")


@_rows("interfaces", shapes.InterfaceSerializer, shapes.NewInterfaceSerializer, *OfInterfaces.filters)
class InterfaceRows(OfInterfaces, Rows):
    """Every interface the caller may see."""


@_row(shapes.InterfaceSerializer)
class InterfaceRow(OfInterfaces, Row):
    """One interface."""


class OfContacts(Estate):
    kind = "contact"
    model = Contact
    serializer_class = shapes.ContactSerializer
    related = ("organisation", "site__organisation")
    filters: ClassVar = {"organisation": "organisation__slug", "site": "site__slug"}
    text = ("name", "role", "phone", "email")


@_rows("contacts", shapes.ContactSerializer, shapes.NewContactSerializer, "organisation", "site")
class ContactRows(OfContacts, Rows):
    """Everybody to ring that the caller may see."""


@_row(shapes.ContactSerializer)
class ContactRow(OfContacts, Row):
    """One contact."""


class OfDependencies(Estate):
    kind = "dependency"
    model = Dependency
    serializer_class = shapes.DependencySerializer
    related = ("system__site__organisation", "needs__site__organisation")
    filters: ClassVar = {"organisation": "system__site__organisation__slug", "system": "system__slug"}
    text = ("system__name", "needs__name")


@_rows("dependencies", shapes.DependencySerializer, shapes.NewDependencySerializer, "organisation", "system")
class DependencyRows(OfDependencies, Rows):
    """What stands on what."""

    def post(self, request: Request) -> Response:
        actor, given = actor_of_request(request), self.body()
        system, needs = system_named(actor, given, "system"), system_named(actor, given, "needs")
        try:
            return self.shown(services.depend(actor, system, needs), status.HTTP_201_CREATED)
        except services.Invalid as error:
            raise refusal(error.complaints) from error


class DependencyRow(OfDependencies):
    """One dependency, to be taken away."""

    rights: ClassVar = {"DELETE": EDIT}

    @extend_schema(parameters=[_REASON])
    def delete(self, request: Request, pk: int) -> Response:
        row = get_object_or_404(self.get_queryset(), pk=pk)
        services.release(actor_of_request(request), row, request.query_params.get("reason", ""))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ImportView(APIView):
    """Bring an estate file, or a site's AE-title list: all of it or nothing."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(
        request=shapes.ImportSerializer,
        responses={200: shapes.ImportReportSerializer, 400: shapes.RefusalSerializer},
    )
    def post(self, request: Request) -> Response:
        body = shapes.ImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        try:
            report = self._carry_out(request, **body.validated_data)
        except services.ImportRefused as error:
            said = {"code": "invalid", "message": str(error), "fields": {}}
            return Response({"error": said, "problems": _told(error.problems)}, status=status.HTTP_400_BAD_REQUEST)
        return Response(_report(report))

    def _carry_out(
        self, request: Request, text: str, dry_run: bool, prune: bool, site: str = ""
    ) -> services.ImportReport:
        actor = actor_of_request(request)
        if not site:
            return services.import_estate(actor, text, dry_run=dry_run, prune=prune)
        where = site_named(actor, {"site": site}, "site")
        return services.import_titles(actor, text.encode(errors="replace"), where, dry_run=dry_run)


def _told(problems: list[Problem]) -> list[dict[str, Any]]:
    return [{"line": each.line, "column": each.column, "why": each.why} for each in problems]


def _report(report: services.ImportReport) -> dict[str, Any]:
    names = ("dry_run", "created", "changed", "removed", "absent", "unchanged")
    return {name: getattr(report, name) for name in names} | {"warnings": _told(report.warnings)}


class ExportView(APIView):
    """The estate file (YAML) of everything the caller edits, or of one organisation."""

    rights: ClassVar = {"GET": EDIT}

    @extend_schema(
        parameters=[OpenApiParameter("organisation", str, description="An organisation's slug")],
        responses={(200, "application/yaml"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        actor, slug = actor_of_request(request), request.query_params.get("organisation", "")
        chosen = visible_or_404(actor, Organisation, slug=slug) if slug else None
        return HttpResponse(services.export_estate(actor, chosen), content_type="application/yaml; charset=utf-8")
