"""The look's pieces for templates: `{% load look %}`. docs/web.md shows each one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField, CheckboxInput
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from umlindi.core.actors import Actor
from umlindi.web import wording

register = template.Library()
DAY_WIDTH = 1440
"""A trace is drawn a minute to a unit."""
SHORTEST = 12
"""What lasted less is drawn as long, so that the present shows from its first minute."""


class Span(Protocol):
    """A piece of a trace: its condition, and its share of the whole from 0 to 1."""

    @property
    def condition(self) -> str: ...

    @property
    def share(self) -> float: ...


def _zone(zone: str | tzinfo | None) -> tzinfo:
    return ZoneInfo(zone) if isinstance(zone, str) and zone else zone or timezone.get_default_timezone()


@register.filter
def clock(moment: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{{ at|clock:site.timezone }}`: 08:20, yesterday 16:51, 24 Nov 08:20. A dash for no moment."""
    if moment is None:
        return "–"
    return wording.clock(moment, timezone.now(), _zone(zone), timezone.get_default_timezone())


@register.simple_tag
def moment(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """The same as a <time> element."""
    return "–" if at is None else format_html('<time datetime="{}">{}</time>', at.isoformat(), clock(at, zone))


@register.simple_tag
def since(at: datetime | None, zone: str | tzinfo | None = None) -> str:
    """`{% since fault.since zone %}`: since 07:42 · 38 min. Nothing where it is not known."""
    if at is None:
        return ""
    lasted = wording.duration((timezone.now() - at).total_seconds())
    return format_html('<time datetime="{}">since {}</time> · {}', at.isoformat(), clock(at, zone), lasted)


@register.simple_tag
def countdown(until: datetime, warn: int = 300) -> SafeString:
    """`{% countdown alert.answer_due_at %}`: 11:04 left, over by 3:10; it runs on the page by the server's clock.

    The last `warn` seconds look like a warning, and what is over like a failure. `warn=0` has no state at all.
    """
    left = (until - timezone.now()).total_seconds()
    state_of = ("fail" if left < 0 else "warn" if left < warn else "ok") if warn else ""
    return format_html(
        '<span class="{}" data-until="{}" data-warn="{}">{}</span>',
        f"state countdown {state_of}".strip() if warn else "countdown",
        until.isoformat(),
        warn,
        wording.countdown(left),
    )


@register.simple_tag
def running(since: datetime) -> SafeString:
    """`{% running outage.since %}`: how long it has lasted, to the second, running on the page."""
    lasted = (timezone.now() - since).total_seconds()
    return format_html('<span class="countdown" data-since="{}">{}</span>', since.isoformat(), wording.length(lasted))


@register.filter
def ago(at: datetime) -> str:
    """How long ago: 40 s, 38 min, 3 d 4 h."""
    return wording.duration((timezone.now() - at).total_seconds())


@register.filter
def duration(seconds: float) -> str:
    """38 min, 1 h 22 min."""
    return wording.duration(seconds)


@register.filter
def ms(value: float | None) -> str:
    """12 ms, 2.1 s, or a dash."""
    return wording.milliseconds(value)


@register.filter
def number(count: int) -> str:
    """One to twelve in words."""
    return wording.number(count)


@register.simple_tag
def took_between(start: datetime, end: datetime) -> str:
    """How long something lasted: 12 s."""
    return wording.duration((end - start).total_seconds())


@register.filter
def coded(text: str) -> SafeString:
    """`{{ cause.confirm|coded }}`: what stands between backticks as code; nothing else is markup."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if odd % 2 else part,) for odd, part in parts)
    )


@register.filter
def total(counts: Iterable[int]) -> int:
    """`{{ counts.values|total }}`: their sum."""
    return sum(counts)


@register.filter
def only(rows: Iterable[Any], condition: str) -> list[Any]:
    """The rows in one condition."""
    return [row for row in rows if row.condition == condition]


@register.filter(name="may")
def may_anywhere(actor: Actor, right: str) -> bool:
    """`{% if request.actor|may:"estate.edit" %}`: is the right held in any organisation?"""
    return actor.may(right)


@register.simple_tag(takes_context=True)
def may(context: template.Context, right: str, organisation_id: int) -> bool:
    """`{% may "probe.run" site.organisation_id as may_probe %}`: is it held in this one?"""
    return bool(context["request"].actor.may(right, organisation_id))


@register.filter
def tone(state: str) -> str:
    """The class that colours a condition or a state."""
    return wording.TONES[state]


@register.filter
def percent(share: float | None) -> str:
    """A share from 0 to 1 as people here write it: 94 %."""
    return "–" if share is None else f"{share:.0%}".replace("%", " %")


@register.simple_tag
def state(condition: str, word: str = "", unseen: bool = False) -> SafeString:
    """`{% state fault.condition %}`: colour, shape and word; `unseen=True` leaves the word to screen readers."""
    text = word or str(condition).capitalize()
    inner = format_html('<b class="unseen">{}</b>', text) if unseen else text
    return format_html('<span class="state {}">{}</span>', wording.TONES[condition], inner)


@register.simple_tag
def trace(spans: Iterable[Span]) -> SafeString:
    """`{% trace row.trace %}`: the last 24 hours as a strip, told in words to those who do not see it."""
    shown = [(str(span.condition), span.share) for span in spans]
    return format_html(
        '<svg class="trace" viewBox="0 0 {} 16" preserveAspectRatio="none" role="img"><title>{}</title>{}</svg>',
        DAY_WIDTH,
        wording.trace_in_words(shown),
        format_html_join("", '<rect class="{}" x="{}" width="{}" height="16"/>', _pieces(shown)),
    )


def _pieces(spans: list[tuple[str, float]]) -> Iterable[tuple[str, str, str]]:
    """Class, left edge and width of every span; the shortest still shows."""
    at = 0.0
    for condition, share in spans:
        width = share * DAY_WIDTH
        left = min(at, DAY_WIDTH - SHORTEST)
        yield wording.TONES[condition], f"{left:.1f}", f"{max(width - 3, SHORTEST):.1f}"
        at += width


@register.simple_tag
def meter(share: float, warn: float = 0.75, fail: float = 0.85) -> SafeString:
    """`{% meter 0.78 %}`: how full, with its figure. The brief's own limit (A3) is 85 %."""
    tone_of = "fail" if share >= fail else "warn" if share >= warn else ""
    return format_html(
        '<svg class="meter {}" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="6"/></svg>{}',
        tone_of,
        f"{min(share, 1) * 100:.1f}",
        percent(share),
    )


@register.simple_tag
def took(value: float | None, longest: float) -> SafeString:
    """A step's time as a bar against the longest of its ladder."""
    width = 0.0 if not value or not longest else max(2.0, value / longest * 100)
    return format_html(
        '<svg class="bar-ms" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="{}" height="4"/></svg>',
        f"{width:.1f}",
    )


@register.filter
def longest(steps: Iterable[dict[str, Any]]) -> float:
    """The milliseconds of the longest step."""
    return max((step["ms"] or 0.0 for step in steps), default=0.0)


@register.inclusion_tag("look/ladder.html")
def ladder(steps: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """`{% ladder result.steps %}`: the steps of a probe as its JSON contract has them, with what each took."""
    told = [{**step, "tone": _step_tone(step)} for step in steps]
    return {"steps": told, "longest": longest(told)}


def _step_tone(step: dict[str, Any]) -> str:
    return "degraded" if step["severity"] == "degraded" else step["state"]


@register.inclusion_tag("look/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """`{% field form.name %}`: label, help, input and errors, tied together for screen readers.

    The label says what is asked: allauth's placeholders, which say it again, go.
    """
    bound.field.widget.attrs.pop("placeholder", None)
    return {"field": bound, "tick": isinstance(bound.field.widget, CheckboxInput)}


@register.inclusion_tag("look/pages.html", takes_context=True)
def pages(context: template.Context, page: Any) -> dict[str, Any]:
    """`{% pages page %}`: earlier and later, keeping the filters of the URL."""
    return {"page": page, "request": context["request"]}
