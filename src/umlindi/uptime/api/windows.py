"""Windows over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible_or_404
from umlindi.estate.models import Site, System
from umlindi.uptime import queries, services
from umlindi.uptime.api.shared import Over, ReasonSerializer, all_named, organisation_named, refusal
from umlindi.uptime.models import Window
from umlindi.uptime.rules.windows import MOST_WEEKS
from umlindi.uptime.services import History, Invalid, Wanted
from umlindi.uptime.services.windows import EDIT
from umlindi.web.api import valid

VIEW = "alert.view"


class WindowSerializer(serializers.ModelSerializer[Window]):
    """`state` is told by the clock. `systems` and `sites` are those it names."""

    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    state = serializers.SerializerMethodField()

    class Meta:
        model = Window
        exclude = ("covered",)

    def get_state(self, window: Window) -> str:
        return window.state_at(timezone.now())


class ChangeSerializer(serializers.Serializer[dict[str, Any]]):
    """Times with their zone. What is left out stays as it is."""

    title = serializers.CharField(max_length=200)
    reason = serializers.CharField(max_length=2000)
    agreed_by = serializers.CharField(max_length=200)
    starts = serializers.DateTimeField()
    ends = serializers.DateTimeField()
    systems = serializers.ListField(child=serializers.IntegerField(), required=False, default=list)
    sites = serializers.ListField(child=serializers.IntegerField(), required=False, default=list)
    ends_on_recovery = serializers.BooleanField(required=False, default=False)
    recovery_minutes = serializers.IntegerField(min_value=1, max_value=1440, required=False, default=15)


class NewWindowSerializer(ChangeSerializer):
    organisation = serializers.SlugField()
    times = serializers.IntegerField(min_value=1, max_value=MOST_WEEKS, required=False, default=1)


class PatchSerializer(ChangeSerializer):
    change_reason = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class CancelSerializer(ReasonSerializer):
    rest = serializers.BooleanField(required=False, default=False)


class WindowsView(GenericAPIView[Window]):
    """Every window the caller may see, the newest first; POST agrees on one, or on a weekly series."""

    rights: ClassVar = {"GET": VIEW, "POST": EDIT}
    serializer_class = WindowSerializer

    @extend_schema(responses=WindowSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = (
            queries.windows(actor_of_request(request)).prefetch_related("systems", "sites").order_by("-starts", "-pk")
        )
        return self.get_paginated_response(self.get_serializer(self.paginate_queryset(rows), many=True).data)

    @extend_schema(request=NewWindowSerializer, responses={201: WindowSerializer(many=True)})
    def post(self, request: Request) -> Response:
        given, actor = valid(NewWindowSerializer(data=request.data)), actor_of_request(request)
        organisation = organisation_named(actor, given["organisation"])
        wanted, now = _wanted(actor, given), timezone.now()
        zone = queries.zone_of(wanted.systems, wanted.sites)
        try:
            rows = services.plan(actor, organisation, wanted, zone, now, times=given["times"])
        except Invalid as error:
            raise refusal(error.complaints) from error
        return Response(WindowSerializer(rows, many=True).data, status=status.HTTP_201_CREATED)


class WindowView(APIView):
    """One window. PATCH changes it: all of it before it begins, afterwards only `ends`, with a `change_reason`."""

    rights: ClassVar = {"GET": VIEW, "PATCH": EDIT}

    @extend_schema(responses=WindowSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(WindowSerializer(visible_or_404(actor_of_request(request), Window, pk=pk)).data)

    @extend_schema(request=PatchSerializer, responses={200: WindowSerializer, 409: None})
    def patch(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        row = visible_or_404(actor, Window, pk=pk)
        given = valid(PatchSerializer(data=request.data, partial=True))
        asked = valid(PatchSerializer(data=_present(row) | given))
        try:
            changed = services.change(actor, row, _wanted(actor, asked), asked["change_reason"], timezone.now())
        except Invalid as error:
            raise refusal(error.complaints) from error
        except History as error:
            raise Over from error
        return Response(WindowSerializer(changed).data)


class CancelView(APIView):
    """Cancel a window that has not begun; with `rest`, all later ones of its series too."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(request=CancelSerializer, responses={200: WindowSerializer(many=True), 409: None})
    def post(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        row, given = visible_or_404(actor, Window, pk=pk), valid(CancelSerializer(data=request.data))
        try:
            rows = services.cancel(actor, row, given["reason"], timezone.now(), rest=given["rest"])
        except Invalid as error:
            raise refusal(error.complaints) from error
        except History as error:
            raise Over from error
        return Response(WindowSerializer(rows, many=True).data)


class EndView(APIView):
    """End a window that is under way: from now on its systems count, and page, again."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(request=ReasonSerializer, responses={200: WindowSerializer, 409: None})
    def post(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        row, given = visible_or_404(actor, Window, pk=pk), valid(ReasonSerializer(data=request.data))
        try:
            ended = services.end(actor, row, given["reason"], timezone.now())
        except Invalid as error:
            raise refusal(error.complaints) from error
        except History as error:
            raise Over from error
        return Response(WindowSerializer(ended).data)


def _wanted(actor: Actor, given: dict[str, Any]) -> Wanted:
    return Wanted(
        title=given["title"],
        reason=given["reason"],
        agreed_by=given["agreed_by"],
        starts=given["starts"],
        ends=given["ends"],
        systems=all_named(actor, System, "systems", given["systems"]),
        sites=all_named(actor, Site, "sites", given["sites"]),
        ends_on_recovery=given["ends_on_recovery"],
        recovery_grace=timedelta(minutes=given["recovery_minutes"]),
    )


def _present(row: Window) -> dict[str, Any]:
    return {
        "title": row.title,
        "reason": row.reason,
        "agreed_by": row.agreed_by,
        "starts": row.starts,
        "ends": row.ends,
        "systems": [system.pk for system in row.systems.all()],
        "sites": [site.pk for site in row.sites.all()],
        "ends_on_recovery": row.ends_on_recovery,
        "recovery_minutes": row.recovery_grace // timedelta(minutes=1),
    }
