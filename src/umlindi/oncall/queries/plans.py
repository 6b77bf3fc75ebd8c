"""A rota's rows as the values that the rules work on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q

from umlindi.accounts.models import Membership, User
from umlindi.accounts.rules import RIGHTS, Role
from umlindi.oncall.models import Channel, Holiday, Layer, Override, Rota
from umlindi.oncall.rules.roster import Gap, Plan, Roster, roster
from umlindi.oncall.rules.rotation import Calendar, OnHolidays, Rotation, Shift, Unit
from umlindi.oncall.rules.week import week_hours

ANSWERS = "alert.answer"
MOMENT = timedelta(microseconds=1)
TWO_DAYS = timedelta(days=2)
PREVIEWED = timedelta(weeks=6)
_ROLES = [role for role in Role if ANSWERS in RIGHTS[role]]


def on_call(rota: Rota, at: datetime) -> User | None:
    """Who is on call at a moment; None where nobody is, or nobody who can be paged."""
    shifts = roster_of(rota, at, at + MOMENT).shifts
    return User.objects.get(pk=shifts[0].person) if shifts else None


def gaps(rota: Rota, start: datetime, end: datetime) -> list[Gap]:
    """When nobody is on call within [start, end), or nobody who can be paged."""
    return roster_of(rota, start, end).gaps


def roster_of(rota: Rota, start: datetime, end: datetime) -> Roster:
    """A rota's shifts and gaps in [start, end)."""
    return roster(plan_of(rota, start, end), start, end)


def plan_of(rota: Rota, start: datetime, end: datetime) -> Plan:
    """What the rota's rows say about a time."""
    layers = rota.layers.prefetch_related("turns")
    rotations = [rotation_of(layer, [turn.user_id for turn in layer.turns.all()]) for layer in layers]
    overrides = Override.objects.filter(rota=rota, starts__lt=end, ends__gt=start)
    by_hand = [Shift(each.starts, each.ends, each.user_id, None, each.pk) for each in overrides]
    return _plan(rota, rotations, by_hand, start - TWO_DAYS, end + TWO_DAYS)


def preview_plan(rota: Rota, rotations: Sequence[Rotation], now: datetime) -> Plan:
    """A rota that is not saved yet, without overrides, for the weeks around now."""
    return _plan(rota, rotations, [], now - PREVIEWED, now + PREVIEWED)


def _plan(
    rota: Rota, rotations: Sequence[Rotation], overrides: Sequence[Shift], start: datetime, end: datetime
) -> Plan:
    """With the holidays of [start, end]."""
    people = {person for rotation in rotations for person in rotation.people} | {each.person for each in overrides}
    holidays = holiday_names(rota.organisation_id, start.date(), end.date())
    return Plan(
        Calendar(ZoneInfo(rota.timezone), frozenset(holidays)),
        rotations=tuple(rotations),
        overrides=tuple(overrides),
        unfit=frozenset(people - fit_people(rota.organisation_id, people)),
        needed=week_hours(rota.hours),
        on_holidays=OnHolidays(rota.on_holidays),
    )


def rotation_of(layer: Layer, people: Iterable[int]) -> Rotation:
    """A layer, saved or not, with its people in order. Raises `readers.Wrong` for hours that cannot be read."""
    return Rotation(
        people=tuple(people),
        starts=layer.starts,
        handover=layer.handover,
        unit=Unit(layer.unit),
        every=layer.every,
        weekday=layer.weekday,
        hours=week_hours(layer.hours),
        on_holidays=OnHolidays(layer.on_holidays),
    )


def holiday_names(organisation_id: int | None, first: date, last: date) -> dict[date, str]:
    """The public holidays of everybody and those of one organisation."""
    whose = Q(organisation=None) | Q(organisation=organisation_id)
    return dict(Holiday.objects.filter(whose, day__range=(first, last)).values_list("day", "name"))


def may_be_on_call(organisation_id: int | None) -> Q:
    """People who may answer alerts there; on the provider's own rotas, who may answer them everywhere."""
    everywhere = Q(organisation=None)
    where = everywhere if organisation_id is None else everywhere | Q(organisation=organisation_id)
    holders = Membership.objects.filter(where, role__in=_ROLES).values("user")
    return Q(is_active=True, pk__in=holders)


def fit_people(organisation_id: int | None, people: Iterable[int]) -> frozenset[int]:
    """Those of the people who can be paged: active, with the right to answer there, and with a channel."""
    reachable = Channel.objects.filter(user__in=people, enabled=True).values("user")
    found = User.objects.filter(may_be_on_call(organisation_id), pk__in=reachable)
    return frozenset(found.values_list("pk", flat=True))


def candidates(organisation_id: int | None, rota: Rota | None = None) -> list[tuple[int, str]]:
    """Who can be put into a rota there, and who is in it already, by name; those who cannot be paged say so."""
    there = Q(turns__layer__rota=rota) if rota else Q(pk__in=[])
    people = list(User.objects.filter(may_be_on_call(organisation_id) | there).distinct())
    fit = fit_people(organisation_id, [person.pk for person in people])
    return [(each.pk, str(each) if each.pk in fit else f"{each} (cannot be paged)") for each in people]
