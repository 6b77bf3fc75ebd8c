"""A heartbeat's state, and the outage that follows from it."""

from __future__ import annotations

from datetime import datetime

from umlindi.heartbeats.models import Heartbeat
from umlindi.heartbeats.rules.states import Fault, State, Verdict, headline, judge
from umlindi.heartbeats.services.evidence import evidence
from umlindi.watch.services import outages

JUDGED = ["state", "expected_at", "judge_at"]
"""The fields that `settle` sets."""


def settle(heartbeat: Heartbeat, now: datetime, *, time_alone: bool = False) -> None:
    """Judge it, and open or end its outage. The caller holds the row's lock, and saves it.

    `time_alone` says that nothing else happened: then what is down stays so, though the clock was set back.
    """
    verdict = judge(heartbeat.schedule, heartbeat.heard, now)
    was_down = heartbeat.state == State.DOWN
    if time_alone and was_down:
        heartbeat.judge_at = None
        return
    heartbeat.state, heartbeat.expected_at, heartbeat.judge_at = verdict.state, verdict.expected, verdict.again_at
    if verdict.state is State.DOWN and not was_down:
        _open(heartbeat, verdict, now)
    elif was_down and verdict.state is not State.DOWN:
        outages.end(heartbeat.key, now, now)


def _open(heartbeat: Heartbeat, verdict: Verdict, now: datetime) -> None:
    said = headline(heartbeat.schedule, heartbeat.heard, verdict)[:300]
    subject, condition, system = heartbeat.subject, heartbeat.condition, heartbeat.system
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
        fix=heartbeat.next_step,
        evidence=evidence("heartbeat", subject, code, meaning=said, condition=condition, told=told),
    )


def _code(heartbeat: Heartbeat, verdict: Verdict) -> str:
    if verdict.fault is Fault.FAILED and heartbeat.exit_code is not None:
        return f"EXIT {heartbeat.exit_code}"
    return verdict.fault.upper() if verdict.fault else ""


def _told(heartbeat: Heartbeat) -> dict[str, str]:
    moments = {"last_success": heartbeat.good_at, "expected": heartbeat.expected_at, "started": heartbeat.started_at}
    return {"schedule": heartbeat.schedule.in_words()} | {
        name: moment.isoformat(timespec="seconds") for name, moment in moments.items() if moment
    }
