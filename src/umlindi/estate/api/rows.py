"""List, retrieve, add, change and remove, for every kind of row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from umlindi.accounts.api import actor_of_request
from umlindi.accounts.models import Organisation
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.scope import visible
from umlindi.estate import services
from umlindi.estate.models import Dependency, Site, System
from umlindi.estate.queries.search import containing
from umlindi.estate.rules import Complaint, defaults
from umlindi.estate.services.verbs import EDIT, EstateRow

Named = TypeVar("Named", Organisation, Site, System)


class Standing(APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "stood_upon"


class Changed(APIException):
    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "changed_meanwhile"


def refusal(complaints: list[Complaint]) -> ValidationError:
    """Complaints by field; those of a setting below `settings`."""
    fields: dict[str, Any] = {}
    for complaint in complaints:
        *into, name = map(str, complaint.place or ("row",))
        level = fields
        for step in into:
            level = level.setdefault(step, {})
        level.setdefault(name, []).append(complaint.why)
    return ValidationError(fields)


def owner_named(actor: Actor, kind: str, given: dict[str, Any]) -> Organisation | Site | System | None:
    """The owner that a body names, taken out of it. A stranger's is as unknown as one that does not exist."""
    match kind:
        case "site":
            return organisation_named(actor, given, "organisation")
        case "system":
            return site_named(actor, given, "site")
        case "interface":
            return system_named(actor, given, "system")
        case "contact":
            organisation = organisation_named(actor, given, "organisation")
            return site_named(actor, given, "site") if given.get("site") else organisation
    return None


def organisation_named(actor: Actor, given: dict[str, Any], name: str) -> Organisation:
    return _named(visible(actor, Organisation), given, name, ("slug",))


def site_named(actor: Actor, given: dict[str, Any], name: str) -> Site:
    rows = visible(actor, Site).select_related("organisation")
    return _named(rows, given, name, ("organisation__slug", "slug"))


def system_named(actor: Actor, given: dict[str, Any], name: str) -> System:
    rows = visible(actor, System).select_related("site__organisation")
    return _named(rows, given, name, ("site__organisation__slug", "site__slug", "slug"))


def _named(rows: QuerySet[Named], given: dict[str, Any], name: str, slugs: tuple[str, ...]) -> Named:
    path = str(given.pop(name, "")).replace("\0", "").split("/")
    found = rows.filter(**dict(zip(slugs, path, strict=True))).first() if len(path) == len(slugs) else None
    if found is None:
        raise ValidationError({name: [f"names none that you may see; write it as {'/'.join(_WORDS[: len(slugs)])}"]})
    return found


_WORDS = ("organisation", "site", "system")


class Estate(GenericAPIView[Any]):
    """What the two views of a kind share. `filters` maps a query parameter to the lookup it cuts down by."""

    kind: ClassVar[str]
    model: ClassVar[type[Model]]
    related: ClassVar[tuple[str, ...]] = ()
    prefetched: ClassVar[tuple[str, ...]] = ()
    filters: ClassVar[Mapping[str, str]] = {}
    text: ClassVar[tuple[str, ...]] = ("name",)
    rights: ClassVar = {"GET": "estate.view", "POST": EDIT, "PUT": EDIT, "PATCH": EDIT, "DELETE": EDIT}

    def get_queryset(self) -> QuerySet[Any]:
        rows = visible(actor_of_request(self.request), self.model)
        return rows.select_related(*self.related).prefetch_related(*self.prefetched) if self.related else rows

    def body(self) -> dict[str, Any]:
        """The body as a dict of its own. Raises for anything but an object."""
        if not isinstance(self.request.data, Mapping):
            raise ValidationError("the body is an object with the row's fields")
        return dict(self.request.data.items())

    def shown(self, row: Model, status: int = 200) -> Response:
        fresh = self.get_queryset().get(pk=row.pk)
        etag = {} if isinstance(fresh, Dependency) else {"ETag": f'"{services.fingerprint(fresh)}"'}
        return Response(self.get_serializer(fresh).data, status=status, headers=etag)


class Rows(Estate):
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self._filtered(request))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _filtered(self, request: Request) -> QuerySet[Any]:
        asked = {name: str(value).replace("\0", "") for name, value in request.query_params.items()}
        rows = self.get_queryset().filter(containing(asked.get("text", ""), self.text))
        return rows.filter(**{lookup: asked[name] for name, lookup in self.filters.items() if name in asked})

    def post(self, request: Request) -> Response:
        actor, given = actor_of_request(request), self.body()
        if self.kind == "organisation":
            actor.require(EDIT, EVERYWHERE)
        owner = owner_named(actor, self.kind, given)
        try:
            return self.shown(services.add(actor, self.kind, owner, given), status.HTTP_201_CREATED)
        except services.Invalid as error:
            raise refusal(error.complaints) from error


class Row(Estate):
    def row(self) -> EstateRow:
        found: EstateRow = get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        return found

    def get(self, request: Request, pk: int) -> Response:
        return self.shown(self.row())

    def put(self, request: Request, pk: int) -> Response:
        """Every field: what is left out becomes empty."""
        return self._changed(request, {**defaults(self.kind), **self.body()})

    def patch(self, request: Request, pk: int) -> Response:
        """Only the fields given."""
        return self._changed(request, self.body())

    def _changed(self, request: Request, given: dict[str, Any]) -> Response:
        row, seen = self.row(), request.headers.get("If-Match", "").strip('"')
        try:
            return self.shown(services.change(actor_of_request(request), row, given, seen=seen))
        except services.Invalid as error:
            raise refusal(error.complaints) from error
        except services.ChangedMeanwhile as error:
            raise Changed(str(error)) from error

    def delete(self, request: Request, pk: int) -> Response:
        try:
            services.remove(actor_of_request(request), self.row(), request.query_params.get("reason", ""))
        except services.Invalid as error:
            raise refusal(error.complaints) from error
        except services.StoodUpon as error:
            raise Standing(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)
