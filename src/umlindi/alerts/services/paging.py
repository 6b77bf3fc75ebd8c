"""Pages are made here: rows of the outbox, each with a key that it has for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.timezone import get_default_timezone

from umlindi.accounts.models import User
from umlindi.alerts.models import Alert, Page
from umlindi.alerts.rules.delivery import next_digest
from umlindi.alerts.rules.escalation import Target
from umlindi.oncall.models import Channel, Profile, Rota
from umlindi.oncall.queries import on_call, ways
from umlindi.oncall.queries.plans import may_be_on_call
from umlindi.oncall.rules.severity import Severity

UNDER_WAY = (Page.State.WAITING, Page.State.SENDING)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a target comes to: one channel, and the person it is of."""

    user: User | None
    channel: Channel
    due: datetime
    not_before: datetime | None

    @property
    def name(self) -> str:
        return str(self.user) if self.user else self.channel.name


def tell(alert: Alert, targets: Sequence[Target], now: datetime, *, late: bool) -> tuple[list[str], list[str]]:
    """Make the pages of a step: the names of those they go to, and the reasons why a target comes to nobody.

    Of a low severity it is a line in each person's next digest.
    """
    reached: dict[int, Reach] = {}
    missing: list[str] = []
    for target in targets:
        found = list(_reach(target, alert, now, missing))
        for reach in found[:1] if alert.severity == Severity.LOW else found:
            reached.setdefault(reach.channel.pk, reach)
    pages = [_page(alert, reach, now, late) for reach in reached.values()]
    Page.objects.bulk_create(pages, ignore_conflicts=True)
    return list(dict.fromkeys(reach.name for reach in reached.values())), missing


def _reach(target: Target, alert: Alert, now: datetime, missing: list[str]) -> Iterator[Reach]:
    if target.kind == "channel":
        channel = Channel.objects.filter(pk=target.id, enabled=True).first()
        if channel is None:
            missing.append(f"{target.name} is turned off")
        else:
            yield Reach(None, channel, now, None)
        return
    user = _person(target, alert, now)
    found = ways(user, alert.severity, now) if user is not None else []
    if user is None:
        missing.append(f"nobody is on call for {target.name}" if target.kind == "rota" else f"{target.name} has left")
    elif not found:
        missing.append(f"{user} has no channel")
    for way in found:
        due = max(now + way.after, way.not_before) if way.not_before else now + way.after
        yield Reach(user, way.channel, due, way.not_before)


def _person(target: Target, alert: Alert, now: datetime) -> User | None:
    """Who has left, or may no longer answer there, is told nothing more of that organisation."""
    if target.kind == "user":
        return User.objects.filter(may_be_on_call(alert.organisation_id), pk=target.id).first()
    rota = Rota.objects.filter(pk=target.id).first()
    return on_call(rota, now) if rota is not None else None


def _page(alert: Alert, reach: Reach, now: datetime, late: bool) -> Page:
    is_line = alert.severity == Severity.LOW
    return Page(
        alert=alert,
        key=f"{alert.pk}.{alert.cycle}.{alert.step}.{reach.channel.pk}",
        kind=Page.Kind.LINE if is_line else Page.Kind.PAGE,
        cycle=alert.cycle,
        step=alert.step,
        user=reach.user,
        channel=reach.channel,
        to=reach.name[:200],
        severity=alert.severity,
        made_at=now,
        armed_at=now,
        due_at=next_digest(now, _zone(reach.user)) if is_line else reach.due,
        not_before=None if is_line else reach.not_before,
        late=late and not is_line,
    )


def _zone(user: User | None) -> ZoneInfo:
    profile = Profile.objects.filter(user=user).first() if user else None
    return ZoneInfo(profile.timezone if profile else str(get_default_timezone()))


def cancel_pages(alert: Alert, why: str) -> None:
    """Take back what waits; what is being sent at this moment goes out."""
    rows = Page.objects.filter(alert=alert, state=Page.State.WAITING, kind__in=[Page.Kind.PAGE, Page.Kind.LINE])
    rows.update(state=Page.State.CANCELLED, reason=why[:300])


def follow_up(alert: Alert, kind: Page.Kind, now: datetime) -> None:
    """Tell everybody who was paged of the alert how it ended, each once, by the channel that reached them first."""
    paged = Page.objects.filter(alert=alert, kind=Page.Kind.PAGE, state=Page.State.DELIVERED).exclude(channel=None)
    first: dict[tuple[str, int | None], Page] = {}
    for page in paged.select_related("channel", "user").order_by("delivered_at", "pk"):
        whom = ("u", page.user_id) if page.user_id else ("c", page.channel_id)
        first.setdefault(whom, page)
    pages = [_follow_up(page, f"{alert.pk}.{kind}.{who}{pk}", kind, now) for (who, pk), page in first.items()]
    Page.objects.bulk_create(pages, ignore_conflicts=True)


def _follow_up(page: Page, key: str, kind: Page.Kind, now: datetime) -> Page:
    held = None
    if page.user is not None:
        held = next(
            (way.not_before for way in ways(page.user, page.severity, now) if way.channel == page.channel), None
        )
    return Page(
        alert_id=page.alert_id,
        key=key,
        kind=kind,
        user=page.user,
        channel=page.channel,
        to=page.to,
        severity=page.severity,
        made_at=now,
        armed_at=now,
        due_at=held or now,
        not_before=held,
    )
