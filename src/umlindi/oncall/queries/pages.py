"""What the pages and the API of on call show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from umlindi.accounts.models import Organisation, User
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.scope import visible
from umlindi.oncall.models import Channel, Handover, Holiday, Override, Profile, Rota, Swap, Turn
from umlindi.oncall.queries.plans import holiday_names, plan_of, roster_of
from umlindi.oncall.queries.ways import profile_of
from umlindi.oncall.queries.weeks import (
    MIDNIGHT,
    ONE_WEEK,
    Frame,
    Seen,
    Span,
    Week,
    monday_of,
    seen_in,
    spans,
    weeks_of,
)
from umlindi.oncall.rules.moments import at as instant_of
from umlindi.oncall.rules.roster import Plan, began, roster

AHEAD = timedelta(weeks=5)
SOON = timedelta(hours=72)
SHOWN_WEEKS = 4
NOTES_SHOWN = 10
EDIT = "oncall.edit"


@dataclass(frozen=True, slots=True)
class Now:
    """A rota's present: who is on call, until when (None: longer than five weeks), and who comes after.

    `hole` is the first time without anybody that begins within 72 hours, `missing` whether that is now. Neither person
    nor `missing`: nobody need be there. `note` is the newest for the present shift.
    """

    rota: Rota
    person: User | None
    until: datetime | None
    next_person: User | None
    next_from: datetime | None
    hole: Span | None = None
    missing: bool = False
    phone: str = ""
    reached: Sequence[Channel] = ()
    note: Handover | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A rota as weeks, with who is who. `spans` are cut at `until`, behind which nothing was worked out."""

    weeks: list[Week]
    seen: Seen
    spans: list[Span]
    until: datetime

    @property
    def holes(self) -> list[Span]:
        return [span for span in self.spans if span.person is None]


@dataclass(frozen=True, slots=True)
class NowPage:
    """Who is on call in every rota, what awaits this person's answer, and the teams' own channels."""

    rotas: list[tuple[Now, Drawn]]
    asked: list[Swap]
    teams: list[Channel]
    mine: bool

    @property
    def holes(self) -> list[Now]:
        return [now for now, _ in self.rotas if now.hole]

    @property
    def uncovered(self) -> list[Now]:
        """The rotas that have nobody at this moment, and should."""
        return [now for now, _ in self.rotas if now.missing]


@dataclass(frozen=True, slots=True)
class RotaPage:
    """One rota: now, the next four weeks, what was changed by hand, what is proposed, and the notes."""

    now: Now
    drawn: Drawn
    overrides: list[Override]
    swaps: list[Swap]
    notes: list[Handover]
    serves: bool
    may_edit: bool


@dataclass(frozen=True, slots=True)
class Reach:
    """How one person is reached: their channels, rules by severity, and profile."""

    person: User
    profile: Profile
    channels: list[Channel]

    @property
    def failing(self) -> list[Channel]:
        return [channel for channel in self.channels if channel.enabled and channel.failed_at]

    @property
    def untested(self) -> list[Channel]:
        return [channel for channel in self.channels if channel.enabled and not channel.verified_at]


def on_call_now(actor: Actor, at: datetime) -> list[Now]:
    """Every rota that the actor may see, with who is on call."""
    return [now_of(rota, at) for rota in visible(actor, Rota).select_related("organisation")]


def now_of(rota: Rota, at: datetime) -> Now:
    found = roster_of(rota, at - AHEAD, at + AHEAD)
    told = spans(found, seen_in(found))
    ahead = [span for span in told if span.end > at]
    present = next((span for span in ahead if span.person and span.start <= at), None)
    since, until = _stretch(told, present) if present else (at, at)
    coming = next((span for span in ahead if span.person and span.start >= until and span is not present), None)
    hole = next((span for span in ahead if span.person is None and span.start < at + SOON), None)
    person = present.person if present else None
    return Now(
        rota=rota,
        person=person,
        until=until if present and until < at + AHEAD else None,
        next_person=coming.person if coming else None,
        next_from=coming.start if coming else None,
        hole=hole,
        missing=hole is not None and hole.start <= at,
        phone=profile_of(person).phone if person else "",
        reached=list(Channel.objects.filter(user=person, enabled=True)) if person else (),
        note=_note(rota, since, until),
    )


