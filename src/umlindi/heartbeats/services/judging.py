"""A heartbeat's state, and the outage that follows from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from umlindi.core.models import Beat
from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.rules.house import Life, deaf_between
from umlindi.heartbeats.rules.schedules import EARLY
from umlindi.heartbeats.rules.states import Fault, State, Verdict, headline, judge
from umlindi.heartbeats.services.evidence import evidence
from umlindi.watch.services import outages

HISTORY = timedelta(days=30)
"""How far back the beats of web processes are looked at, for one that was heard before."""

JUDGED = ["state", "doubtful", "expected_at", "judge_at"]
"""The fields that `settle` sets."""


def settle(heartbeat: Heartbeat, now: datetime, *, time_alone: bool = False, ended: str = "") -> None:
    """Judge it, and open, worsen or end its outage. The caller holds the row's lock, and saves it.

    `time_alone` says that nothing else happened: then what is down stays so, though the clock was set back. `ended` is
    why an outage ends that no success ended.
    """
    verdict = judge(heartbeat.schedule, heartbeat.heard, now)
    if heartbeat.state != State.DOWN:
        _take(heartbeat, verdict)
        if verdict.state is State.DOWN:
            _report(heartbeat, verdict, now)
    elif verdict.state is not State.DOWN and not time_alone:
        _take(heartbeat, verdict)
        heartbeat.doubtful = False
        outages.end(heartbeat.key, now, now, ended)
    elif heartbeat.doubtful:
        _report(heartbeat, verdict, now)
    else:
        heartbeat.judge_at = None


def _take(heartbeat: Heartbeat, verdict: Verdict) -> None:
    heartbeat.state, heartbeat.expected_at, heartbeat.judge_at = verdict.state, verdict.expected, verdict.again_at


def _report(heartbeat: Heartbeat, verdict: Verdict, now: datetime) -> None:
    """Open its outage, or tell the open one anew. Unknown where it may have reported while we could not hear; then it
    is judged again when the next report is overdue."""
    deaf = None if verdict.fault is Fault.FAILED else _deaf(heartbeat, now)
    heartbeat.doubtful = deaf is not None
    heartbeat.judge_at = heartbeat.schedule.due_after(now) + heartbeat.grace if deaf else None
    said = headline(heartbeat.schedule, heartbeat.heard, verdict)[:300]
    subject, condition, system = heartbeat.subject, "unknown" if deaf else heartbeat.condition, heartbeat.system
    code, told = _code(heartbeat, verdict), _told(heartbeat)
    outages.report(
        heartbeat.key,
        "heartbeat",
        organisation=heartbeat.organisation,
        site=system.site if system else None,
        system=system,
        subject=subject,
        headline=said,
        condition=condition,
        since=min(verdict.since or now, now),
        now=now,
        cause=_not_heard(heartbeat, *deaf) if deaf else "",
        fix=heartbeat.next_step,
        evidence=evidence("heartbeat", subject, code, meaning=said, condition=condition, told=told),
    )


def _deaf(heartbeat: Heartbeat, now: datetime) -> tuple[datetime, datetime] | None:
    """When, since its next report could have come, no web process was there to hear it."""
    awaited = heartbeat.started_at or heartbeat.expected_at or now
    if heartbeat.doubtful:
        awaited = heartbeat.judge_at - heartbeat.grace if heartbeat.judge_at else now
    return deaf_between(_webs(awaited - HISTORY), awaited - EARLY, now)


def _webs(since: datetime) -> list[Life]:
    """Every web process that has beaten since then."""
    rows = Beat.objects.filter(name="web", at__gt=since)
    return [Life(row.name, row.host, row.pid, row.started_at, row.at, row.ended_at) for row in rows]


def _not_heard(heartbeat: Heartbeat, since: datetime, until: datetime) -> str:
    zone = ZoneInfo(heartbeat.timezone)
    told = [f"{moment.astimezone(zone):%-d %b %H:%M}" for moment in (since, until)]
    return f"It may have reported: Umlindi could not be reached from {told[0]} to {told[1]}"


def _code(heartbeat: Heartbeat, verdict: Verdict) -> str:
    if verdict.fault is Fault.FAILED and heartbeat.exit_code is not None:
        return f"EXIT {heartbeat.exit_code}"
    return verdict.fault.upper() if verdict.fault else ""


def _told(heartbeat: Heartbeat) -> dict[str, str]:
    moments = {"last_success": heartbeat.good_at, "expected": heartbeat.expected_at, "started": heartbeat.started_at}
    return {"schedule": heartbeat.schedule.in_words()} | {
        name: moment.isoformat(timespec="seconds") for name, moment in moments.items() if moment
    }
