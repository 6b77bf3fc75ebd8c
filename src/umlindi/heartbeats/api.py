"""The API of heartbeats, and the door for other watchers' alerts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.urls import path, reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible, visible_or_404
from umlindi.estate.models import System
from umlindi.heartbeats import queries, services
from umlindi.heartbeats.models import Heartbeat, Ping
from umlindi.heartbeats.rules.alertmanager import Malformed
from umlindi.heartbeats.rules.terms import Terms, complaints

EDIT = "watch.edit"


@extend_schema_field(OpenApiTypes.INT)
class Seconds(serializers.Field[Any, Any, Any, Any]):
    """A length of time in whole seconds."""

    def to_representation(self, value: Any) -> int:
        return int(value.total_seconds())

    def to_internal_value(self, data: Any) -> Any:
        number = serializers.IntegerField(min_value=1, max_value=10**8).run_validation(data)
        return timedelta(seconds=number)


class HeartbeatSerializer(serializers.ModelSerializer[Heartbeat]):
    """`period` and `grace` are in seconds; either `period` or `cron` is given. `link` is for those who may report."""

    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    period = Seconds(allow_null=True)
    grace = Seconds()
    link = serializers.SerializerMethodField()

    class Meta:
        model = Heartbeat
        exclude = ("secret", "judge_at")

    def get_link(self, heartbeat: Heartbeat) -> str | None:
        request = self.context["request"]
        actor = actor_of_request(request)
        if not any(actor.may(right, heartbeat.organisation_id) for right in (EDIT, "alert.send")):
            return None
        link: str = request.build_absolute_uri(reverse("heartbeats:ping", args=[heartbeat.secret]))
        return link


class PingSerializer(serializers.ModelSerializer[Ping]):
    """`runtime` is in seconds."""

    runtime = Seconds(allow_null=True)

    class Meta:
        model = Ping
        exclude = ("id", "heartbeat")


class GivenSerializer(serializers.Serializer[Any]):
    """What a heartbeat must do. `system` is a number of the same organisation's system."""

    name = serializers.CharField(max_length=100)
    system = serializers.IntegerField(required=False, allow_null=True, default=None)
    period = Seconds(required=False, allow_null=True, default=None)
    cron = serializers.CharField(required=False, allow_blank=True, max_length=100, default="")
    timezone = serializers.CharField(required=False, max_length=60, default="Africa/Johannesburg")
    grace = Seconds()
    starts = serializers.DateTimeField(required=False, allow_null=True, default=None)
    condition = serializers.ChoiceField(choices=Heartbeat.Worst.choices, required=False, default=Heartbeat.Worst.DOWN)
    next_step = serializers.CharField(required=False, allow_blank=True, max_length=1000, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["cron"] = " ".join(attrs["cron"].split())
        terms = Terms(attrs["period"], attrs["cron"], attrs["timezone"], attrs["grace"], attrs["starts"])
        if found := complaints(terms, timezone.now()):
            raise serializers.ValidationError({field: [why] for field, why in found.items()})
        return attrs


class NewHeartbeatSerializer(GivenSerializer):
    organisation = serializers.SlugField()


class TakenSerializer(serializers.Serializer[services.Taken]):
    firing = serializers.IntegerField()
    resolved = serializers.IntegerField()


def _given(serializer: GivenSerializer, actor: Actor, organisation: Organisation) -> services.Given:
    """What was asked, its system one that the actor sees in the organisation. Raises ValidationError."""
    serializer.is_valid(raise_exception=True)
    values = {name: value for name, value in serializer.validated_data.items() if name != "organisation"}
    if values["system"] is not None:
        mine = visible(actor, System).filter(site__organisation=organisation, pk=values["system"])
        values["system"] = mine.select_related("site").first()
        if values["system"] is None:
            raise serializers.ValidationError({"system": ["No such system in this organisation."]})
    return services.Given(**values)


def _named(verb: Callable[[], Heartbeat]) -> Heartbeat:
    try:
        return verb()
    except services.NameTaken as error:
        raise serializers.ValidationError({"name": ["Another heartbeat here has this name."]}) from error


class HeartbeatsView(APIView):
    """What must report by itself; POST adds one."""

    rights: ClassVar = {"GET": "alert.view", "POST": EDIT}

    @extend_schema(operation_id="heartbeats_list", responses=HeartbeatSerializer(many=True))
    def get(self, request: Request) -> Response:
        found = queries.heartbeats(actor_of_request(request))
        return Response(HeartbeatSerializer(found, many=True, context={"request": request}).data)

    @extend_schema(request=NewHeartbeatSerializer, responses={201: HeartbeatSerializer})
    def post(self, request: Request) -> Response:
        actor = actor_of_request(request)
        asked = NewHeartbeatSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        organisation = visible_or_404(actor, Organisation, slug=asked.validated_data["organisation"])
        given = _given(asked, actor, organisation)
        added = _named(lambda: services.add(actor, organisation, given, timezone.now()))
        return Response(HeartbeatSerializer(added, context={"request": request}).data, status.HTTP_201_CREATED)


class HeartbeatView(APIView):
    """One heartbeat; PUT changes it, DELETE takes it away with its reports."""

    rights: ClassVar = {"GET": "alert.view", "PUT": EDIT, "DELETE": EDIT}

    @extend_schema(responses=HeartbeatSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return _answer(request, _visible(request, pk))

    @extend_schema(request=GivenSerializer, responses=HeartbeatSerializer)
    def put(self, request: Request, pk: int) -> Response:
        heartbeat, actor = _visible(request, pk), actor_of_request(request)
        given = _given(GivenSerializer(data=request.data), actor, heartbeat.organisation)
        return _answer(request, _named(lambda: services.change(actor, heartbeat, given, timezone.now())))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        services.remove(actor_of_request(request), _visible(request, pk), timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class PingsView(APIView):
    """What it reported, newest first."""

    rights: ClassVar = {"GET": "alert.view"}

    @extend_schema(operation_id="heartbeats_pings", responses=PingSerializer(many=True))
    def get(self, request: Request, pk: int) -> Response:
        found = visible(actor_of_request(request), Ping).filter(heartbeat=_visible(request, pk))
        return Response(PingSerializer(found, many=True).data)


class PauseView(APIView):
    """Nothing is missed while it is paused."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(request=None, responses=HeartbeatSerializer)
    def post(self, request: Request, pk: int) -> Response:
        return _answer(request, services.pause(actor_of_request(request), _visible(request, pk), timezone.now()))


class ResumeView(APIView):
    """It must report again."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(request=None, responses=HeartbeatSerializer)
    def post(self, request: Request, pk: int) -> Response:
        return _answer(request, services.resume(actor_of_request(request), _visible(request, pk), timezone.now()))


class RotateView(APIView):
    """A new link; the old one is unknown from now on."""

    rights: ClassVar = {"POST": EDIT}

    @extend_schema(request=None, responses=HeartbeatSerializer)
    def post(self, request: Request, pk: int) -> Response:
        return _answer(request, services.rotate(actor_of_request(request), _visible(request, pk)))


class AlertmanagerView(APIView):
    """What another watcher says, as Alertmanager's webhook (version 4) or Grafana's has it: all of it or nothing.

    Each alert is known by its fingerprint; `system`, `instance` or `host` name the system it is about. 429 where too
    many would be open.
    """

    rights: ClassVar = {"POST": "alert.send"}

    @extend_schema(request=OpenApiTypes.OBJECT, responses=TakenSerializer)
    def post(self, request: Request, organisation: str) -> Response:
        actor = actor_of_request(request)
        owner = queries.may_send_for(actor, organisation)
        try:
            taken = services.take_in(actor, owner, request.data, timezone.now())
        except Malformed as error:
            raise serializers.ValidationError({error.place: [error.why]}) from error
        except services.Flood as error:
            raise Throttled(
                60, f"at most {services.OPEN_AT_MOST} alerts of an organisation are open at once"
            ) from error
        return Response(TakenSerializer(taken).data)


def _answer(request: Request, heartbeat: Heartbeat) -> Response:
    return Response(HeartbeatSerializer(heartbeat, context={"request": request}).data)


def _visible(request: Request, pk: int) -> Heartbeat:
    return visible_or_404(actor_of_request(request), Heartbeat, pk=pk)


urlpatterns = [
    path("heartbeats/", HeartbeatsView.as_view(), name="api-heartbeats"),
    path("heartbeats/<int:pk>/", HeartbeatView.as_view(), name="api-heartbeat"),
    path("heartbeats/<int:pk>/pings/", PingsView.as_view(), name="api-heartbeat-pings"),
    path("heartbeats/<int:pk>/pause/", PauseView.as_view(), name="api-heartbeat-pause"),
    path("heartbeats/<int:pk>/resume/", ResumeView.as_view(), name="api-heartbeat-resume"),
    path("heartbeats/<int:pk>/rotate/", RotateView.as_view(), name="api-heartbeat-rotate"),
    path("alertmanager/<slug:organisation>/", AlertmanagerView.as_view(), name="api-alertmanager"),
]
