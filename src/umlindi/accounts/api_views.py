"""People over the API, read only, and who the caller is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Membership, User
from umlindi.accounts.queries import people, person_or_404


class RoleSerializer(serializers.ModelSerializer[Membership]):
    """`organisation` is a slug, or null where the role holds everywhere."""

    organisation = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)

    class Meta:
        model = Membership
        fields = ("role", "organisation")


class PersonSerializer(serializers.ModelSerializer[User]):
    roles = RoleSerializer(source="roles_seen", many=True, read_only=True)
    has_second_factor = serializers.BooleanField(read_only=True)

    class Meta:
        model = User
        fields = ("id", "username", "first_name", "last_name", "email", "is_active", "last_login", "has_second_factor",
                  "roles")  # fmt: skip


class MeSerializer(serializers.Serializer[Any]):
    """`rights` maps an organisation's number, or 0 for every one, to the rights held there."""

    name = serializers.CharField()
    kind = serializers.CharField()
    rights = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))


class MeView(APIView):
    """Who is calling, and with which rights: the first call of every new program."""

    rights: ClassVar = {"GET": ""}

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        actor = actor_of_request(request)
        rights = {str(where): sorted(held) for where, held in actor.rights.items()}
        return Response({"name": actor.name, "kind": actor.kind, "rights": rights})


class PeopleView(APIView):
    """Everybody this actor may see, with the roles it may see."""

    rights: ClassVar = {"GET": "people.view"}

    @extend_schema(responses=PersonSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response(PersonSerializer(people(actor_of_request(request)), many=True).data)


class PersonView(APIView):
    """One person."""

    rights: ClassVar = {"GET": "people.view"}

    @extend_schema(responses=PersonSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return Response(PersonSerializer(person_or_404(actor_of_request(request), pk)).data)


urlpatterns = [
    path("me/", MeView.as_view(), name="api-me"),
    path("people/", PeopleView.as_view(), name="api-people"),
    path("people/<int:pk>/", PersonView.as_view(), name="api-person"),
]
