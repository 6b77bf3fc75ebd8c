"""The API of watch: the present, and the morning checks."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible_or_404
from umlindi.estate.models import Interface
from umlindi.watch import queries, services
from umlindi.watch.api_outages import OutagesView, OutageView
from umlindi.watch.jobs import check_estate
from umlindi.watch.models import Check, CheckLine
from umlindi.web.api import conflict, valid


class PresentSerializer(serializers.Serializer[Any]):
    """An interface as it is now. `result` is the newest probe's JSON."""

    interface = serializers.IntegerField(source="interface.pk")
    organisation = serializers.CharField(source="interface.system.site.organisation.slug")
    site = serializers.CharField(source="interface.system.site.slug")
    system = serializers.CharField(source="interface.system.slug")
    name = serializers.CharField(source="interface.name")
    address = serializers.CharField(source="interface.address")
    condition = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    probed_at = serializers.DateTimeField(allow_null=True)
    headline = serializers.CharField()
    result = serializers.JSONField()


class CheckLineSerializer(serializers.ModelSerializer[CheckLine]):
    class Meta:
        model = CheckLine
        exclude = ("check_run",)


class CheckSerializer(serializers.ModelSerializer[Check]):
    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)

    class Meta:
        model = Check
        exclude = ("signed_by",)


class CheckDetailSerializer(CheckSerializer):
    lines = CheckLineSerializer(many=True, read_only=True)


class StartSerializer(serializers.Serializer[dict[str, str]]):
    organisation = serializers.SlugField()


class SignSerializer(serializers.Serializer[dict[str, str]]):
    remarks = serializers.CharField(allow_blank=True, max_length=2000, required=False, default="")


class NowView(APIView):
    """Every visible interface as it is now."""

    rights: ClassVar = {"GET": "estate.view"}

    @extend_schema(responses=PresentSerializer(many=True))
    def get(self, request: Request) -> Response:
        found = queries.presents(actor_of_request(request), timezone.now())
        return Response(PresentSerializer(found, many=True).data)


class ProbeView(APIView):
    """Ask for a probe of one interface at once. Its answer is in `/api/now/` a few seconds later."""

    rights: ClassVar = {"POST": "probe.run"}

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        services.ask_now(actor, visible_or_404(actor, Interface, pk=pk), timezone.now())
        return Response(status=status.HTTP_202_ACCEPTED)


class ChecksView(APIView):
    """The morning checks, newest first; POST starts one of an organisation."""

    rights: ClassVar = {"GET": "check.view", "POST": "check.run"}

    @extend_schema(responses=CheckSerializer(many=True))
    def get(self, request: Request) -> Response:
        found = queries.checks(actor_of_request(request))[: queries.MORNINGS]
        return Response(CheckSerializer(found, many=True).data)

    @extend_schema(request=StartSerializer, responses={201: CheckSerializer})
    def post(self, request: Request) -> Response:
        asked = valid(StartSerializer(data=request.data))
        actor = actor_of_request(request)
        organisation = visible_or_404(actor, Organisation, slug=asked["organisation"])
        with transaction.atomic():
            check = services.start_check(actor, organisation, timezone.now())
            check_estate.defer(check_id=check.pk)
        return Response(CheckSerializer(check).data, status=status.HTTP_201_CREATED)


class CheckView(APIView):
    """One check with its lines."""

    rights: ClassVar = {"GET": "check.view"}

    @extend_schema(responses=CheckDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        check = visible_or_404(actor_of_request(request), Check, pk=pk)
        return Response(CheckDetailSerializer(check).data)


class SignView(APIView):
    """Sign a finished check. 409 where it still runs or was signed before."""

    rights: ClassVar = {"POST": "check.sign"}

    @extend_schema(request=SignSerializer, responses={200: CheckSerializer, 409: None})
    def post(self, request: Request, pk: int) -> Response:
        asked = valid(SignSerializer(data=request.data))
        actor = actor_of_request(request)
        check = visible_or_404(actor, Check, pk=pk)
        try:
            signed = services.sign(actor, check, asked["remarks"], timezone.now())
        except services.NotFinished:
            return conflict("not_finished", "the check is still running")
        except services.Unnamed:
            return conflict("unnamed", "a named person signs, and this account has no name")
        except services.AlreadySigned:
            return conflict("already_signed", "this check was signed before")
        return Response(CheckSerializer(signed).data)


urlpatterns = [
    path("now/", NowView.as_view(), name="api-now"),
    path("outages/", OutagesView.as_view(), name="api-outages"),
    path("outages/<int:pk>/", OutageView.as_view(), name="api-outage"),
    path("interfaces/<int:pk>/probe/", ProbeView.as_view(), name="api-probe"),
    path("checks/", ChecksView.as_view(), name="api-checks"),
    path("checks/<int:pk>/", CheckView.as_view(), name="api-check"),
    path("checks/<int:pk>/sign/", SignView.as_view(), name="api-check-sign"),
]
