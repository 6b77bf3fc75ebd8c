"""The ninety days of a component as one small drawing: a stroke a day, a path a state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from umlindi.status.rules import SAID, Day, Word
from umlindi.uptime.rules.showing import since

register = template.Library()
APART, HIGH = 4, 24


@register.simple_tag
def bars(days: Sequence[Day], first: datetime | None = None, zone: str = "UTC") -> SafeString:
    """`{% bars component.days %}`: about 1 kB, told in words to those who do not see it;
    `first` is the first answer where it came later than the first day."""
    paths = ((word, "".join(f"M{at * APART + 1.5} 0v{HIGH}" for at in _at(days, word))) for word in Word)
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"><title>{}</title>{}</svg>',
        len(days) * APART,
        HIGH,
        _in_words(days) + (f"; {since(first, ZoneInfo(zone))}" if first else ""),
        format_html_join("", '<path class="{}" d="{}"/>', ((word, path) for word, path in paths if path)),
    )


def _at(days: Sequence[Day], word: Word) -> list[int]:
    return [at for at, day in enumerate(days) if day.word is word]


def _in_words(days: Sequence[Day]) -> str:
    counted = ((SAID[word], len(_at(days, word))) for word in Word)
    return f"The last {len(days)} days: " + ", ".join(f"{said} on {count}" for said, count in counted if count)
