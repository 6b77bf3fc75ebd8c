"""What is wrong with the house itself: processes not heard, jobs that did not run, a queue that stands still."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from umlindi.heartbeats.rules.schedules import cron_times, latest_before

PROCESSES = ("web", "watch", "worker", "pager")
"""What a house consists of: each is expected even if it was never heard."""

SILENT_AFTER = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=1)
"""A process that is gone for so long is no longer expected, where others of its name do its work."""

STUCK_AFTER = timedelta(minutes=15)
AWAY_AFTER = timedelta(minutes=5)
"""Who has not been looking for so long was away: what did not run meanwhile gets its grace anew."""

GIVEN_UP_AFTER = timedelta(minutes=11)
"""Beyond ten minutes the worker's own scheduler no longer queues what it missed."""


@dataclass(frozen=True, slots=True)
class HouseFault:
    """What `watch.services.outages.report` needs; `told` is evidence."""

    key: str
    subject: str
    headline: str
    since: datetime
    condition: str
    code: str
    fix: str
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Life:
    """One run of a process: `at` is its last beat, `ended_at` set where it ended in good order."""

    name: str
    host: str
    pid: int
    started_at: datetime
    at: datetime
    ended_at: datetime | None = None

    def is_heard(self, now: datetime) -> bool:
        """A beat in the future is from before the clock was set back: its next one is written in a few seconds, and a
        death just before goes unnoticed until the clock is there again."""
        return self.ended_at is None and now - self.at <= SILENT_AFTER


def process_faults(lives: Sequence[Life], now: datetime) -> Iterator[HouseFault]:
    """Who is silent that should be heard.

    The pager's own beat is the measure of whether the house is up: what a whole house that was shut down left behind
    is no fault, and after it comes up, each process has a minute to be heard.
    """
    awake = [life.started_at for life in lives if life.name == "pager" and life.is_heard(now)]
    if not awake:
        return
    for name in sorted({*PROCESSES, *(life.name for life in lives)}):
        own = [life for life in lives if life.name == name]
        if any(life.is_heard(now) for life in own):
            yield from _fewer(name, own, now)
        else:
            yield from _none(name, own, min(awake), now)


def _none(name: str, lives: Sequence[Life], awake: datetime, now: datetime) -> Iterator[HouseFault]:
    """Not one is heard: whether it was ended or died, its work is not done."""
    last = max((life.at for life in lives), default=None)
    if now - max(last or awake, awake) <= SILENT_AFTER:
        return
    told = [{"host": life.host, "pid": life.pid} for life in lives if life.at == last]
    said = f"since {last:%-d %b %H:%M:%S} UTC" if last else "at all"
    headline = f"has not been heard from {said}"
    fix = f"See whether it runs and what its log says ({name}.log); start it anew."
    yield HouseFault(_process(name), _subject(name), headline, last or awake, "down", "SILENT", fix, {"last": told})


def _fewer(name: str, lives: Sequence[Life], now: datetime) -> Iterator[HouseFault]:
    """Others do its work, but one died and none was started in its place."""
    if not (missing := unreplaced(lives, now)):
        return
    hosts = ", ".join(sorted({life.host for life in missing}))
    since = min(life.at for life in missing)
    headline = f"has lost {len(missing)} of its processes, on {hosts}, last heard {since:%-d %b %H:%M:%S} UTC"
    fix = f"Start it again there; a {name} that is ended in good order, or away for a day, is no longer expected."
    told = {"last": [{"host": life.host, "pid": life.pid} for life in missing]}
    yield HouseFault(_process(name), _subject(name), headline, since, "degraded", "FEWER", fix, told)


def unreplaced(lives: Sequence[Life], now: datetime) -> list[Life]:
    """Who died and was not started again: each start takes the place of one that died before it, wherever that was."""
    dead = [life for life in lives if life.ended_at is None and not life.is_heard(now)]
    for start in sorted(life.started_at for life in lives):
        before = [life for life in dead if life.at < start]
        if before:
            dead.remove(max(before, key=lambda life: life.at))
    return [life for life in dead if now - life.at < FORGOTTEN_AFTER]


