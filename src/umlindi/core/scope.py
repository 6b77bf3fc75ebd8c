"""Law 4: every read is scoped to the actor; another organisation's row does not exist for them.

A model says on which path its organisation lies (`scope_path`) and which right reads it (`scope_right`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from umlindi.core.actors import Actor


class Scoped(Protocol):
    """What a model declares to be readable at all: the lookup that leads to an organisation's id, and the right."""

    scope_path: ClassVar[str]
    scope_right: ClassVar[str]


Row = TypeVar("Row", bound=Model)


def visible(actor: Actor, model: type[Row]) -> QuerySet[Row]:
    """The rows of a scoped model this actor may see, each once. A model without a scope raises: it may not be read so.

    A path that branches is followed in a subquery: a person in two of the actor's organisations would come twice from
    a join, and a later filter could lean on a membership elsewhere.
    """
    path, right = _scope(model)
    rows = model._default_manager.all()
    organisations = actor.organisations(right)
    if organisations is None:
        return rows
    if _branches(model, path):
        return rows.filter(pk__in=model._base_manager.filter(**{f"{path}__in": organisations}).values("pk"))
    return rows.filter(**{f"{path}__in": organisations})


def visible_or_404(actor: Actor, model: type[Row], **lookup: Any) -> Row:
    """One visible row, or Http404: the same answer for a row of a stranger and for none at all."""
    # PostgreSQL refuses NUL in a text, where no row can have it.
    possible = not any("\0" in value for value in lookup.values() if isinstance(value, str))
    row = visible(actor, model).filter(**lookup).first() if possible else None
    if row is None:
        raise Http404(f"no such {model._meta.verbose_name}")
    return row


@cache
def _branches(model: type[Model], path: str) -> bool:
    """Whether one row can reach several organisations: people and what is theirs."""
    step: Any = model
    for name in path.split("__")[:-1]:
        field = step._meta.get_field(name)
        if field.one_to_many or field.many_to_many:
            return True
        step = field.related_model
    return False


def _scope(model: type[Model]) -> tuple[str, str]:
    try:
        return model.scope_path, model.scope_right  # type: ignore[attr-defined]
    except AttributeError as error:
        raise TypeError(f"{model.__name__} declares no scope_path and scope_right") from error
