"""Agreed windows: whether everything that an alert is about lies in one (law 11)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from umlindi.alerts.models import Alert, AlertOutage
from umlindi.alerts.services.events import Kind, note
from umlindi.alerts.services.paging import cancel_pages
from umlindi.uptime.queries import muting
from umlindi.watch.models import Outage


def mute(alerts: Sequence[Alert], now: datetime, *, only_look: bool = False) -> list[Alert]:
    """Those of the alerts that windows mute at this moment: every root of theirs is covered.

    Unless `only_look`, each is marked so (not saved), and its waiting pages are taken back.
    """
    roots = _open_roots(alerts)
    covered = muting([outage for each in roots.values() for outage in each], now)
    muted = [alert for alert in alerts if roots[alert.pk] and all(each.pk in covered for each in roots[alert.pk])]
    if not only_look:
        for alert in muted:
            _mark(alert, covered[roots[alert.pk][0].pk].title, now)
    return muted


def _mark(alert: Alert, title: str, now: datetime) -> None:
    if not alert.muted:
        note(alert, Kind.MUTED, now, title)
    alert.muted, alert.muted_by, alert.muted_at = True, title[:300], alert.muted_at or now
    cancel_pages(alert, f"in the agreed window {title}")


def _open_roots(alerts: Sequence[Alert]) -> dict[int, list[Outage]]:
    links = AlertOutage.objects.filter(alert__in=alerts, left_at=None, outage__until=None, outage__because=None)
    found: dict[int, list[Outage]] = defaultdict(list)
    for link in links.select_related("outage").defer("outage__first", "outage__last"):
        found[link.alert_id].append(link.outage)
    return found
