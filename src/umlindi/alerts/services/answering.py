"""What a person does with an alert: acknowledge, snooze, close, comment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction

from umlindi.alerts.models import Alert
from umlindi.alerts.rules.answering import checked_deadline, checked_reason, usual_deadline
from umlindi.alerts.rules.clock import verdict
from umlindi.alerts.services.events import Kind, note
from umlindi.alerts.services.paging import cancel_pages
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.audit import Subject, audited, record
from umlindi.diagnosis.redaction import redact

RIGHT = "alert.answer"


class AlreadyOver(Exception):
    """What is resolved is not answered any more."""


def acknowledge(actor: Actor, alert: Alert, reason: str, now: datetime, until: datetime | None = None) -> Alert:
    """Somebody has it in hand: no more pages until then (a time usual for its severity where none is given), or until
    it gets worse. Raises `NoReason`, `BadDeadline`, `AlreadyOver`."""
    why, ends = _said(reason), checked_deadline(until or usual_deadline(alert.severity, now), now)
    with _answered(actor, alert, "alert.acknowledged", why, now) as held:
        held.state = Alert.State.ACKNOWLEDGED
        held.acknowledged_at, held.acknowledged_until, held.acknowledged_reason = now, ends, why
        held.acknowledged_by_id, held.acknowledged_name = actor.user_id, actor.name[:200]
        held.snoozed_until = held.closed_at = None
        held.due_at = ends
        note(held, Kind.ACKNOWLEDGED, now, why, actor.name)
    return held


def snooze(actor: Actor, alert: Alert, reason: str, until: datetime, now: datetime) -> Alert:
    """Nobody has it in hand, and nobody is to be told before then. Raises as `acknowledge`."""
    why, ends = _said(reason), checked_deadline(until, now)
    with _answered(actor, alert, "alert.snoozed", why, now) as held:
        _quieten(held, actor, why, now)
        held.snoozed_until, held.due_at = ends, ends
        note(held, Kind.SNOOZED, now, why, actor.name)
    return held


def close(actor: Actor, alert: Alert, reason: str, now: datetime) -> Alert:
    """Nobody is to be told any more until it works again, or gets worse: only recovery resolves. Raises `NoReason`,
    `AlreadyOver`."""
    why = _said(reason)
    with _answered(actor, alert, "alert.closed", why, now) as held:
        _quieten(held, actor, why, now)
        held.closed_at = now
        note(held, Kind.CLOSED, now, why, actor.name)
    return held


def comment(actor: Actor, alert: Alert, text: str, now: datetime) -> None:
    """A line on the timeline, of an open or a resolved alert. Raises `NoReason` for an empty one."""
    actor.require(RIGHT, _where(alert))
    said = _said(text)
    with transaction.atomic():
        note(alert, Kind.COMMENT, now, said, actor.name)
        record(actor, "alert.commented", Subject.of(alert), reason=said)


def _said(text: str) -> str:
    """What a person says, as it is kept, paged on and audited: without what looks like a patient (law 6). Raises
    `NoReason`."""
    return checked_reason(redact(text))


def _quieten(alert: Alert, actor: Actor, reason: str, now: datetime) -> None:
    alert.state = Alert.State.FIRING
    alert.fired_at = alert.fired_at or now
    alert.acknowledged_until = alert.snoozed_until = alert.closed_at = alert.due_at = None
    alert.quiet_name, alert.quiet_reason = actor.name[:200], reason


@contextmanager
def _answered(actor: Actor, alert: Alert, verb: str, reason: str, now: datetime) -> Iterator[Alert]:
    """The alert locked, to be changed: its waiting pages are taken back, the A1 clock stops, and it is audited."""
    actor.require(RIGHT, _where(alert))
    with transaction.atomic():
        held = Alert.objects.select_for_update().get(pk=alert.pk)
        if held.state == Alert.State.RESOLVED:
            raise AlreadyOver
        with audited(actor, verb, held, reason=reason):
            held.armed_at = None
            yield held
            cancel_pages(held, f"{actor.name} answered")
            if held.answered_at is None:
                _stop_clock(held, actor, now)
            held.save()


def _stop_clock(alert: Alert, actor: Actor, now: datetime) -> None:
    alert.answered_at, alert.answered_by = now, actor.name[:200]
    alert.clock = verdict(alert.detected_at, alert.answer_due_at, now, answered=now, muted=alert.muted_at).value


def _where(alert: Alert) -> int:
    return alert.organisation_id or EVERYWHERE
