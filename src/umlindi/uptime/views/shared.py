"""What the views of uptime share."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from umlindi.accounts.doors import Request, chosen
from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import organisations_where
from umlindi.estate.models import Interface, Site, System
from umlindi.uptime.models import Objective
from umlindi.uptime.queries.book import Kind
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.queries.subjects import Subject


def organisation_to_edit(request: Request, right: str) -> tuple[Organisation | None, Sequence[Organisation]]:
    """The one a form is for, chosen or the only one there is, and all there are to choose from.

    Raises `Forbidden` where the actor may not do it there.
    """
    there = list(organisations_where(request.actor, right))
    organisation = chosen(request) or (there[0] if len(there) == 1 else None)
    if organisation is not None:
        request.actor.require(right, organisation.pk)
    return organisation, there


def trail(subject: Subject, asked: Asked) -> list[tuple[str, str]]:
    """All that a subject is within, the widest first: names and addresses of the same period."""
    return [(str(each), reverse(f"uptime:{kind}", args=[each.pk]) + asked.query) for kind, each in _above(subject)]


def _above(subject: Subject) -> list[tuple[Kind, Subject]]:
    match subject:
        case Interface():
            return [*_above(subject.system), (Kind.SYSTEM, subject.system)]
        case System():
            return [*_above(subject.site), (Kind.SITE, subject.site)]
        case Site() | Objective():
            return [(Kind.ORGANISATION, subject.organisation)]
    return []
