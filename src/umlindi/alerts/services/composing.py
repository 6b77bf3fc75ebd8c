"""What a page says, written when it is first sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min
from django.utils.timezone import get_default_timezone

from umlindi.alerts.models import Alert, Page
from umlindi.alerts.rules import wording
from umlindi.alerts.rules.wording import Told
from umlindi.alerts.services.escalating import upcoming

TOGETHER = timedelta(minutes=1)


def compose(page: Page, now: datetime) -> None:
    """Give a page its subject and text (not saved). A digest has its own already."""
    if page.alert is None:
        return
    alert, told = page.alert, told_of(page.alert, page, _first_told(page.alert, now))
    match page.kind:
        case Page.Kind.RECOVERED:
            until = alert.resolved_at or now
            subject, text = wording.recovered_subject(told), wording.recovered_text(told, until, alert.over_because)
        case Page.Kind.MERGED:
            into = alert.merged_into.title if alert.merged_into else "another alert"
            subject, text = wording.merged_subject(told, into), wording.merged_text(told, into)
        case _:
            subject, text = wording.page_subject(told), wording.page_text(told, now)
    page.subject, page.text = subject[:300], text


def told_of(alert: Alert, page: Page | None = None, unanswered_since: datetime | None = None) -> Told:
    return Told(
        severity=alert.severity,
        title=alert.title,
        place=", ".join(str(place) for place in (alert.site, alert.organisation) if place),
        since=alert.since,
        cause=alert.cause,
        fix=alert.fix,
        affected=alert.affected,
        also=_also_told(alert, page) if page else (),
        next_to=upcoming(alert),
        next_at=alert.due_at if alert.state == Alert.State.FIRING else None,
        unanswered_since=unanswered_since,
        late=page.late if page else False,
        zone=ZoneInfo(alert.site.timezone) if alert.site else get_default_timezone(),
    )


def _first_told(alert: Alert, now: datetime) -> datetime | None:
    """When somebody was first reached since the escalation last began anew; not what goes out together with this."""
    runs = Page.objects.filter(alert=alert, kind=Page.Kind.PAGE, cycle__gte=alert.cycle - alert.repeat)
    before: datetime | None = runs.filter(delivered_at__lt=now - TOGETHER).aggregate(at=Min("delivered_at"))["at"]
    return before


def _also_told(alert: Alert, page: Page) -> Sequence[str]:
    """Everybody else whom a page of this alert reached, or is on its way to."""
    others = Page.objects.filter(alert=alert, kind=Page.Kind.PAGE).exclude(
        state__in=[Page.State.FAILED, Page.State.CANCELLED]
    )
    return list(dict.fromkeys(name for name in others.values_list("to", flat=True) if name != page.to))
