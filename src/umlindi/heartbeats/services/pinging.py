"""A program reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from umlindi.diagnosis.redaction import redact
from umlindi.heartbeats.models import Heartbeat, Ping
from umlindi.heartbeats.rules.states import Signal
from umlindi.heartbeats.services.judging import JUDGED, overdue, settle, webs
from umlindi.watch.services import outages

KEPT = 100
SWEPT_EVERY = 20
BODY_KEPT = 2000
HEARD = ["awaited_from", "good_at", "failed_at", "exit_code", "started_at", "pinged_at", "pings"]


@dataclass(frozen=True, slots=True)
class Report:
    """What a ping says. `body` as it came, of any bytes; `source` is the address it came from."""

    signal: Signal
    exit_code: int | None = None
    source: str | None = None
    body: bytes = b""


def ping(secret: UUID, report: Report, now: datetime) -> bool:
    """Record a report and what follows from it; durable when this returns. False where no heartbeat has this secret.

    What went wrong before it came, and nobody looked, becomes an outage that this report ends.
    """
    with transaction.atomic():
        rows = Heartbeat.objects.select_for_update(of=("self",))
        heartbeat = rows.select_related("organisation", "system__site").filter(secret=secret).first()
        if heartbeat is None:
            return False
        if heartbeat.judge_at and heartbeat.judge_at < now:
            told = overdue(heartbeat, webs(now), now)
            outages.report_all([told] if told else [], now)
        runtime = _hear(heartbeat, report, now)
        settle(heartbeat, now)
        heartbeat.save(update_fields=HEARD + JUDGED)
        _keep(heartbeat, report, runtime, now)
    return True


def _hear(heartbeat: Heartbeat, report: Report, now: datetime) -> timedelta | None:
    """Set what is known of it. Returns how long a run took that this report ends."""
    heartbeat.pings += 1
    heartbeat.pinged_at = now
    if report.signal is Signal.LOG:
        return None
    if report.signal is Signal.START:
        heartbeat.started_at = now
        if heartbeat.good_at is None and heartbeat.starts is None:
            heartbeat.awaited_from = heartbeat.awaited_from or now
        return None
    runtime = now - heartbeat.started_at if heartbeat.started_at else None
    heartbeat.started_at = None
    heartbeat.exit_code = report.exit_code
    if report.signal is Signal.FAIL:
        heartbeat.failed_at = heartbeat.failed_at or now
    else:
        heartbeat.good_at, heartbeat.failed_at = now, None
    return runtime if runtime and runtime > timedelta(0) else None


def _keep(heartbeat: Heartbeat, report: Report, runtime: timedelta | None, now: datetime) -> None:
    Ping.objects.create(
        heartbeat=heartbeat,
        number=heartbeat.pings,
        at=now,
        signal=report.signal,
        exit_code=report.exit_code,
        runtime=runtime,
        source=report.source,
        body=cleaned(report.body),
    )
    if heartbeat.pings % SWEPT_EVERY == 0:
        heartbeat.reports.filter(number__lte=heartbeat.pings - KEPT).delete()


def cleaned(body: bytes) -> str:
    """The first part of what a program said: printable, line by line, without what looks like a patient.

    Redacted before it is cut: half a name would not be known for one.
    """
    text = body.decode("utf-8", "replace")
    printable = "".join(each if each.isprintable() or each == "\n" else " " for each in text.replace("\r\n", "\n"))
    return redact(printable)[:BODY_KEPT].strip()
