"""What the pages of heartbeats draw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from umlindi.heartbeats.rules.schedules import spelled
from umlindi.web import wording

register = template.Library()
NOTHING = SafeString('<span class="none">–</span>')
BARS, WIDTH, HEIGHT, LEAST = 20, 8, 16, 1.5


@register.simple_tag
def spark(runtimes: Sequence[float]) -> SafeString:
    """`{% spark row.runtimes %}`: the newest run times in seconds as bars, and in words for those who do not see."""
    if not runtimes:
        return NOTHING
    most = max(runtimes) or 1.0
    first = BARS - len(runtimes)
    bars = [
        (place * WIDTH, HEIGHT - _high(each, most), _high(each, most)) for place, each in enumerate(runtimes, first)
    ]
    told = f"Last {len(runtimes)} runs: {wording.duration(min(runtimes))} to {wording.duration(max(runtimes))}"
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" role="img"><title>{}</title>{}</svg> {}',
        BARS * WIDTH,
        HEIGHT,
        told,
        format_html_join("", '<rect x="{}" y="{}" width="6" height="{}"/>', bars),
        wording.duration(runtimes[-1]),
    )


def _high(runtime: float, most: float) -> float:
    return round(max(LEAST, runtime / most * HEIGHT), 1)


@register.filter
def spelled_out(value: timedelta) -> str:
    """`{{ heartbeat.grace|spelled_out }}`: 1 h 30 min."""
    return spelled(value)
