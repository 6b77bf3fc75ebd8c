"""What staff see of the pages and links they may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import System
from umlindi.status.models import Link, StatusPage


@dataclass(frozen=True, slots=True)
class PageRow:
    """A status page in the list, with how many systems it shows, live links it has and notices it tells now."""

    page: StatusPage
    systems: int
    links: int
    notices: int


def page_rows(actor: Actor) -> list[PageRow]:
    """Every page the actor may change."""
    counted = (
        visible(actor, StatusPage)
        .select_related("organisation")
        .annotate(
            shows=Count("components", distinct=True),
            live=Count("links", filter=Q(links__revoked_at=None), distinct=True),
            told=Count("notices", filter=Q(notices__ended=None), distinct=True),
        )
    )
    return [PageRow(page, page.shows, page.live, page.told) for page in counted]


def links_of(actor: Actor, page: StatusPage) -> QuerySet[Link]:
    """A page's links, the live ones first."""
    return _live_first(visible(actor, Link).filter(page=page))


def wall_links(actor: Actor) -> QuerySet[Link]:
    """The wallboards' links, the live ones first."""
    return _live_first(visible(actor, Link).filter(page=None).select_related("organisation"))


def _live_first(links: QuerySet[Link]) -> QuerySet[Link]:
    return links.order_by(F("revoked_at").desc(nulls_first=True), "-made_at")


def systems_to_show(actor: Actor, organisation_id: int) -> Sequence[System]:
    """What a page of this organisation can show."""
    return list(visible(actor, System).filter(site__organisation=organisation_id).select_related("site"))
