"""The API of alerts: what is open and over, answers, A1's figures, and escalation policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.alerts import queries, services
from umlindi.alerts.models import Alert, AlertEvent, AlertOutage, Attempt, Page, Policy
from umlindi.alerts.rules.clock import Verdict
from umlindi.core.actors import Actor
from umlindi.core.scope import visible_or_404
from umlindi.oncall.rules.severity import Severity
from umlindi.web.api import conflict, valid


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """An alert. `clock` is A1's verdict once it is given; `policy` is left out: it names people."""

    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    site = serializers.CharField(source="site.slug", default=None)
    system = serializers.CharField(source="system.slug", default=None)

    class Meta:
        model = Alert
        exclude = ("policy", "armed_at", "acknowledged_by")


class NextSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    to = serializers.ListField(child=serializers.CharField())


class CardSerializer(serializers.Serializer[Any]):
    """`told` are those whom a page reached; `next` who is told if nobody answers; `left_s` what is left of the fifteen
    minutes, negative where they are over, null where the clock has stopped."""

    alert = AlertSerializer()
    told = serializers.SerializerMethodField()
    next = NextSerializer(allow_null=True)
    left_s = serializers.SerializerMethodField()
    verdict = serializers.CharField()

    def get_told(self, card: queries.Card) -> list[str]:
        return list(dict.fromkeys(page.to for page in card.told))

    def get_left_s(self, card: queries.Card) -> float | None:
        return card.left.total_seconds() if card.left is not None else None


class EventSerializer(serializers.ModelSerializer[AlertEvent]):
    class Meta:
        model = AlertEvent
        fields = ("at", "kind", "actor", "text")


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    class Meta:
        model = Attempt
        fields = ("number", "began_at", "ms", "outcome", "code", "meaning", "receipt")


class PageSerializer(serializers.ModelSerializer[Page]):
    channel = serializers.CharField(source="channel.name", default=None)
    attempts = AttemptSerializer(many=True, read_only=True)

    class Meta:
        model = Page
        fields = (
            "key",
            "kind",
            "to",
            "channel",
            "state",
            "late",
            "made_at",
            "due_at",
            "delivered_at",
            "reason",
            "attempts",
        )


class LinkSerializer(serializers.ModelSerializer[AlertOutage]):
    """An outage's time in the alert."""

    outage = serializers.IntegerField(source="outage_id")
    said = serializers.CharField(source="outage")
    since = serializers.DateTimeField(source="outage.since")
    until = serializers.DateTimeField(source="outage.until", allow_null=True)
    because = serializers.IntegerField(source="outage.because_id", allow_null=True)

    class Meta:
        model = AlertOutage
        fields = ("outage", "said", "since", "until", "because", "joined_at", "left_at")


class DetailSerializer(serializers.Serializer[Any]):
    card = CardSerializer()
    events = EventSerializer(many=True)
    pages = serializers.SerializerMethodField()
    roots = LinkSerializer(many=True)
    consequences = LinkSerializer(many=True)

    @extend_schema(responses=PageSerializer(many=True))
    def get_pages(self, page: queries.AlertPage) -> list[dict[str, Any]]:
        return list(PageSerializer([told.page for told in page.told], many=True).data)


class FilterSerializer(serializers.Serializer[Any]):
    """`state` open or over; both with neither."""

    state = serializers.ChoiceField(choices=["open", "over"], required=False)
    severity = serializers.ChoiceField(choices=[one.value for one in Severity], required=False)
    organisation = serializers.SlugField(required=False)


class AnswerReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000)


class AcknowledgeSerializer(AnswerReasonSerializer):
    """`until` at most seven days ahead; without it, as usual for the severity."""

    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class SnoozeSerializer(AnswerReasonSerializer):
    until = serializers.DateTimeField()


class CommentSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=4000)


class PeriodSerializer(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    organisation = serializers.SlugField(required=False)


class FiguresSerializer(serializers.Serializer[Any]):
    """Of alerts detected in the period: how many by verdict, and the numbers of those that made each figure."""

    counts = serializers.SerializerMethodField()
    alerts = serializers.SerializerMethodField()
    judged = serializers.IntegerField()
    share = serializers.FloatField(allow_null=True)

    def get_counts(self, figures: queries.Figures) -> dict[str, int]:
        return {one.value: figures.count(one) for one in Verdict}

    def get_alerts(self, figures: queries.Figures) -> dict[str, list[int]]:
        return {one.value: [alert.pk for alert in figures.alerts[one]] for one in Verdict}


class PolicySerializer(serializers.ModelSerializer[Policy]):
    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True)
    steps = serializers.SerializerMethodField()

    class Meta:
        model = Policy
        fields = ("id", "organisation", "name", "severity", "repeats", "repeat_after", "steps")

    def get_steps(self, policy: Policy) -> list[dict[str, Any]]:
        return [{"after": step.after, "to": [str(each) for each in step.targets.all()]} for step in policy.steps.all()]


