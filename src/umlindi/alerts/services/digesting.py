"""Low severities: one message a person at set times, with everything that came since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from umlindi.alerts.models import Page
from umlindi.alerts.rules import wording
from umlindi.alerts.services.composing import told_of
from umlindi.oncall.rules.severity import Severity

State = Page.State


def bundle(now: datetime) -> int:
    """Make a digest for each channel with lines that are due: what is over by then, or somebody has, was taken back."""
    lines = Page.objects.filter(kind=Page.Kind.LINE, state=State.WAITING, bundle=None, due_at__lte=now)
    channels = set(lines.exclude(channel=None).values_list("channel", flat=True))
    return sum(_bundle_of(channel, now) for channel in sorted(channels))


def _bundle_of(channel: int, now: datetime) -> bool:
    with transaction.atomic():
        rows = Page.objects.select_for_update(skip_locked=True, of=("self",))
        rows = rows.filter(kind=Page.Kind.LINE, state=State.WAITING, bundle=None, due_at__lte=now, channel=channel)
        lines = list(rows.select_related("alert__site", "alert__organisation", "user").order_by("due_at", "pk"))
        if not lines:
            return False
        digest = _digest(lines, now)
        Page.objects.filter(pk__in=[line.pk for line in lines]).update(bundle=digest, state=State.SENDING)
        return True


def _digest(lines: Sequence[Page], now: datetime) -> Page:
    told = [told_of(alert) for alert in {line.alert_id: line.alert for line in lines if line.alert}.values()]
    first = lines[0]
    return Page.objects.create(
        key=f"digest.{first.channel_id}.{first.pk}",
        kind=Page.Kind.DIGEST,
        user=first.user,
        channel_id=first.channel_id,
        to=first.to,
        severity=Severity.LOW,
        made_at=now,
        armed_at=now,
        due_at=now,
        subject=wording.digest_subject(len(told)),
        text=wording.digest_text(told),
    )