def _note(rota: Rota, since: datetime, until: datetime) -> Handover | None:
    """The newest note for the present shift."""
    notes = Handover.objects.filter(rota=rota, shift_starts__gte=since, shift_starts__lt=until)
    return notes.select_related("author").first()


def now_page(actor: Actor, at: datetime) -> NowPage:
    nows = on_call_now(actor, at)
    asked = visible(actor, Swap).filter(other=actor.user_id, state=Swap.State.PROPOSED, ends__gt=at)
    teams = visible(actor, Channel).filter(user=None).select_related("organisation")
    return NowPage(
        rotas=[(now, drawn(now.rota, at, 1)) for now in nows],
        asked=list(asked.select_related("rota", "proposer")),
        teams=list(teams),
        mine=Channel.objects.filter(user=actor.user_id, enabled=True).exists(),
    )


def rota_page(actor: Actor, rota: Rota, at: datetime) -> RotaPage:
    return RotaPage(
        now=now_of(rota, at),
        drawn=drawn(rota, at, SHOWN_WEEKS),
        overrides=list(rota.overrides.filter(ends__gt=at).select_related("user")),
        swaps=list(rota.swaps.filter(state=Swap.State.PROPOSED, ends__gt=at).select_related("proposer", "other")),
        notes=list(rota.handovers.select_related("author")[:NOTES_SHOWN]),
        serves=Turn.objects.filter(layer__rota=rota, user=actor.user_id).exists(),
        may_edit=actor.may(EDIT, rota.organisation_id or EVERYWHERE),
    )


def drawn(rota: Rota, at: datetime, weeks: int) -> Drawn:
    """A rota from this Monday, so many weeks; the spans from now on."""
    start, end = _weeks_from(at, ZoneInfo(rota.timezone), weeks)
    return drawn_plan(plan_of(rota, start, end), rota.organisation_id, at, weeks)


def drawn_plan(plan: Plan, organisation_id: int | None, at: datetime, weeks: int = SHOWN_WEEKS) -> Drawn:
    """The same for a plan that is not saved yet."""
    zone = plan.calendar.zone
    start, end = _weeks_from(at, zone, weeks)
    whole, ahead = roster(plan, min(max(start, began(plan)), at), end), roster(plan, at, end)
    seen = seen_in(whole)
    frame = Frame(seen, zone, holiday_names(organisation_id, start.date(), end.date()), at)
    return Drawn(weeks_of(whole, frame, monday_of(at, zone), weeks), seen, spans(ahead, seen), end)


def holidays_shown(actor: Actor, since: date) -> QuerySet[Holiday]:
    """Everybody's days off, which are no secret, and those of the actor's organisations."""
    own = Q(pk__in=visible(actor, Holiday).values("pk"))
    return Holiday.objects.filter(own | Q(organisation=None), day__gte=since).select_related("organisation")


def reach_of(person: User) -> Reach:
    return Reach(person, profile_of(person), list(person.channels.all()))


def editable_organisations(actor: Actor) -> QuerySet[Organisation]:
    """Where the actor may change on call."""
    held = actor.organisations(EDIT)
    return Organisation.objects.all() if held is None else Organisation.objects.filter(pk__in=held)


def _weeks_from(at: datetime, zone: tzinfo, weeks: int) -> tuple[datetime, datetime]:
    monday = monday_of(at, zone)
    return instant_of(monday, MIDNIGHT, zone), instant_of(monday + ONE_WEEK * weeks, MIDNIGHT, zone)


def _stretch(told: list[Span], present: Span) -> tuple[datetime, datetime]:
    """Since when and until when the present person stays, put on by hand or not."""
    since, until = present.start, present.end
    for span in told[told.index(present) + 1 :]:
        if span.start != until or span.person != present.person:
            break
        until = span.end
    for span in reversed(told[: told.index(present)]):
        if span.end != since or span.person != present.person:
            break
        since = span.start
    return since, until
