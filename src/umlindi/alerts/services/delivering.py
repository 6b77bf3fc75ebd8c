"""The outbox: claim a page, send it, write down what came of it.

The claim is committed before anything is sent. A process that dies in between leaves a claim that runs out; then the
page is sent again under the same key. Nothing else can make a second one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from umlindi.alerts.models import Alert, Attempt, Page
from umlindi.alerts.rules.delivery import LEASE, is_late, pause_after
from umlindi.alerts.rules.escalation import CLOCK_TOLERANCE
from umlindi.alerts.services.composing import compose
from umlindi.alerts.services.escalating import somebody_reached, step_reached_nobody
from umlindi.alerts.services.events import Kind, note
from umlindi.alerts.services.muting import mute
from umlindi.alerts.services.paging import UNDER_WAY, follow_up
from umlindi.oncall import delivery
from umlindi.oncall.delivery import Message
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.services import channels
from umlindi.probes.faults import Fault, Layer, Permanent

PUT_OFF = timedelta(seconds=60)
State, Outcome = Page.State, Attempt.Outcome


def due_pages(now: datetime, room: int, held: Iterable[int] = ()) -> list[int]:
    """The ids of pages to be sent, the worst and oldest first, without those that the caller holds already."""
    waiting = Q(state=State.WAITING) & (Q(due_at__lte=now) | Q(armed_at__gt=now + CLOCK_TOLERANCE))
    abandoned = Q(state=State.SENDING) & (Q(claimed_until__lte=now) | Q(claimed_at__gt=now + LEASE))
    rows = Page.objects.filter(waiting | abandoned).exclude(kind=Page.Kind.LINE).exclude(pk__in=list(held))
    return list(rows.order_by("due_at", "pk").values_list("pk", flat=True)[:room])


def claim(page_id: int, process: str, now: datetime) -> Page | None:
    """Take one page to send it; None where another process has it, it waits, or nobody needs it any more."""
    with transaction.atomic():
        rows = Page.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=page_id, state__in=UNDER_WAY)
        page = rows.select_related("alert__site", "alert__organisation", "channel", "user").first()
        if page is None or not _is_due(page, now):
            return None
        if needless := _needless(page, now):
            page.state, page.reason = State.CANCELLED, needless
            page.save(update_fields=["state", "reason"])
            page.lines.update(state=State.CANCELLED, reason=needless)
            return None
        _begin(page, process, now)
        return page


def message_of(page: Page) -> Message:
    link = page.alert.get_absolute_url() if page.alert else "/alerts/"
    return Message(page.key, page.subject, page.text, f"{settings.SITE_URL}{link}", Severity(page.severity))


def send(page: Page) -> str:
    """Hand a claimed page to its channel; what the service said of it. Raises `Retriable` or `Permanent`.

    Reads and writes no row, so that it can run in a thread of its own.
    """
    if page.channel is None:
        raise Permanent(Layer.APPLICATION, "NO-CHANNEL", "the channel was removed")
    if not page.channel.enabled:
        raise Permanent(Layer.APPLICATION, "CHANNEL-OFF", "the channel was turned off")
    return delivery.send(page.channel, message_of(page))


def delivered(page: Page, receipt: str, ms: float, now: datetime) -> None:
    """Write down that a claimed page went out."""
    with transaction.atomic():
        alert = _lock_alert(page)
        _finish(page, Outcome.DELIVERED, ms, receipt=receipt)
        Page.objects.filter(pk=page.pk).update(state=State.DELIVERED, delivered_at=now, reason="", claimed_until=None)
        page.lines.update(state=State.DELIVERED, delivered_at=now)
        _note_channel(page, None, now)
        if alert is not None and page.kind == Page.Kind.PAGE:
            note(alert, Kind.DELIVERED, now, _told(page))
            somebody_reached(alert)
            if alert.state == Alert.State.RESOLVED:
                follow_up(alert, _ending(alert), now)


def failed(page: Page, fault: Fault, ms: float, now: datetime) -> None:
    """Write down that a claimed page did not go out: it is tried again later, or given up, and the person's next way
    comes forward at once."""
    is_permanent = isinstance(fault, Permanent)
    outcome = Outcome.PERMANENT if is_permanent else Outcome.RETRIABLE
    with transaction.atomic():
        alert = _lock_alert(page)
        held = Page.objects.select_for_update().get(pk=page.pk)
        _finish(page, outcome, ms, code=fault.code, meaning=fault.meaning)
        _note_channel(page, fault, now)
        if held.tries == page.tries and held.state == State.SENDING:
            pause = None if is_permanent else pause_after(held.tries)
            _set_back(held, pause, f"{fault.code}: {fault.meaning}"[:300], now)
            if alert is not None and pause is None:
                _given_up(alert, held, now)


def _set_back(page: Page, pause: timedelta | None, reason: str, now: datetime) -> None:
    page.claimed_until, page.reason = None, reason
    if pause is not None:
        page.state, page.armed_at, page.due_at = State.WAITING, now, now + pause
    else:
        page.state = State.FAILED
        page.lines.update(state=State.FAILED, reason=reason)
    page.save()
    _pull_forward(page, now)


def put_off_page(page_id: int, error: str, now: datetime) -> None:
    """Look at it again in a minute: our own code broke on it."""
    rows = Page.objects.filter(pk=page_id, state__in=UNDER_WAY)
    rows.update(state=State.WAITING, armed_at=now, due_at=now + PUT_OFF, claimed_until=None, reason=error[:300])


def _is_due(page: Page, now: datetime) -> bool:
    """As `due_pages` asks, on the locked row. One that a clock set back holds up waits its time anew."""
    if page.state == State.SENDING:
        return page.claimed_until is None or page.claimed_until <= now or page.claimed_at > now + LEASE  # type: ignore[operator]
    if page.armed_at > now + CLOCK_TOLERANCE:
        page.due_at, page.armed_at = now + max(page.due_at - page.armed_at, timedelta()), now
        page.save(update_fields=["due_at", "armed_at"])
    return page.due_at <= now


def _needless(page: Page, now: datetime) -> str:
    """Why nobody needs the page now; empty where somebody does. Windows are asked at each send (law 11). Who has left
    since is told nothing."""
    if page.user is not None and not page.user.is_active:
        return f"{page.to} has left"
    alert = page.alert
    if alert is None or page.kind != Page.Kind.PAGE:
        return ""
    if alert.state == Alert.State.RESOLVED:
        return "it works again" if alert.ending == Alert.Ending.RECOVERED else "it went into another alert"
    if alert.state == Alert.State.ACKNOWLEDGED:
        return f"{alert.acknowledged_name} answered"
    if alert.snoozed_until is not None or alert.closed_at is not None:
        return f"{alert.quiet_name} answered"
    return "in an agreed window" if mute([alert], now, only_look=True) else ""


def _begin(page: Page, process: str, now: datetime) -> None:
    if page.tries:
        page.attempts.filter(outcome="").update(outcome=Outcome.LOST)
    else:
        page.late = page.late or is_late(page.due_at, now)
        compose(page, now)
    page.tries += 1
    page.state, page.claimed_at, page.claimed_until, page.claimed_by = State.SENDING, now, now + LEASE, process[:100]
    page.save()
    Attempt.objects.create(page=page, number=page.tries, began_at=now, process=process[:100])


def _lock_alert(page: Page) -> Alert | None:
    """Alerts are locked before their pages, everywhere, so that nobody waits in a circle."""
    return Alert.objects.select_for_update().filter(pk=page.alert_id).first() if page.alert_id else None


def _finish(page: Page, outcome: Attempt.Outcome, ms: float, **told: str) -> None:
    values = {name: value[:100] if name == "code" else value[:300] for name, value in told.items()}
    page.attempts.filter(number=page.tries).update(outcome=outcome, ms=round(ms, 1), **values)


def _note_channel(page: Page, fault: Fault | None, now: datetime) -> None:
    if page.channel is not None:
        channels.note(page.channel, fault, now)


def _pull_forward(page: Page, now: datetime) -> None:
    """The person's next way that waits its turn: the one before it does not work now. Quiet hours still hold it."""
    if page.user_id is None:
        return
    step = Page.objects.filter(alert=page.alert_id, cycle=page.cycle, step=page.step, kind=page.kind)
    others = step.filter(user=page.user_id, state=State.WAITING, tries=0, due_at__gt=now)
    waiting = others.filter(Q(not_before=None) | Q(not_before__lte=now))
    following = waiting.order_by("due_at").first()
    if following is not None:
        Page.objects.filter(pk=following.pk).update(due_at=now, armed_at=now)


def _given_up(alert: Alert, page: Page, now: datetime) -> None:
    note(alert, Kind.FAILED, now, f"{_told(page)}: {page.reason}")
    if page.kind != Page.Kind.PAGE:
        return
    step = Page.objects.filter(alert=alert, kind=page.kind, cycle=page.cycle, step=page.step)
    if not step.filter(state__in=[*UNDER_WAY, State.DELIVERED]).exists():
        step_reached_nobody(alert, page.cycle, page.step, _why(step), now)


def _why(pages: Iterable[Page]) -> str:
    return "; ".join(f"{page.to}: {page.reason}" for page in pages)


def _told(page: Page) -> str:
    return f"{page.to} by {page.channel.name}" if page.channel and page.channel.name != page.to else page.to


def _ending(alert: Alert) -> Page.Kind:
    return Page.Kind.MERGED if alert.ending == Alert.Ending.MERGED else Page.Kind.RECOVERED
