"""A status page as its readers see it: no address, no title, no cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.models import System
from umlindi.status.models import Component, Notice, StatusPage
from umlindi.status.queries.planned import AHEAD, Planned, planned_for
from umlindi.status.rules import DAYS, SAID, Day, Word, days_of, word_of
from umlindi.status.wording import sentence
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules.availability import Availability, Piece, pieces
from umlindi.uptime.rules.timeline import Period
from umlindi.watch.queries.estate import EstateRow, estate_now
from umlindi.watch.rules.conditions import Condition

READS = frozenset({"estate.view", "alert.view"})
TONES = {
    Word.DOWN: "fail",
    Word.PARTLY: "warn",
    Word.PLANNED: "window",
    Word.UNKNOWN: "unknown",
    Word.WORKS: "ok",
}
NOTICES_FOR = timedelta(days=14)
ENOUGH = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """One component: its word now, its last ninety days, the last of them today."""

    name: str
    word: Word
    days: Sequence[Day]
    up: Availability | None
    measured_since: datetime | None
    """The first answer, where the ninety days began before it."""

    @property
    def said(self) -> str:
        return SAID[self.word]

    @property
    def tone(self) -> str:
        """The state that colours it among staff's own pages."""
        return TONES[self.word]

    @property
    def uptime(self) -> Fraction | None:
        """Of the ninety days, agreed windows left out: the same figure as the uptime pages have.

        None where less than a day is known, of which a share would tell nothing.
        """
        return self.up.adjusted.share if self.up and self.up.raw.known >= ENOUGH else None

    @property
    def with_windows(self) -> Fraction | None:
        """With agreed windows counted as they were, where that makes a difference."""
        return self.up.raw.share if self.up and self.up.raw.share != self.up.adjusted.share else None


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
    midnights = _midnights(now, zone)
    systems = visible(actor, System).filter(pk__in=[one.system_id for one in components])
    ledger = Ledger.load(systems, Period(midnights[0], now + AHEAD), now)
    planned = planned_for(components, ledger.coverage, now)
    notices = page.notices.filter(Q(ended=None) | Q(ended__gt=now - NOTICES_FOR)).prefetch_related("updates")
    return ClientPage(
        page=page,
        as_of=now,
        zone=zone,
        components=_told(actor, components, ledger, _at_work(planned), midnights),
        notices=[notice for notice in notices if notice.ended is None],
        past=[notice for notice in notices if notice.ended is not None],
        planned=planned,
    )


def _at_work(planned: Iterable[Planned]) -> set[int]:
    return {component for work in planned if work.active for component in work.components}


def _told(
    actor: Actor, components: Sequence[Component], ledger: Ledger, planned: set[int], midnights: Sequence[datetime]
) -> list[Told]:
    rows = {row.system.pk: row for row in estate_now(actor, midnights[-1]).rows}
    return [
        Told(
            name=one.name,
            word=word_of(_parts(rows.get(one.system_id)), planned=one.pk in planned),
            days=days_of(_pieces(ledger, one.system_id), midnights),
            up=ledger.figures(one.system_id),
            measured_since=ledger.systems_since([one.system_id]),
        )
        for one in components
    ]


def _parts(row: EstateRow | None) -> list[tuple[str, Condition]]:
    return [(part.kind, part.condition) for part in row.interfaces] if row else []


def _pieces(ledger: Ledger, system: int) -> list[Piece]:
    return pieces(ledger.of_systems.get(system, []), ledger.windows.get(system, []))


def _midnights(now: datetime, zone: str) -> list[datetime]:
    """Where each of the last ninety days began at the site, and now."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (today - timedelta(days=back) for back in reversed(range(DAYS)))
    return [*(datetime.combine(day, time.min, ZoneInfo(zone)) for day in days), now]
