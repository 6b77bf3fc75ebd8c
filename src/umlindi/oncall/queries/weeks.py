"""A rota's time as weeks to be drawn, and as spans to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from umlindi.accounts.models import User
from umlindi.oncall.rules.moments import at, local_day
from umlindi.oncall.rules.roster import Gap, Roster
from umlindi.oncall.rules.rotation import Shift

DAY_WIDTH = 144
TONES = 6
ONE_DAY, ONE_WEEK = timedelta(days=1), timedelta(weeks=1)
MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Day:
    """The head of one column. `holiday` is its name, or empty."""

    day: date
    holiday: str
    today: bool

    @property
    def weekend(self) -> bool:
        return self.day.weekday() >= 5


@dataclass(frozen=True, slots=True)
class Piece:
    """A bar: `tone` is p1 to p6 for people, gap for nobody; left edge and width in a day's 144."""

    tone: str
    left: float
    width: float
    said: str
    override: bool


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from Monday. `now` is where the present is, in the bars' measure, or None."""

    days: list[Day]
    pieces: list[Piece]
    now: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """An unbroken time of one person, or of nobody, with `meant` who cannot be paged."""

    start: datetime
    end: datetime
    person: User | None
    meant: User | None = None
    override: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Everybody in a roster, each with a colour of their own as long as there are colours."""

    people: Mapping[int, User]
    tones: Mapping[int, str]

    @property
    def legend(self) -> list[tuple[str, User]]:
        return [(self.tones[pk], self.people[pk]) for pk in self.tones]


@dataclass(frozen=True, slots=True)
class Frame:
    """What weeks are drawn in."""

    seen: Seen
    zone: tzinfo
    holidays: Mapping[date, str]
    now: datetime


def seen_in(roster: Roster) -> Seen:
    order = dict.fromkeys(shift.person for shift in roster.shifts)
    meant = {gap.meant for gap in roster.gaps if gap.meant is not None}
    tones = {person: f"p{number % TONES + 1}" for number, person in enumerate(sorted(order))}
    return Seen(User.objects.in_bulk({*order, *meant}), tones)


def spans(roster: Roster, seen: Seen) -> list[Span]:
    """What touches and is the same is one span; in order."""
    found: list[Span] = []
    pieces: list[Shift | Gap] = [*roster.shifts, *roster.gaps]
    for each in sorted(pieces, key=lambda piece: piece.start):
        span = _span(each, seen)
        if found and found[-1].end == span.start and _same(found[-1], span):
            span = Span(found[-1].start, span.end, span.person, span.meant, span.override)
            found.pop()
        found.append(span)
    return found


def weeks_of(roster: Roster, frame: Frame, monday: date, count: int) -> list[Week]:
    """So many weeks from a Monday, in the rota's zone."""
    pieces = spans(roster, frame.seen)
    return [_week(pieces, frame, monday + ONE_WEEK * number) for number in range(count)]


def monday_of(moment: datetime, zone: tzinfo) -> date:
    day = local_day(moment, zone)
    return day - ONE_DAY * day.weekday()


def _week(pieces: Sequence[Span], frame: Frame, monday: date) -> Week:
    start, end = (at(monday + ONE_DAY * days, MIDNIGHT, frame.zone) for days in (0, 7))
    today = local_day(frame.now, frame.zone)
    dates = [monday + ONE_DAY * number for number in range(7)]
    there = [span for span in pieces if span.start < end and start < span.end]
    return Week(
        days=[Day(day, frame.holidays.get(day, ""), day == today) for day in dates],
        pieces=[_piece(span, frame, max(span.start, start), min(span.end, end)) for span in there],
        now=_left(frame.now, monday, frame.zone) if start <= frame.now < end else None,
    )


def _piece(span: Span, frame: Frame, start: datetime, end: datetime) -> Piece:
    monday = monday_of(start, frame.zone)
    left, right = _left(start, monday, frame.zone), _left(end, monday, frame.zone)
    begins, ends = start.astimezone(frame.zone), end.astimezone(frame.zone)
    told = f"{begins:%a %H:%M}–{ends:%a %H:%M} {span.person or 'nobody'}"
    tone = frame.seen.tones[span.person.pk] if span.person else "gap"
    return Piece(tone, left, max(right - left - 2, 2), told, span.override)


def _left(moment: datetime, monday: date, zone: tzinfo) -> float:
    """Every day is as wide, whether it has 23, 24 or 25 hours."""
    day = local_day(moment, zone)
    begins, ends = at(day, MIDNIGHT, zone), at(day + ONE_DAY, MIDNIGHT, zone)
    return round(((day - monday).days + (moment - begins) / (ends - begins)) * DAY_WIDTH, 1)


def _span(piece: Shift | Gap, seen: Seen) -> Span:
    if isinstance(piece, Shift):
        return Span(piece.start, piece.end, seen.people[piece.person], None, piece.layer is None)
    return Span(piece.start, piece.end, None, seen.people[piece.meant] if piece.meant else None)


def _same(one: Span, other: Span) -> bool:
    return (one.person, one.meant, one.override) == (other.person, other.meant, other.override)
