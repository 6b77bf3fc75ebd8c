"""An open alert's next step: it fires, tells the next people, or takes back an answer that ran out.

Each verb takes the id of one alert, locks it, looks whether the step is still due, and does it in one transaction: any
number of pagers may try, one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from umlindi.alerts.models import Alert, AlertEvent, Page
from umlindi.alerts.rules.clock import ANSWER_WITHIN
from umlindi.alerts.rules.delivery import is_late
from umlindi.alerts.rules.escalation import CLOCK_TOLERANCE, Frozen, Place, beginning, following, rearmed
from umlindi.alerts.services.events import Kind, note
from umlindi.alerts.services.muting import mute
from umlindi.alerts.services.paging import cancel_pages, tell
from umlindi.alerts.services.policies import frozen_policies
from umlindi.oncall.rules.severity import Severity

AT_ONCE = 200
LOOK_AGAIN = timedelta(seconds=60)
NO_POLICY = "no escalation policy says whom to tell"
State = Alert.State


def due_alerts(now: datetime) -> list[int]:
    """The alerts whose next step has come, the longest due first, and those that a clock set back holds up."""
    held_up = Q(armed_at__gt=now + CLOCK_TOLERANCE)
    rows = Alert.objects.exclude(state=State.RESOLVED).filter(Q(due_at__lte=now) | held_up, due_at__isnull=False)
    return list(rows.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE])


def advance(alert_id: int, now: datetime) -> None:
    """Take one alert's next steps, as far as they are due: firing and telling the first people is one moment.

    Nothing where it is not due any more, or another pager has it.
    """
    with transaction.atomic():
        rows = Alert.objects.select_for_update(skip_locked=True).exclude(state=State.RESOLVED)
        alert = rows.filter(pk=alert_id, due_at__isnull=False).first()
        if alert is None or not _is_due(alert, now):
            return
        while alert.due_at is not None and alert.due_at <= now:
            _step(alert, now)
        alert.save()


def put_off_alert(alert_id: int, error: str, now: datetime) -> None:
    """Look at it again in a minute: its step broke, and the timeline says so."""
    Alert.objects.filter(pk=alert_id).update(due_at=now + LOOK_AGAIN, armed_at=now)
    AlertEvent.objects.create(alert_id=alert_id, kind=Kind.BROKE, at=now, text=error)


def restart(alert: Alert, now: datetime) -> None:
    """Tell from the first step on, under a new cycle. The caller holds the alert's lock and saves it."""
    cancel_pages(alert, "told anew")
    began = alert.fired_at is not None
    _stand(alert, beginning(_policy(alert), alert.cycle + 1 if began else 0, now), now)
    if alert.due_at is None:
        _arm(alert, now, now)


def _is_due(alert: Alert, now: datetime) -> bool:
    """Whether the step has come; one that was armed by a clock since set back is armed anew, and its run with it."""
    assert alert.due_at is not None  # noqa: S101 - the query asks for it
    again = rearmed(alert.armed_at, alert.due_at, now) if alert.armed_at else None
    if alert.armed_at is not None and again is not None:
        if alert.cycle_began_at is not None:
            alert.cycle_began_at += now - alert.armed_at
        _arm(alert, again, now)
        alert.save(update_fields=["due_at", "armed_at", "cycle_began_at"])
    return alert.due_at <= now


def _step(alert: Alert, now: datetime) -> None:
    if alert.state == State.PENDING:
        _fire(alert, now)
    elif alert.state == State.ACKNOWLEDGED:
        _expire(alert, now)
    elif alert.snoozed_until is not None:
        _wake(alert, now)
    elif mute([alert], now):
        _arm(alert, None, now)
    else:
        _tell(alert, now)


def _fire(alert: Alert, now: datetime) -> None:
    late = alert.due_at is not None and is_late(alert.due_at, now)
    restart(alert, now)
    alert.state, alert.fired_at, alert.late = State.FIRING, now, alert.late or late
    note(alert, Kind.FIRED, now)


def _expire(alert: Alert, now: datetime) -> None:
    note(alert, Kind.EXPIRED, now, f"{alert.acknowledged_name} had it: {alert.acknowledged_reason}")
    alert.state = State.FIRING
    alert.fired_at = alert.fired_at or now
    alert.acknowledged_until = None
    restart(alert, now)


def _wake(alert: Alert, now: datetime) -> None:
    note(alert, Kind.WOKE, now, f"{alert.quiet_name} had snoozed it: {alert.quiet_reason}")
    alert.snoozed_until, alert.quiet_name, alert.quiet_reason = None, "", ""
    restart(alert, now)


def _tell(alert: Alert, now: datetime) -> None:
    """Make the pages of the step that is due, and say when the one after it comes."""
    policy = _policy(alert)
    if not policy.steps:
        _find_policy(alert, now)
    elif alert.step >= len(policy.steps):
        note(alert, Kind.UNANSWERED, now, "Everybody on the list was told as often as it says")
        _arm(alert, None, now)
    else:
        _tell_step(alert, policy, now)