def deaf_between(lives: Iterable[Life], start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """The first time within these moments when no process of these names was heard for a minute, though one had been
    before: what called them then was lost. None where there was none."""
    ordered = sorted(lives, key=lambda life: life.started_at)
    if not ordered:
        return None
    heard = ordered[0].at
    for begins, until in [*((life.started_at, life.at) for life in ordered), (end, end)]:
        if begins - heard > SILENT_AFTER and heard < end and begins > start:
            return heard, begins
        heard = max(heard, until)
    return None


def _process(name: str) -> str:
    return f"house:process:{name}"


def _subject(name: str) -> str:
    return f"Umlindi’s {name} process"


@dataclass(frozen=True, slots=True)
class Run:
    """The newest run of a job."""

    due: datetime
    started_at: datetime
    finished_at: datetime | None = None
    ok: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """A job with its cron text in UTC, when it was first seen, since when somebody has looked, and its newest run."""

    name: str
    cron: str
    grace: timedelta
    since: datetime
    awake: datetime
    run: Run | None = None

    @property
    def next_due(self) -> datetime:
        """When it must run next, or should have."""
        return next(cron_times(self.cron, "UTC", self.run.due if self.run else self.since))


def job_fault(job: Watched, now: datetime) -> HouseFault | None:
    """A job that failed, did not end, or did not run though its grace is over."""
    run = job.run
    if run and run.finished_at and not run.ok:
        return _job(job, f"failed with {run.error} at {_utc(run.finished_at)}", run.finished_at, "FAILED")
    if run and not run.finished_at:
        limit = max(run.started_at, job.awake) + job.grace
        headline = f"started at {_utc(run.started_at)} and never ended"
        return _job(job, headline, limit, "OVERRUN") if now > limit else None
    due = job.next_due
    if now <= max(due, job.awake) + job.grace:
        return None
    return _job(job, f"did not run at {_utc(due)}", due, "MISSING")


def late_run(job: Watched, now: datetime) -> datetime | None:
    """The newest time a job should have run where nobody is going to run it any more: the house was away. None where
    there is none."""
    if job.next_due + GIVEN_UP_AFTER >= now or (job.run and not job.run.finished_at):
        return None
    return latest_before(job.cron, now)


def awake_since(awake: datetime, seen_at: datetime, now: datetime) -> datetime:
    """Since when somebody has looked without a break: anew after an absence, or where the clock was set back."""
    return now if now - seen_at > AWAY_AFTER or awake > now else awake


def _job(job: Watched, headline: str, since: datetime, code: str) -> HouseFault:
    fix = "See worker.log for why; the next good run ends this."
    told = {"due": job.next_due.isoformat()}
    return HouseFault(f"house:job:{job.name}", f"The job {job.name}", headline, since, "down", code, fix, told)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that could be run since a moment, and is not."""

    task: str
    since: datetime


def queue_faults(waiting: Iterable[Waiting], now: datetime) -> Iterator[HouseFault]:
    """Jobs that nobody takes up, or whose worker died with them."""
    stuck = [job for job in waiting if now - job.since > STUCK_AFTER]
    if not stuck:
        return
    tasks, since = sorted({job.task for job in stuck}), min(job.since for job in stuck)
    headline = f"holds {len(stuck)} that nobody works on, the oldest since {_utc(since)}: {', '.join(tasks)}"
    fix = "See whether a worker runs; restart it where it does."
    yield HouseFault("house:queue", "The queue of jobs", headline[:300], since, "down", "STUCK", fix, {"tasks": tasks})


def _utc(moment: datetime) -> str:
    return f"{moment:%-d %b %H:%M} UTC"
