"""Law 4: every read is scoped to the actor; another organisation's row does not exist for them.

A model says on which path its organisation lies (`scope_path`) and which right reads it (`scope_right`).
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from umlindi.core.actors import Actor


class Scoped(Protocol):
    """What a model declares to be readable at all. `organisation_id` is the empty path's own key."""

    scope_path: ClassVar[str]
    scope_right: ClassVar[str]


Row = TypeVar("Row", bound=Model)


def visible(actor: Actor, model: type[Row]) -> QuerySet[Row]:
    """The rows of a scoped model this actor may see. A model without a scope raises: it may not be read so."""
    path, right = _scope(model)
    rows = model._default_manager.all()
    organisations = actor.organisations(right)
    return rows if organisations is None else rows.filter(**{f"{path}__in": organisations})


def visible_or_404(actor: Actor, model: type[Row], **lookup: Any) -> Row:
    """One visible row, or Http404: the same answer for a row of a stranger and for none at all."""
    row = visible(actor, model).filter(**lookup).first()
    if row is None:
        raise Http404(f"no such {model._meta.verbose_name}")
    return row


def _scope(model: type[Model]) -> tuple[str, str]:
    try:
        return model.scope_path, model.scope_right  # type: ignore[attr-defined]
    except AttributeError as error:
        raise TypeError(f"{model.__name__} declares no scope_path and scope_right") from error
