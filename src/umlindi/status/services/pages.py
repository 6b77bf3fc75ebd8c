"""Status pages: which systems they show, under which names, and what staff say on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import audited, record
from umlindi.core.scope import visible
from umlindi.estate.models import System
from umlindi.status.models import Component, Notice, StatusPage, Update

EDIT = "watch.edit"
Shown = Sequence[tuple[int, str]]
"""The systems of a page in their order: a system's id, and what its users call it."""


@transaction.atomic
def add_page(actor: Actor, organisation: Organisation, values: Mapping[str, Any], shown: Shown) -> StatusPage:
    """A new page of an organisation; `values` are its title, slug, introduction and whether it is public."""
    actor.require(EDIT, organisation.pk)
    page = StatusPage(organisation=organisation, **values)
    with audited(actor, "status-page.added", page):
        page.save()
    _show(actor, page, shown)
    return page


@transaction.atomic
def change_page(actor: Actor, page: StatusPage, values: Mapping[str, Any], shown: Shown) -> StatusPage:
    """New words, or other systems. Its links stay."""
    actor.require(EDIT, page.organisation_id)
    with audited(actor, "status-page.changed", page):
        for name, value in values.items():
            setattr(page, name, value)
        page.save()
    _show(actor, page, shown)
    return page


def remove_page(actor: Actor, page: StatusPage, reason: str) -> None:
    """With its notices and links: whoever holds one sees nothing more."""
    actor.require(EDIT, page.organisation_id)
    with audited(actor, "status-page.removed", page, reason):
        page.delete()


def _show(actor: Actor, page: StatusPage, shown: Shown) -> None:
    """Put exactly these systems on the page. One of another organisation is passed over: it does not exist here."""
    own = set(
        visible(actor, System).filter(site__organisation=page.organisation_id).values_list("pk", flat=True).iterator()
    )
    wanted = [(system, name) for system, name in shown if system in own]
    before = list(page.components.values_list("system_id", "name"))
    if wanted == before:
        return
    with transaction.atomic():
        page.components.all().delete()
        Component.objects.bulk_create(
            Component(page=page, system_id=system, name=name, position=position)
            for position, (system, name) in enumerate(wanted)
        )
        record(actor, "status-page.shows", page, before={"systems": before}, after={"systems": wanted})


def tell(actor: Actor, page: StatusPage, now: datetime, *, title: str, stage: str, text: str) -> Notice:
    """Begin to tell the readers of something, with its first update."""
    actor.require(EDIT, page.organisation_id)
    notice = Notice(page=page, title=title, began=now)
    with transaction.atomic():
        with audited(actor, "notice.began", notice):
            notice.save()
        say(actor, notice, now, stage=stage, text=text)
    return notice


def say(actor: Actor, notice: Notice, now: datetime, *, stage: str, text: str) -> Update:
    """An update. "over" ends the notice, any other stage opens it again."""
    actor.require(EDIT, notice.page.organisation_id)
    update = Update(notice=notice, at=now, by=actor.name, stage=stage, text=text)
    with transaction.atomic():
        with audited(actor, "notice.updated", update):
            update.save()
        ended = now if stage == Update.Stage.OVER else None
        if notice.ended != ended:
            notice.ended = ended
            notice.save(update_fields=["ended"])
    return update
