"""Uptime's pieces for templates: `{% load uptime %}`. docs/uptime.md shows each one.

The SVGs carry their colours as attributes too, which the stylesheet overrides: in a PDF there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from umlindi.uptime.queries.closed import Cell
from umlindi.uptime.queries.windows import CALENDAR, Shown
from umlindi.uptime.rules import showing
from umlindi.uptime.rules.availability import Piece
from umlindi.uptime.rules.budgets import Verdict
from umlindi.uptime.rules.timeline import Period
from umlindi.web.templatetags.look import state
from umlindi.web.wording import TONES

register = template.Library()
WIDTH = 1440
SHORTEST = 4
COLOURS = {"ok": "#95bca5", "warn": "#8a5908", "fail": "#b3261e", "window": "#9dafd3", "unknown": "#d0d3d5"}
USUAL = Fraction("99.9")
"""In percent: the brief's own uptime a month."""
VERDICTS = {
    Verdict.MET: "ok",
    Verdict.ON_COURSE: "ok",
    Verdict.AT_RISK: "warn",
    Verdict.MISSED: "fail",
    Verdict.UNKNOWN: "unknown",
}


@register.filter
def share(value: Fraction | None) -> str:
    """`{{ tally.share|share }}`: 99.898 %, cut off, never rounded up."""
    return showing.percent(value)


@register.filter
def target(value: Fraction | Decimal | None) -> str:
    """A target as it was agreed: 99.9 %, a dash for none. A fraction is a share, a decimal is in percent."""
    if not value:
        return "–"
    percent = Decimal(value.numerator * 100) / value.denominator if isinstance(value, Fraction) else value
    return f"{percent.normalize():f}{showing.SPACE}%"


@register.filter
def lasted(value: timedelta) -> str:
    """`{{ tally.down|lasted }}`: 43 min 12 s."""
    return showing.lasted(value)


@register.filter
def sortable(value: Fraction | None) -> str:
    """A share for `data-value`."""
    return "" if value is None else f"{float(value):.9f}"


@register.filter
def seconds(value: timedelta) -> float:
    """A duration for `data-value`."""
    return value.total_seconds()


@register.simple_tag
def verdict(value: Verdict | None) -> SafeString:
    """`{% verdict row.verdict %}`: how it stands against its target; a dash where nothing was promised."""
    return state(VERDICTS[value], value.capitalize()) if value else SafeString('<span class="none">–</span>')


@register.simple_tag
def measured(since: datetime, zone: str | None = None) -> SafeString:
    """`{% measured line.measured_since %}`: measured since 24 Nov 15:17, by the house's clock or a site's."""
    told = showing.since(since, ZoneInfo(zone) if zone else timezone.get_default_timezone())
    return format_html('<time datetime="{}">{}</time>', since.isoformat(), told)


@register.simple_tag
def bar(pieces: Sequence[Piece], period: Period) -> SafeString:
    """`{% bar page.bar page.asked.period %}`: a period as a strip of its conditions, agreed windows as such."""
    rects = []
    for piece in pieces:
        left = (piece.span.start - period.start) / period.length * WIDTH
        width = piece.span.length / period.length * WIDTH
        tone = "window" if piece.agreed else TONES[piece.span.condition]
        rects.append(
            {"tone": tone, "colour": COLOURS[tone], "x": f"{left:.1f}", "width": f"{max(width, SHORTEST):.1f}"}
        )
    rects.sort(key=lambda rect: rect["tone"] != "ok")
    context = {"rects": rects, "width": WIDTH, "words": in_words(pieces)}
    return SafeString(render_to_string("uptime/_bar.html", context))


def in_words(pieces: Iterable[Piece]) -> str:
    """What a bar shows, for those who do not see it: up 29 d 23 h, down 10 min, in agreed windows 10 min."""
    sums: dict[str, timedelta] = {}
    for piece in pieces:
        name = "in agreed windows" if piece.agreed else str(piece.span.condition)
        sums[name] = sums.get(name, timedelta()) + piece.span.length
    return ", ".join(f"{name} {showing.lasted(length)}" for name, length in sums.items()) or "nothing known"


@register.simple_tag
def strip(cells: Sequence[Cell]) -> SafeString:
    """`{% strip row.cells %}`: twelve months, this one last. Where nothing was promised, by the usual 99.9 %."""
    told = ", ".join(f"{cell.month:%b %Y} {_percent(cell)}" for cell in cells if cell.adjusted is not None)
    # Put together by hand: a page has hundreds of these, and all in them is our own.
    rects = "".join(
        f'<rect class="{tone}" fill="{COLOURS[tone]}" x="{place * 10}" width="9" height="16"/>'
        for place, tone in enumerate(map(_cell_tone, cells))
    )
    return format_html(
        '<svg class="trace" viewBox="0 0 {} 16" preserveAspectRatio="none" role="img"><title>{}</title>{}</svg>',
        len(cells) * 10,
        told or "nothing known",
        SafeString(rects),
    )


def _cell_tone(cell: Cell) -> str:
    if cell.adjusted is None:
        return "unknown"
    if cell.verdict:
        return VERDICTS[Verdict(cell.verdict)]
    return "ok" if cell.adjusted >= USUAL else "warn"


def _percent(cell: Cell) -> str:
    return showing.percent(None if cell.adjusted is None else cell.adjusted / 100)


@register.simple_tag
def calendar(shown: Sequence[Shown], now: datetime) -> SafeString:
    """`{% calendar page.calendar page.now %}`: the next four weeks, a day to a column, each window on a line of its own
    where it would lie over another."""
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    lanes: list[datetime] = []
    marks: list[dict[str, Any]] = []
    for one in sorted(shown, key=lambda each: each.window.starts):
        window = one.window
        lane = next((n for n, free in enumerate(lanes) if free <= window.starts), len(lanes))
        lanes[lane : lane + 1] = [window.ends]
        left = max((window.starts - start) / CALENDAR * WIDTH, 0)
        width = min((window.ends - start) / CALENDAR * WIDTH, WIDTH) - left
        marks.append({"window": window, "x": f"{left:.1f}", "width": f"{max(width, 6):.1f}", "y": 18 + lane * 12})
    days = [start + timedelta(days=day) for day in range(CALENDAR.days)]
    context = {
        "marks": marks,
        "days": [{"day": day, "x": place * WIDTH / CALENDAR.days} for place, day in enumerate(days)],
        "width": WIDTH,
        "height": 18 + max(len(lanes), 1) * 12,
    }
    return SafeString(render_to_string("uptime/_calendar.html", context))
