"""What the API's parts share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ValidationError

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible, visible_or_404
from umlindi.estate.models import Site, System

Named = TypeVar("Named", Site, System)


class Over(APIException):
    """A window that is over stays as it is."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "history"
    default_detail = "it is over, and history stays as it is"


class ReasonSerializer(serializers.Serializer[dict[str, str]]):
    reason = serializers.CharField(max_length=300)


def refusal(complaints: Mapping[str, str]) -> ValidationError:
    return ValidationError({name or "non_field_errors": [why] for name, why in complaints.items()})


def organisation_named(actor: Actor, slug: str) -> Organisation:
    return visible_or_404(actor, Organisation, slug=slug)


def all_named(actor: Actor, model: type[Named], field: str, keys: list[int]) -> frozenset[Named]:
    """Rows by their numbers. Raises for one that the actor may not see, as for one that does not exist."""
    found = frozenset(visible(actor, model).filter(pk__in=keys))
    missing = set(keys) - {row.pk for row in found}
    if missing:
        raise ValidationError({field: [f"There is no {min(missing)}."]})
    return found
