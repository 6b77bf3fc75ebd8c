"""Alerts in the words of a card: who was told, until when an answer may hold; and rows made in one go, because a page
has hundreds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache

from django import template
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from umlindi.alerts.forms import DEADLINES, usual_choice
from umlindi.alerts.models import Alert, Page
from umlindi.alerts.queries import COUNTED, Card, Told
from umlindi.alerts.rules.severity import rank
from umlindi.watch.queries.estate import EstateRow, Part
from umlindi.web.templatetags.look import clock, moment, ms, state, trace
from umlindi.web.wording import duration

register = template.Library()
NAMED = 4
A_MOMENT = timedelta(seconds=20)


@register.filter
def clocked(card: Card) -> bool:
    """Whether the fifteen minutes run for it: A1 speaks of what is critical, and what may wait shows no clock."""
    return card.left is not None and card.alert.severity in COUNTED


@register.filter
def told_in_words(card: Card) -> SafeString:
    """Who was told and whether it arrived: "Nomvula Dlamini, SMS, 08:05". One channel that arrived is enough."""
    best: dict[str, Page] = {}
    for page in card.pages:
        if page.state != Page.State.CANCELLED and _certainty(page) >= _certainty(best.get(page.to)):
            best[page.to] = page
    said = [_told(page) for page in best.values()][-NAMED:]
    more = len(best) - len(said)
    if more:
        said.append(format_html("{} more", more))
    return format_html_join(" · ", "{}", ((one,) for one in said))


def _certainty(page: Page | None) -> int:
    """How sure it is that this page reaches anybody."""
    if page is None or page.state == Page.State.FAILED:
        return 0
    return 2 if page.state == Page.State.DELIVERED else 1


def _told(page: Page) -> SafeString:
    way = f", {page.channel.name}" if page.channel and page.channel.name != page.to else ""
    if page.state == Page.State.DELIVERED:
        return format_html("{}{}, {}", page.to, way, clock(page.delivered_at))
    if page.state in (Page.State.WAITING, Page.State.SENDING):
        if page.kind == Page.Kind.LINE:
            return format_html("{}{}, in the digest at {}", page.to, way, clock(page.due_at))
        later = page.due_at - timezone.now() > A_MOMENT
        return format_html("{}{}, {}", page.to, way, f"at {clock(page.due_at)}" if later else "being sent")
    return format_html('<span class="unsafe">{}{}: not delivered</span> {}', page.to, way, page.reason)


@register.simple_tag
def deadlines(alert: Alert) -> SafeString:
    """The quick choices of how long an answer holds, the usual one for its severity chosen."""
    usual = usual_choice(alert.severity)
    return format_html_join(
        "",
        '<label><input type="radio" name="until" value="{}"{}>{}</label>',
        ((value, SafeString(" checked") if value == usual else "", label) for value, label in DEADLINES),
    )


@register.simple_tag
def alert_row(card: Card) -> SafeString:
    """A line of a table of alerts: `alerts/_lines.html` has its head."""
    alert = card.alert
    return format_html(
        '<tr><td>{}</td><th scope="row"><a href="{}">{}</a></th><td>{}</td><td data-value="{}">{}</td>'
        '<td data-head="since" data-value="{}">{}</td><td>{}</td></tr>',
        state(alert.condition),
        alert.get_absolute_url(),
        alert.title,
        alert.site or alert.organisation or "",
        rank(alert.severity),
        alert.get_severity_display(),
        int(alert.since.timestamp()),
        moment(alert.since, alert.site.timezone if alert.site else None),
        _stands(card),
    )


def _stands(card: Card) -> SafeString | str:
    """How far it is, in a few words."""
    alert = card.alert
    if alert.state == Alert.State.RESOLVED:
        return f"over {clock(alert.resolved_at)}, after {duration(card.lasted.total_seconds())}"
    if alert.muted:
        return state("window", f"window “{alert.muted_by}”")
    if alert.snoozed_until:
        return f"snoozed until {clock(alert.snoozed_until)}"
    if alert.closed_at:
        return "silent until it recovers"
    if alert.state == Alert.State.ACKNOWLEDGED:
        return f"{alert.acknowledged_name} until {clock(alert.acknowledged_until)}"
    return _waiting(card)


def _waiting(card: Card) -> SafeString | str:
    if card.alert.nobody_reached:
        return state("fail", "nobody was reached")
    if card.exhausted and not card.under_way:
        return state("fail", "nobody is left to tell")
    if not clocked(card):
        return state("later", "not answered")
    left = (card.alert.answer_due_at - timezone.now()).total_seconds()
    if left < 0:
        return state("fail", f"not answered, {duration(-left)} too long")
    return state("warn", f"not answered, {duration(left)} left")


@register.simple_tag
def estate_row(row: EstateRow) -> SafeString:
    """A system's line in the estate."""
    system = row.system
    return format_html(
        '<tr><td>{}</td><th scope="row"><a href="{}">{}</a></th><td>{}</td><td class="day">{}</td><td>{}</td>'
        '<td class="num" data-head="answers in" data-value="{}">{}</td></tr>',
        _state(row.condition),
        system.get_absolute_url(),
        system.name,
        system.site.name,
        _trace(tuple((str(span.condition), round(span.share, 4)) for span in row.trace)),
        _parts(row.interfaces),
        "" if row.ms is None else round(row.ms, 1),
        ms(row.ms),
    )


_state = lru_cache(maxsize=16)(state)


class _Piece:
    """A span as `trace` wants it."""

    def __init__(self, condition: str, share: float) -> None:
        self.condition, self.share = condition, share


@lru_cache(maxsize=1024)
def _trace(spans: tuple[tuple[str, float], ...]) -> SafeString:
    """Most systems had the same day: it is drawn once."""
    return trace(_Piece(*span) for span in spans)


def _parts(parts: Iterable[Part]) -> SafeString:
    return format_html_join(" · ", "{}", ((_part(one.name, one.condition),) for one in parts))


@lru_cache(maxsize=4096)
def _part(name: str, condition: str) -> SafeString:
    return format_html('<span class="none">{}</span>', name) if condition == "up" else state(condition, name)


_PAGE_TONES = {
    Page.State.WAITING: "later",
    Page.State.SENDING: "later",
    Page.State.DELIVERED: "ok",
    Page.State.FAILED: "fail",
    Page.State.CANCELLED: "later",
}


@register.simple_tag
def page_state(page: Page) -> SafeString:
    return state(_PAGE_TONES[Page.State(page.state)], page.get_state_display())


@register.simple_tag
def attempts_in_words(told: Told) -> SafeString:
    """Every try in a line: what came back, or why it was taken back."""
    page = told.page
    said = [
        format_html(
            "{}: {}{}",
            clock(one.began_at),
            one.get_outcome_display() or "under way",
            f", {one.meaning}" * bool(one.meaning),
        )
        for one in told.attempts
    ]
    if page.reason and page.reason not in {one.meaning for one in told.attempts}:
        said.append(format_html("{}", page.reason))
    elif page.state == Page.State.WAITING:
        said.append(format_html("next try {}", clock(page.due_at)))
    return format_html_join("", "<p>{}</p>", ((one,) for one in said))
