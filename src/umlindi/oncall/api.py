"""On call over the API, read only: who it is now, and each rota with its next four weeks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import User
from umlindi.core.scope import visible, visible_or_404
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.pages import on_call_now
from umlindi.oncall.queries.plans import roster_of
from umlindi.oncall.queries.weeks import Span, seen_in, spans

AHEAD = timedelta(weeks=4)


class OnCallPersonSerializer(serializers.Serializer[User]):
    id = serializers.IntegerField()
    name = serializers.CharField(source="__str__")


class OnCallNowSerializer(serializers.Serializer[Any]):
    """`organisation` is a slug, or null where the rota is the provider's. `until` null: longer than five weeks.

    `person` null is a hole where `missing`; where not, nobody need be on call by the rota's own hours.
    `hole_from` is the first time without anybody that begins within 72 hours.
    """

    rota = serializers.IntegerField(source="rota.pk")
    name = serializers.CharField(source="rota.name")
    organisation = serializers.CharField(source="rota.organisation.slug", default=None)
    person = OnCallPersonSerializer(allow_null=True)
    missing = serializers.BooleanField()
    phone = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)
    next = OnCallPersonSerializer(source="next_person", allow_null=True)
    next_from = serializers.DateTimeField(allow_null=True)
    hole_from = serializers.DateTimeField(source="hole.start", default=None)


class ShiftSerializer(serializers.Serializer[Any]):
    """`person` null: nobody is on call then."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    person = OnCallPersonSerializer(allow_null=True)
    override = serializers.BooleanField()


class RotaSerializer(serializers.ModelSerializer[Rota]):
    """`organisation` is a slug, or null where the rota is the provider's."""

    organisation = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Rota
        fields = ("id", "name", "organisation", "timezone")


class RotaWithShiftsSerializer(RotaSerializer):
    shifts = serializers.SerializerMethodField()

    class Meta(RotaSerializer.Meta):
        fields = (*RotaSerializer.Meta.fields, "shifts")  # type: ignore[assignment]

    @extend_schema(responses=ShiftSerializer(many=True))
    def get_shifts(self, rota: Rota) -> Any:
        return ShiftSerializer(_ahead(rota, timezone.now()), many=True).data


class NowView(APIView):
    """Who is on call now, in every rota that the caller may see."""

    rights: ClassVar = {"GET": "oncall.view"}

    @extend_schema(responses=OnCallNowSerializer(many=True))
    def get(self, request: Request) -> Response:
        found = on_call_now(actor_of_request(request), timezone.now())
        return Response(OnCallNowSerializer(found, many=True).data)


class RotasView(APIView):
    """Every rota that the caller may see."""

    rights: ClassVar = {"GET": "oncall.view"}

    @extend_schema(responses=RotaSerializer(many=True))
    def get(self, request: Request) -> Response:
        found = visible(actor_of_request(request), Rota).select_related("organisation")
        return Response(RotaSerializer(found, many=True).data)


class RotaView(APIView):
    """One rota with the next four weeks: shifts, and holes as shifts without a person."""

    rights: ClassVar = {"GET": "oncall.view"}

    @extend_schema(responses=RotaWithShiftsSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(RotaWithShiftsSerializer(visible_or_404(actor_of_request(request), Rota, pk=pk)).data)


def _ahead(rota: Rota, now: datetime) -> list[Span]:
    found = roster_of(rota, now, now + AHEAD)
    return spans(found, seen_in(found))


urlpatterns = [
    path("oncall/now/", NowView.as_view(), name="api-oncall-now"),
    path("rotas/", RotasView.as_view(), name="api-rotas"),
    path("rotas/<int:pk>/", RotaView.as_view(), name="api-rota"),
]