def _tell_step(alert: Alert, policy: Frozen, now: datetime) -> None:
    late = alert.late or (alert.due_at is not None and is_late(alert.due_at, now))
    told, missing = tell(alert, policy.steps[alert.step].targets, now, late=late)
    place = following(policy, _place(alert), now, at_once=not told)
    if not told:
        _nobody(alert, alert.cycle, "; ".join(missing), now)
    else:
        note(alert, Kind.ESCALATED, now, f"Telling {', '.join(told)}")
        if alert.severity == Severity.LOW:
            place = replace(place, due=None)
    _stand(alert, place, now)


def _find_policy(alert: Alert, now: datetime) -> None:
    """An alert that opened when no policy was there takes the first that comes."""
    alert.policy = frozen_policies({alert.organisation_id})[alert.organisation_id]
    if _policy(alert).steps:
        restart(alert, now)
        return
    _nobody(alert, alert.cycle, NO_POLICY, now)
    _arm(alert, now + LOOK_AGAIN, now)


def _nobody(alert: Alert, cycle: int, why: str, now: datetime) -> None:
    """Said on the alert until somebody is reached; on the timeline each time it is news."""
    if alert.nobody_reason != why[:300]:
        note(alert, Kind.NOBODY, now, why)
    reached = Page.objects.filter(alert=alert, kind=Page.Kind.PAGE, cycle=cycle, state=Page.State.DELIVERED)
    alert.nobody_reached, alert.nobody_reason = not reached.exists(), why[:300]


def step_reached_nobody(alert: Alert, cycle: int, step: int, why: str, now: datetime) -> None:
    """Every page of a step has failed for good: the next step comes at once. The caller holds the alert's lock."""
    if alert.state != State.FIRING:
        return
    _nobody(alert, cycle, why, now)
    if (alert.cycle, alert.step) == (cycle, step + 1) and alert.due_at is not None:
        _arm(alert, now, now)
    alert.save(update_fields=["nobody_reached", "nobody_reason", "due_at", "armed_at"])


def somebody_reached(alert: Alert) -> None:
    """A page of the alert was delivered. The caller holds the alert's lock."""
    if alert.nobody_reached or alert.nobody_reason:
        alert.nobody_reached, alert.nobody_reason = False, ""
        alert.save(update_fields=["nobody_reached", "nobody_reason"])


def upcoming(alert: Alert) -> Sequence[str]:
    """The names of those told next if nobody answers."""
    return [target.name for target in _policy(alert).targets(alert.step)]


def tend_windows(now: datetime) -> None:
    """Note on every alert that a window has begun or ended for it; one that still stands at the end pages again."""
    for alert_id in _changed_by_windows(now):
        with transaction.atomic():
            alert = Alert.objects.select_for_update(skip_locked=True).filter(pk=alert_id).first()
            if alert is not None and alert.state in (State.FIRING, State.ACKNOWLEDGED):
                _tend(alert, now)
                alert.save()


def _changed_by_windows(now: datetime) -> list[int]:
    alerts = list(Alert.objects.filter(state__in=[State.FIRING, State.ACKNOWLEDGED]).order_by("pk"))
    before = {alert.pk: alert.muted for alert in alerts}
    muted = {alert.pk for alert in mute(alerts, now, only_look=True)}
    return [pk for pk, was in before.items() if was != (pk in muted)]


def _tend(alert: Alert, now: datetime) -> None:
    if mute([alert], now):
        if alert.state == State.FIRING and alert.snoozed_until is None:
            _arm(alert, None, now)
        return
    if alert.muted:
        alert.muted, alert.muted_by = False, ""
        note(alert, Kind.UNMUTED, now, "The agreed window is over and it still does not work")
        _start_clock(alert, now)
        if alert.state == State.FIRING and alert.snoozed_until is None and alert.closed_at is None:
            restart(alert, now)


def _start_clock(alert: Alert, now: datetime) -> None:
    """Nobody was told in the window: A1's time begins at its end, unless it was answered, or was up before."""
    if alert.answered_at is None and alert.muted_at is not None and alert.muted_at <= alert.answer_due_at:
        alert.answer_due_at, alert.muted_at = now + ANSWER_WITHIN, None


def _policy(alert: Alert) -> Frozen:
    return Frozen.of(alert.policy, alert.severity)


def _place(alert: Alert) -> Place:
    return Place(alert.cycle, alert.repeat, alert.step, alert.cycle_began_at or alert.opened_at, alert.due_at)


def _stand(alert: Alert, place: Place, now: datetime) -> None:
    alert.cycle, alert.repeat, alert.step, alert.cycle_began_at = place.cycle, place.repeat, place.step, place.began
    _arm(alert, place.due, now)


def _arm(alert: Alert, due: datetime | None, now: datetime) -> None:
    alert.due_at, alert.armed_at = due, now if due is not None else None
