"""A heartbeat's state, and the outage that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
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
"""The fields that are set here."""


def settle(heartbeat: Heartbeat, now: datetime, *, ended: str = "") -> None:
    """Judge it after something happened, and open, worsen or end its outage. The caller holds the row's lock, and saves
    it. `ended` is why an outage ends that no success ended."""
    verdict = judge(heartbeat.schedule, heartbeat.heard, now)
    was_down = heartbeat.state == State.DOWN
    if verdict.state is not State.DOWN:
        _take(heartbeat, verdict)
        heartbeat.doubtful = False
        if was_down:
            outages.end(heartbeat.key, now, now, ended)
    elif heartbeat.doubtful or not was_down:
        _take(heartbeat, verdict)
        outages.report_all([_reported(heartbeat, verdict, webs(now), now)], now)


def overdue(heartbeat: Heartbeat, lives: Sequence[Life], now: datetime) -> outages.Reported | None:
    """Judge it by time alone; the outage to report, if there is one. The caller holds the row's lock, and saves it.

    What is down stays so, though the clock was set back.
    """
    was_down = heartbeat.state == State.DOWN
    if was_down and not heartbeat.doubtful:
        heartbeat.judge_at = None
        return None
    verdict = judge(heartbeat.schedule, heartbeat.heard, now)
    if not was_down:
        _take(heartbeat, verdict)
    return _reported(heartbeat, verdict, lives, now) if verdict.state is State.DOWN else None


def webs(now: datetime) -> list[Life]:
    """Every web process that was lately heard."""
    rows = Beat.objects.filter(name="web", at__gt=now - HISTORY)
    return [Life(row.name, row.host, row.pid, row.started_at, row.at, row.ended_at) for row in rows]


def _take(heartbeat: Heartbeat, verdict: Verdict) -> None:
    heartbeat.state, heartbeat.expected_at = verdict.state, verdict.expected
    if verdict.state is not State.DOWN:
        heartbeat.judge_at = verdict.again_at


def _reported(heartbeat: Heartbeat, verdict: Verdict, lives: Sequence[Life], now: datetime) -> outages.Reported:
    """Unknown where it may have reported while we could not hear; then it is judged again when the next report is
    overdue."""
    deaf = None if verdict.fault is Fault.FAILED else _deaf(heartbeat, lives, now)
    heartbeat.doubtful = deaf is not None
    heartbeat.judge_at = heartbeat.schedule.due_after(now) + heartbeat.grace if deaf else None
    said = headline(heartbeat.schedule, heartbeat.heard, verdict)[:300]
    subject, condition, system = heartbeat.subject, "unknown" if deaf else heartbeat.condition, heartbeat.system
    code, told = _code(heartbeat, verdict), _told(heartbeat)
    return outages.Reported(
        key=heartbeat.key,
        kind="heartbeat",
        organisation=heartbeat.organisation,
        site=system.site if system else None,
        system=system,
        subject=subject,
        headline=said,
        condition=condition,
        since=min(verdict.since or now, now),
        cause=_not_heard(heartbeat, *deaf) if deaf else "",
        fix=heartbeat.next_step,
        evidence=evidence("heartbeat", subject, code, meaning=said, condition=condition, told=told),
    )


def _deaf(heartbeat: Heartbeat, lives: Sequence[Life], now: datetime) -> tuple[datetime, datetime] | None:
    """When, since its next report could have come, no web process was there to hear it."""
    awaited = heartbeat.started_at or heartbeat.expected_at or now
    if heartbeat.doubtful:
        awaited = heartbeat.judge_at - heartbeat.grace if heartbeat.judge_at else now
    return deaf_between(lives, awaited - EARLY, now)


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
