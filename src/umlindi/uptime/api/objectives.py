"""Objectives over the API."""

from __future__ import annotations

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
from umlindi.core.scope import visible, visible_or_404
from umlindi.estate.models import System
from umlindi.uptime.api.shared import ReasonSerializer, all_named, organisation_named, refusal
from umlindi.uptime.models import Objective, Terms
from umlindi.uptime.services import objectives
from umlindi.uptime.services.objectives import EDIT, Promised
from umlindi.uptime.services.windows import Invalid
from umlindi.web.api import valid

VIEW = "alert.view"


class TermsSerializer(serializers.ModelSerializer[Terms]):
    """What is asked from a month on."""

    class Meta:
        model = Terms
        fields = ("since", "target", "hours", "counts", "systems")


class ObjectiveSerializer(serializers.ModelSerializer[Objective]):
    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    terms = TermsSerializer(many=True, read_only=True)

    class Meta:
        model = Objective
        fields = ("id", "organisation", "name", "ended_at", "terms")


class PromisedSerializer(serializers.Serializer[dict[str, Any]]):
    """`target` is in percent."""

    name = serializers.CharField(max_length=200)
    target = serializers.DecimalField(max_digits=6, decimal_places=3)
    hours = serializers.ChoiceField(choices=Terms.Hours.choices, required=False, default=Terms.Hours.ALWAYS)
    counts = serializers.ChoiceField(choices=Terms.Counts.choices, required=False, default=Terms.Counts.TOGETHER)
    systems = serializers.ListField(child=serializers.IntegerField())


class NewObjectiveSerializer(PromisedSerializer):
    organisation = serializers.SlugField()


class ObjectivesView(GenericAPIView[Objective]):
    """Every objective the caller may see; POST promises one from the running month on."""

    rights: ClassVar = {"GET": VIEW, "POST": EDIT}
    serializer_class = ObjectiveSerializer

    @extend_schema(responses=ObjectiveSerializer(many=True))
    def get(self, request: Request) -> Response:
        rows = visible(actor_of_request(request), Objective).select_related("organisation")
        page = self.paginate_queryset(rows.prefetch_related("terms__systems"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(request=NewObjectiveSerializer, responses={201: ObjectiveSerializer})
    def post(self, request: Request) -> Response:
        given, actor = valid(NewObjectiveSerializer(data=request.data)), actor_of_request(request)
        organisation = organisation_named(actor, given["organisation"])
        promised, now = _promised(actor, given), timezone.now()
        try:
            row = objectives.promise_uptime(actor, organisation, given["name"], promised, now)
        except Invalid as error:
            raise refusal(error.complaints) from error
        return Response(ObjectiveSerializer(row).data, status=status.HTTP_201_CREATED)


class ObjectiveView(APIView):
    """One objective. PUT changes what it asks, from the next month on."""

    rights: ClassVar = {"GET": VIEW, "PUT": EDIT}

    @extend_schema(responses=ObjectiveSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(ObjectiveSerializer(visible_or_404(actor_of_request(request), Objective, pk=pk)).data)

    @extend_schema(request=PromisedSerializer, responses=ObjectiveSerializer)
    def put(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        row, given = visible_or_404(actor, Objective, pk=pk), valid(PromisedSerializer(data=request.data))
        try:
            objectives.change(actor, row, given["name"], _promised(actor, given), timezone.now())
        except Invalid as error:
            raise refusal(error.complaints) from error
        row.refresh_from_db()
        return Response(ObjectiveSerializer(row).data)


class EndObjectiveView(APIView):
    """Promise it no longer: the running month is its last."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(request=ReasonSerializer, responses=ObjectiveSerializer)
    def post(self, request: Request, pk: int) -> Response:
        actor = actor_of_request(request)
        row, given = visible_or_404(actor, Objective, pk=pk), valid(ReasonSerializer(data=request.data))
        return Response(ObjectiveSerializer(objectives.end(actor, row, given["reason"], timezone.now())).data)


def _promised(actor: Actor, given: dict[str, Any]) -> Promised:
    systems = all_named(actor, System, "systems", given["systems"])
    return Promised(given["target"], given["hours"], given["counts"], systems)
