"""What the views of uptime share."""

from __future__ import annotations

from django.urls import reverse

from umlindi.accounts.doors import Request
from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible, visible_or_404
from umlindi.estate.models import Interface, Site, System
from umlindi.uptime.models import Objective
from umlindi.uptime.queries.book import Kind
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.queries.subjects import Subject


def chosen(request: Request) -> Organisation | None:
    """The organisation a page is narrowed to by `?org=slug`, or None for all the actor sees."""
    slug = request.GET.get("org")
    return visible_or_404(request.actor, Organisation, slug=slug) if slug else None


def organisations_with(actor: Actor, right: str) -> list[Organisation]:
    """Where the actor may do something."""
    return [each for each in visible(actor, Organisation) if actor.may(right, each.pk)]


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
