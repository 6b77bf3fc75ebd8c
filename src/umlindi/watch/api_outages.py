"""The API of outages: what is out, and what was."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible, visible_or_404
from umlindi.watch.models import Outage

_PLACES = {
    "organisation": ("organisation__slug",),
    "site": ("site__organisation__slug", "site__slug"),
    "system": ("system__site__organisation__slug", "system__site__slug", "system__slug"),
}


class OutageSerializer(serializers.ModelSerializer[Outage]):
    """`because` is the id of the outage that this one is a mere consequence of."""

    organisation = serializers.SlugRelatedField[Organisation](slug_field="slug", read_only=True, allow_null=True)
    site = serializers.CharField(source="site.path", read_only=True, default=None, allow_null=True)
    system = serializers.CharField(source="system.path", read_only=True, default=None, allow_null=True)
    url = serializers.CharField(source="get_absolute_url", read_only=True)

    class Meta:
        model = Outage
        exclude = ("heard", "first", "last")


class OutageDetailSerializer(OutageSerializer):
    """`first` and `last` are evidence: the JSON of a probe's result where a probe saw it."""

    consequences = serializers.PrimaryKeyRelatedField[Outage](many=True, read_only=True)

    class Meta:
        model = Outage
        exclude = ("heard",)


class AskedSerializer(serializers.Serializer[dict[str, Any]]):
    """What a list is cut down by. `since` and `until` bound a time: what reaches into it is listed."""

    open = serializers.BooleanField(required=False, allow_null=True, default=None)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)
    organisation = serializers.CharField(required=False)
    site = serializers.CharField(required=False, help_text="organisation/site")
    system = serializers.CharField(required=False, help_text="organisation/site/system")

    def lookups(self) -> dict[str, Any]:
        """As a filter of outages. Raises where something asked has no meaning."""
        self.is_valid(raise_exception=True)
        asked = self.validated_data
        found: dict[str, Any] = {} if asked["open"] is None else {"until__isnull": asked["open"]}
        found |= {"since__lt": asked["until"]} if "until" in asked else {}
        for name, slugs in _PLACES.items():
            if name in asked:
                found |= self._place(name, slugs, asked[name])
        return found

    def _place(self, name: str, slugs: tuple[str, ...], given: str) -> dict[str, str]:
        path = given.split("/")
        if len(path) != len(slugs):
            raise serializers.ValidationError({name: [f"write it as {'/'.join(list(_PLACES)[: len(slugs)])}"]})
        return dict(zip(slugs, path, strict=True))


class OutagesView(GenericAPIView[Outage]):
    """Outages, the newest first."""

    rights: ClassVar = {"GET": "alert.view"}
    serializer_class = OutageSerializer

    @extend_schema(operation_id="api_outages_list", parameters=[AskedSerializer], responses=OutageSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = AskedSerializer(data=request.query_params)
        rows = visible(actor_of_request(request), Outage).filter(**asked.lookups()).order_by("-since", "-pk")
        rows = rows.select_related("organisation", "site__organisation", "system__site__organisation")
        if since := asked.validated_data.get("since"):
            rows = rows.exclude(until__lte=since)
        page = self.paginate_queryset(rows.defer("first", "last"))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class OutageView(GenericAPIView[Outage]):
    """One outage with its evidence."""

    rights: ClassVar = {"GET": "alert.view"}
    serializer_class = OutageDetailSerializer

    def get(self, request: Request, pk: int) -> Response:
        outage = visible_or_404(actor_of_request(request), Outage, pk=pk)
        return Response(self.get_serializer(outage).data)
