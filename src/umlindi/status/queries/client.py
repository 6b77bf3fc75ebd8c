"""A status page as its readers see it: no address, no title, no cause."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import compress
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import Interface
from umlindi.status.models import Component, Notice, StatusPage
from umlindi.status.queries.planned import Planned, planned_for
from umlindi.status.rules import DAYS, SAID, Day, Word, days_of, merged, serving, uptime, word_of
from umlindi.status.wording import sentence
from umlindi.watch.history import History
from umlindi.watch.queries import Now, presents
from umlindi.watch.rules.conditions import Interval

READS = frozenset({"estate.view", "alert.view"})
TONES = {
    Word.DOWN: "fail",
    Word.PARTLY: "warn",
    Word.PLANNED: "window",
    Word.UNKNOWN: "unknown",
    Word.WORKS: "ok",
}
NOTICES_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Told:
    """One component: its word now, its last ninety days, the last of them today."""

    name: str
    word: Word
    days: Sequence[Day]

    @property
    def said(self) -> str:
        return SAID[self.word]

    @property
    def tone(self) -> str:
        """The state that colours it among staff's own pages."""
        return TONES[self.word]

    @property
    def uptime(self) -> float | None:
        return uptime(self.days)


@dataclass(frozen=True, slots=True)
class ClientPage:
    """Everything a status page says, as of a moment. `zone` is that of its first component's site."""

    page: StatusPage
    as_of: datetime
    zone: str
    components: Sequence[Told]
    notices: Sequence[Notice]
    past: Sequence[Notice]
    planned: Sequence[Planned]

    @property
    def sentence(self) -> str:
        return sentence([one.word for one in self.components])

    @property
    def unwell(self) -> int:
        """How many components need patience now: the page's title tells."""
        return sum(one.word in (Word.DOWN, Word.PARTLY) for one in self.components)


def client_page(page: StatusPage, now: datetime) -> ClientPage:
    """What the page's readers are told. Reads only what belongs to the page's own organisation."""
    actor = Actor(f"status page {page.slug}", "link", rights={page.organisation_id: READS})
    components = list(page.components.select_related("system__site"))
    zone = components[0].system.site.timezone if components else settings.TIME_ZONE
    planned = planned_for(actor, page.organisation_id, components, now)
    notices = page.notices.filter(Q(ended=None) | Q(ended__gt=now - NOTICES_FOR)).prefetch_related("updates")
    return ClientPage(
        page=page,
        as_of=now,
        zone=zone,
        components=_told(actor, components, _at_work(planned), zone, now),
        notices=[notice for notice in notices if notice.ended is None],
        past=[notice for notice in notices if notice.ended is not None],
        planned=planned,
    )


def _at_work(planned: Iterable[Planned]) -> set[int]:
    return {component for work in planned if work.active for component in work.components}


def _told(actor: Actor, components: Sequence[Component], planned: set[int], zone: str, now: datetime) -> list[Told]:
    rows = visible(actor, Interface).filter(system__in=[one.system_id for one in components], enabled=True)
    parts: defaultdict[int, list[Now]] = defaultdict(list)
    for row in presents(actor, now, rows):
        parts[row.interface.system_id].append(row)
    midnights = _midnights(now, zone)
    history = History.load((row.interface.pk for each in parts.values() for row in each), midnights[0])
    return [
        Told(
            name=one.name,
            word=word_of([(row.interface.kind, row.condition) for row in parts[one.system_id]], one.pk in planned),
            days=days_of(_history(parts[one.system_id], history, now), midnights),
        )
        for one in components
    ]


def _history(parts: Sequence[Now], history: History, now: datetime) -> list[Interval]:
    serves = compress(parts, serving(row.interface.kind for row in parts))
    return merged([history.of(row.interface.pk) for row in serves], now)


def _midnights(now: datetime, zone: str) -> list[datetime]:
    """Where each of the last ninety days began at the site, and now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (today - timedelta(days=back) for back in reversed(range(DAYS)))
    return [*(datetime.combine(day, time.min, ZoneInfo(zone)) for day in days), now]