class AlertsView(APIView):
    """Alerts with what became of their pages: open ones first, then the newest that are over."""

    rights: ClassVar = {"GET": "alert.view"}

    @extend_schema(parameters=[FilterSerializer], responses=CardSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = valid(FilterSerializer(data=request.query_params))
        actor, now = actor_of_request(request), timezone.now()
        organisation = _organisation(actor, asked)
        cards = [] if asked.get("state") == "over" else queries.open_alerts(actor, now, organisation)
        if asked.get("state") != "open":
            cards += queries.closed_alerts(actor, now, organisation)
        severity = asked.get("severity")
        found = [card for card in cards if severity in (None, card.alert.severity)]
        return Response(CardSerializer(found, many=True).data)


class AlertView(APIView):
    """One alert with its timeline, pages and outages."""

    rights: ClassVar = {"GET": "alert.view"}

    @extend_schema(responses=DetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        page = queries.alert_page(actor_of_request(request), pk, timezone.now())
        return Response(DetailSerializer(page).data)


class AcknowledgeView(APIView):
    """Somebody has it in hand. 409 where it is over."""

    rights: ClassVar = {"POST": "alert.answer"}

    @extend_schema(request=AcknowledgeSerializer, responses={200: AlertSerializer, 409: None})
    def post(self, request: Request, pk: int) -> Response:
        actor, alert = _asked_for(request, pk)
        asked = valid(AcknowledgeSerializer(data=request.data))
        return _answer(
            lambda: services.acknowledge(actor, alert, asked["reason"], timezone.now(), asked["until"]),
        )


class SnoozeView(APIView):
    """Nobody is told before then. 409 where it is over."""

    rights: ClassVar = {"POST": "alert.answer"}

    @extend_schema(request=SnoozeSerializer, responses={200: AlertSerializer, 409: None})
    def post(self, request: Request, pk: int) -> Response:
        actor, alert = _asked_for(request, pk)
        asked = valid(SnoozeSerializer(data=request.data))
        return _answer(lambda: services.snooze(actor, alert, asked["reason"], asked["until"], timezone.now()))


class CloseView(APIView):
    """Nobody is told any more until it works again or gets worse. 409 where it is over."""

    rights: ClassVar = {"POST": "alert.answer"}

    @extend_schema(request=AnswerReasonSerializer, responses={200: AlertSerializer, 409: None})
    def post(self, request: Request, pk: int) -> Response:
        actor, alert = _asked_for(request, pk)
        asked = valid(AnswerReasonSerializer(data=request.data))
        return _answer(lambda: services.close(actor, alert, asked["reason"], timezone.now()))


class CommentView(APIView):
    """A line on the timeline."""

    rights: ClassVar = {"POST": "alert.answer"}

    @extend_schema(request=CommentSerializer, responses={201: None})
    def post(self, request: Request, pk: int) -> Response:
        actor, alert = _asked_for(request, pk)
        services.comment(actor, alert, valid(CommentSerializer(data=request.data))["text"], timezone.now())
        return Response(status=status.HTTP_201_CREATED)


class FiguresView(APIView):
    """A1: were critical and high alerts acknowledged within fifteen minutes of detection?"""

    rights: ClassVar = {"GET": "alert.view"}

    @extend_schema(parameters=[PeriodSerializer], responses=FiguresSerializer)
    def get(self, request: Request) -> Response:
        asked = valid(PeriodSerializer(data=request.query_params))
        actor = actor_of_request(request)
        whose = _organisation(actor, asked)
        found = queries.answer_figures(actor, asked["start"], asked["end"], timezone.now(), organisation=whose)
        return Response(FiguresSerializer(found).data)


class PoliciesView(APIView):
    """Who is told of alerts, in which order."""

    rights: ClassVar = {"GET": "oncall.view"}

    @extend_schema(responses=PolicySerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(PolicySerializer(queries.policies(actor_of_request(request)), many=True).data)


def _asked_for(request: Request, pk: int) -> tuple[Actor, Alert]:
    """Whose it is before what is wrong with the rest: a stranger learns nothing."""
    actor = actor_of_request(request)
    return actor, visible_or_404(actor, Alert, pk=pk)


def _answer(verb: Callable[[], Alert]) -> Response:
    try:
        return Response(AlertSerializer(verb()).data)
    except services.AlreadyOver:
        return conflict("already_over", "this alert is over")
    except services.NoReason as error:
        raise serializers.ValidationError({"reason": ["say what is being done"]}) from error
    except services.BadDeadline as error:
        raise serializers.ValidationError({"until": ["a time ahead, at most seven days"]}) from error


def _organisation(actor: Actor, asked: dict[str, Any]) -> Organisation | None:
    slug = asked.get("organisation")
    return visible_or_404(actor, Organisation, slug=slug) if slug else None


urlpatterns = [
    path("alerts/", AlertsView.as_view(), name="api-alerts"),
    path("alerts/figures/", FiguresView.as_view(), name="api-alert-figures"),
    path("alerts/<int:pk>/", AlertView.as_view(), name="api-alert"),
    path("alerts/<int:pk>/acknowledge/", AcknowledgeView.as_view(), name="api-alert-acknowledge"),
    path("alerts/<int:pk>/snooze/", SnoozeView.as_view(), name="api-alert-snooze"),
    path("alerts/<int:pk>/close/", CloseView.as_view(), name="api-alert-close"),
    path("alerts/<int:pk>/comments/", CommentView.as_view(), name="api-alert-comment"),
    path("policies/", PoliciesView.as_view(), name="api-policies"),
]
