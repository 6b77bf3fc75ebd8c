"""After its outages changed: what an alert says, whether it is worse, whether it is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from umlindi.alerts.models import Alert, AlertOutage, Page
from umlindi.alerts.rules.clock import ANSWER_WITHIN, verdict
from umlindi.alerts.rules.grouping import Scope
from umlindi.alerts.rules.severity import is_worse, worst
from umlindi.alerts.rules.summing import Part, Summary, summary, worsened
from umlindi.alerts.services.escalating import restart
from umlindi.alerts.services.events import Kind, note
from umlindi.alerts.services.paging import cancel_pages, follow_up
from umlindi.watch.models import Outage

State = Alert.State


def settle(alerts: Collection[Alert], went: Mapping[int, Alert], fresh: Collection[int], now: datetime) -> None:
    """Bring alerts up to date with their outages. `went`: into which alert outages of one have gone; `fresh`: the ids
    of those that opened just now. The caller holds their locks."""
    outages = current_outages(alerts)
    for alert in alerts:
        found = outages[alert.pk]
        going_on = [outage for outage in found if outage.until is None]
        if going_on:
            _go_on(alert, _summary(alert, found, going_on), alert.pk in fresh, now)
        elif alert.pk in went:
            _merge(alert, went[alert.pk], now)
        else:
            why = next((outage.ended for outage in found if outage.ended), "")
            resolve(alert, _over_at(found, now), why, now)


def current_outages(alerts: Collection[Alert]) -> dict[int, list[Outage]]:
    """The outages that are in each alert now, open or over, without their evidence."""
    links = AlertOutage.objects.filter(alert__in=alerts, left_at=None).select_related("outage__system")
    found: dict[int, list[Outage]] = defaultdict(list)
    for link in links.defer("outage__first", "outage__last"):
        found[link.alert_id].append(link.outage)
    return found


def resolve(alert: Alert, at: datetime, why: str, now: datetime) -> None:
    """It works again, or `why` it is over all the same: the acknowledgement goes with it, and whoever was paged is told
    once."""
    alert.over_because = why
    _end(alert, at, Alert.Ending.RECOVERED)
    note(alert, Kind.RESOLVED, now, why or ("" if alert.fired_at else "Before anybody was told"))
    cancel_pages(alert, why or "it works again")
    follow_up(alert, Page.Kind.RECOVERED, now)


def _merge(alert: Alert, into: Alert, now: datetime) -> None:
    alert.merged_into = into
    _end(alert, now, Alert.Ending.MERGED)
    note(alert, Kind.MERGED, now, into.title)
    note(into, Kind.TOOK, now, alert.title)
    cancel_pages(alert, "it went into another alert")
    follow_up(alert, Page.Kind.MERGED, now)


def _end(alert: Alert, at: datetime, ending: Alert.Ending) -> None:
    alert.state, alert.resolved_at, alert.ending = State.RESOLVED, at, ending
    alert.due_at = alert.armed_at = alert.acknowledged_until = alert.snoozed_until = None
    alert.nobody_reached = False
    if not alert.clock:
        is_merged = ending == Alert.Ending.MERGED
        times = (alert.detected_at, alert.answer_due_at, at)
        alert.clock = verdict(*times, muted=alert.muted_at, resolved=at, merged=is_merged).value
    alert.save()


def _over_at(outages: Sequence[Outage], now: datetime) -> datetime:
    """When the last of them was known to be over."""
    return max((min(now, outage.closed_at or outage.until or now) for outage in outages), default=now)


def _go_on(alert: Alert, new: Summary, is_fresh: bool, now: datetime) -> None:
    worse = not is_fresh and (worsened(alert.condition, new.condition) or is_worse(new.severity, alert.severity))
    if not is_fresh:
        _tell_changes(alert, new, worse, now)
    alert.severity = new.severity if is_fresh else worst([new.severity, alert.severity])
    alert.condition, alert.title, alert.cause, alert.fix = new.condition, new.title, new.cause, new.fix
    alert.affected, alert.systems, alert.consequences = new.affected, new.systems, new.consequences
    alert.flapping, alert.late, alert.since = new.flapping, alert.late or new.late, new.since
    if alert.answered_at is None and new.detected < alert.detected_at:
        began_anew = alert.answer_due_at > alert.detected_at + ANSWER_WITHIN
        alert.detected_at = new.detected
        alert.answer_due_at = alert.answer_due_at if began_anew else new.detected + ANSWER_WITHIN
    if worse and alert.state != State.PENDING:
        _tell_anew(alert, now)
    alert.save()


def _tell_anew(alert: Alert, now: datetime) -> None:
    """Worse than what was answered is not answered."""
    alert.state = State.FIRING
    alert.fired_at = alert.fired_at or now
    alert.acknowledged_until = alert.snoozed_until = alert.closed_at = None
    restart(alert, now)


def _tell_changes(alert: Alert, new: Summary, worse: bool, now: datetime) -> None:
    if worse:
        note(alert, Kind.WORSENED, now, f"{new.title}: {new.condition}, {worst([new.severity, alert.severity])}")
    if alert.flapping != new.flapping:
        note(alert, Kind.FLAPPING if new.flapping else Kind.STEADY, now)
    if new.cause and alert.cause != new.cause:
        note(alert, Kind.CAUSE, now, new.cause)
    before, after = alert.systems + alert.consequences, new.systems + new.consequences
    if before != after:
        kind = Kind.JOINED if after > before else Kind.LEFT
        note(alert, kind, now, f"{new.systems} out by themselves, {new.consequences} because of them")


def _summary(alert: Alert, outages: Sequence[Outage], going_on: Sequence[Outage]) -> Summary:
    """Of what goes on; `since` remembers what has ended, but not what others said of what we saw ourselves."""
    new = summary(Scope(alert.breadth), _place(alert), [part_of(outage) for outage in going_on])
    return replace(new, since=min(outage.since for outage in outages if outage.kind == new.kind))


def part_of(outage: Outage) -> Part:
    return Part(
        kind=outage.kind,
        condition=outage.condition,
        subject=outage.subject,
        headline=outage.headline,
        cause=outage.cause,
        fix=outage.fix,
        affected=outage.affected,
        since=outage.since,
        detected=outage.detected_at,
        flapping=outage.flapping,
        late=outage.late,
        name=str(outage.system or outage.subject),
        system_kind=outage.system.kind if outage.system else "",
        is_root=outage.because_id is None,
    )


def _place(alert: Alert) -> str:
    return str(alert.site or alert.organisation or "")
