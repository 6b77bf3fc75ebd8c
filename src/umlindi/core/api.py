"""The audit trail over the API: read only, newest first, paged by number."""

from __future__ import annotations

from typing import ClassVar

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent
from umlindi.core.queries import Filters, trail_page
from umlindi.core.scope import visible_or_404


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    class Meta:
        model = AuditEvent
        fields = "__all__"


class AuditQuerySerializer(serializers.Serializer[Filters]):
    """As the page's filters. `before` pages on: give it the last `seq` you have."""

    actor = serializers.CharField(required=False)
    verb = serializers.CharField(required=False)
    object = serializers.CharField(required=False)
    organisation = serializers.IntegerField(required=False)
    first = serializers.DateField(required=False)
    last = serializers.DateField(required=False)
    text = serializers.CharField(required=False)
    before = serializers.IntegerField(required=False)


class AuditView(APIView):
    """A hundred events."""

    rights: ClassVar = {"GET": "audit.view"}

    @extend_schema(parameters=[AuditQuerySerializer], responses=AuditEventSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = AuditQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        before = values.pop("before", None)
        page = trail_page(_actor(request), Filters(**values), before)
        return Response(AuditEventSerializer(page.events, many=True).data)


class AuditEventView(APIView):
    """One event."""

    rights: ClassVar = {"GET": "audit.view"}

    @extend_schema(responses=AuditEventSerializer)
    def get(self, request: Request, seq: int) -> Response:
        return Response(AuditEventSerializer(visible_or_404(_actor(request), AuditEvent, seq=seq)).data)


def _actor(request: Request) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


urlpatterns = [
    path("audit/", AuditView.as_view(), name="api-audit"),
    path("audit/<int:seq>/", AuditEventView.as_view(), name="api-audit-event"),
]
