"""The dead-man's switch over the house: processes, jobs, the queue, and what the outside watcher is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from procrastinate.contrib.django.models import ProcrastinateJob

from umlindi.core.models import Beat, ScheduledJob, ScheduledRun
from umlindi.core.scheduled import SCHEDULES, run_late
from umlindi.heartbeats import services
from umlindi.heartbeats.models import Outgoing
from umlindi.heartbeats.rules.house import (
    FORGOTTEN_AFTER,
    PROCESSES,
    Life,
    Run,
    Watched,
    awake_since,
    deaf_between,
    job_fault,
    late_run,
    process_faults,
    unreplaced,
)
from umlindi.heartbeats.services.outgoing import announce
from umlindi.watch.models import Outage

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def life(name: str, at: datetime = NOW, started: datetime = NOW - HOUR, *, ended: bool = False, pid: int = 7) -> Life:
    return Life(name, "ward-server", pid, started, at, at if ended else None)


def whole(**instead: list[Life]) -> list[Life]:
    """A house that lives, but for some names."""
    return [each for name in PROCESSES for each in instead.get(name, [life(name)])]


def keys(lives: list[Life], now: datetime = NOW) -> dict[str, str]:
    return {fault.key: fault.condition for fault in process_faults(lives, now)}


def test_a_house_that_lives_has_no_fault() -> None:
    assert keys(whole()) == {}


@given(st.sampled_from(PROCESSES[:3]), st.booleans(), st.timedeltas(timedelta(0), DAY))
def test_a_name_that_nobody_speaks_for_is_down_after_a_minute_whether_it_died_or_ended(
    name: str, ended: bool, silent: timedelta
) -> None:
    lives = whole(**{name: [life(name, NOW - silent, NOW - 2 * DAY, ended=ended)]})
    # The pager has been looking for longer than that.
    lives = [*lives, life("pager", started=NOW - 3 * DAY)]
    assert keys(lives) == ({f"house:process:{name}": "down"} if silent > MINUTE else {})


def test_what_never_was_heard_is_expected_a_minute_after_the_pager_began() -> None:
    lives = [life("pager", started=NOW - 61 * SECOND), life("web"), life("watch")]
    assert keys(lives) == {"house:process:worker": "down"}
    assert keys([life("pager", started=NOW - 59 * SECOND), life("web"), life("watch")]) == {}


@given(st.timedeltas(timedelta(0), 60 * SECOND), st.booleans())
def test_a_house_that_was_shut_down_or_lost_its_power_has_a_minute_to_come_up(up: timedelta, ended: bool) -> None:
    before = [life(name, NOW - 9 * HOUR, NOW - 2 * DAY, ended=ended) for name in PROCESSES]
    assert keys([*before, life("pager", started=NOW - up, pid=8)]) == {}


def test_without_a_pager_nobody_judges() -> None:
    assert keys([life("web", NOW - HOUR), life("pager", NOW - HOUR)]) == {}


def test_one_of_several_that_ends_in_order_is_no_fault_and_one_that_dies_is_one() -> None:
    gone = NOW - 5 * MINUTE
    assert keys(whole(watch=[life("watch"), life("watch", gone, ended=True, pid=8)])) == {}
    assert keys(whole(watch=[life("watch"), life("watch", gone, pid=8)])) == {"house:process:watch": "degraded"}


def test_one_that_is_started_again_takes_the_dead_ones_place_on_any_host() -> None:
    dead = life("watch", NOW - 5 * MINUTE)
    again = Life("watch", "another-host", 9, NOW - 4 * MINUTE, NOW)
    assert keys(whole(watch=[dead, again])) == {}
    assert keys(whole(watch=[dead, life("watch", NOW - 4 * MINUTE, pid=8), again])) == {
        "house:process:watch": "degraded"
    }


def test_one_that_is_gone_for_a_day_is_no_longer_expected_where_others_do_its_work() -> None:
    assert keys(whole(watch=[life("watch"), life("watch", NOW - FORGOTTEN_AFTER, NOW - 9 * DAY)])) == {}


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 500)), max_size=12))
def test_a_crash_that_restarts_each_time_leaves_nobody_missing(runs: list[tuple[int, int]]) -> None:
    """Died and begun again, one after the other: only the last can be missing, and it lives."""
    at, lives = NOW - DAY / 2, []
    for up, away in runs:
        lives.append(Life("watch", "h", 1, at, at + up * SECOND))
        at += (up + away) * SECOND
    assert unreplaced([*lives, Life("watch", "h", 1, at, NOW)], NOW) == []


@given(st.sampled_from([None, *PROCESSES]), st.timedeltas(timedelta(0), 2 * HOUR))
def test_a_clock_set_back_makes_nobody_silent(first: str | None, back: timedelta) -> None:
    """Some beat by the new clock, others have not yet."""
    before = {name: [life(name, NOW + back)] for name in PROCESSES if name != first}
    assert keys(whole(**before)) == {}


@given(st.timedeltas(2 * MINUTE, 20 * HOUR))
def test_a_machine_that_slept_wakes_without_a_fault(slept: timedelta) -> None:
    """The pager beats first, as a new life; the others within seconds."""
    before = [life(name, NOW - slept, NOW - 2 * DAY) for name in PROCESSES]
    assert keys([*before, life("pager", started=NOW)]) == {}
    assert keys([*before, *(life(name, started=NOW) for name in PROCESSES)], NOW + 30 * SECOND) == {}


def job(run: Run | None = None, awake: datetime = NOW - 30 * DAY, cron: str = "15 2 * * *") -> Watched:
    return Watched("core.verify_trail", cron, HOUR, NOW - 30 * DAY, awake, run)


def ran(due: datetime, *, ok: bool = True, ended: bool = True) -> Run:
    return Run(due, due, due + MINUTE if ended else None, ok, "" if ok else "OperationalError")


TODAY = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)


def test_a_job_that_ran_is_well_until_the_next_is_overdue() -> None:
    assert job_fault(job(ran(TODAY)), TODAY + DAY + HOUR) is None
    fault = job_fault(job(ran(TODAY)), TODAY + DAY + HOUR + SECOND)
    assert fault is not None
    assert (fault.headline, fault.since) == ("did not run at 25 Nov 02:15 UTC", TODAY + DAY)


def test_a_job_that_failed_or_never_ended_is_a_fault() -> None:
    failed = job_fault(job(ran(TODAY, ok=False)), NOW)
    assert failed is not None
    assert failed.headline == "failed with OperationalError at 24 Nov 02:16 UTC"
    endless = ran(TODAY, ok=False, ended=False)
    assert job_fault(job(endless), TODAY + HOUR) is None
    fault = job_fault(job(endless), TODAY + HOUR + SECOND)
    assert fault is not None
    assert fault.code == "OVERRUN"


def test_a_job_first_seen_is_not_missed_for_what_lies_before() -> None:
    seen = TODAY + MINUTE
    new = Watched("core.verify_trail", "15 2 * * *", HOUR, seen, seen)
    assert job_fault(new, TODAY + DAY) is None
    assert job_fault(new, TODAY + DAY + 2 * HOUR) is not None


@given(st.timedeltas(timedelta(0), 400 * DAY))
def test_after_any_absence_what_was_missed_is_run_once_and_has_its_grace_anew(away: timedelta) -> None:
    back = TODAY + away
    awake = awake_since(TODAY - DAY, TODAY, back)
    watched = job(ran(TODAY), awake)
    missed = away > DAY + 11 * MINUTE
    late = late_run(watched, back)
    assert (late is not None) == missed
    if late is not None:
        assert timedelta(0) < back - late <= DAY
        assert late_run(job(ran(late), awake), back) is None
    if away > HOUR:
        assert job_fault(watched, back) is None


@given(st.sampled_from(["*/5 * * * *", "15 2 * * *", "0 6 * * 1"]), st.timedeltas(timedelta(0), 60 * DAY))
def test_whoever_looks_all_the_time_sees_a_missed_job_once_its_grace_is_over(cron: str, after: timedelta) -> None:
    watched = job(ran(TODAY), TODAY - DAY, cron)
    fault = job_fault(watched, TODAY + after)
    assert (fault is not None) == (TODAY + after > watched.next_due + HOUR)


def test_a_clock_set_back_awaits_nothing_from_the_future() -> None:
    assert awake_since(NOW, NOW, NOW - HOUR) == NOW - HOUR
    assert awake_since(NOW - DAY, NOW - MINUTE, NOW) == NOW - DAY


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 300)), min_size=1, max_size=8), st.integers(0, 3000))
def test_deaf_is_what_lies_between_two_lives_or_after_the_last(runs: list[tuple[int, int]], wait: int) -> None:
    at, lives, gaps = NOW, [], []
    for up, away in runs:
        lives.append(Life("web", "h", 1, at, at + up * SECOND))
        gaps.append((at + up * SECOND, at + (up + away) * SECOND))
        at += (up + away) * SECOND
    end = gaps[-1][0] + wait * SECOND
    gaps[-1] = (gaps[-1][0], end)
    longer = [gap for gap in gaps if gap[1] - gap[0] > MINUTE]
    assert deaf_between(lives, NOW, end) == (longer[0] if longer else None)
    assert deaf_between([], NOW, end) is None


@pytest.fixture
def house(db: None) -> Callable[..., None]:
    """Beats of every process; those named are as given."""

    def live(now: datetime, *silent: str) -> None:
        for name in PROCESSES:
            if name not in silent:
                about = {"host": "h", "pid": 1, "version": "1", "started_at": NOW - DAY}
                Beat.objects.update_or_create(name=name, defaults={**about, "at": now})

    live(NOW)
    services.tick(NOW)
    return live


def open_outages() -> list[str]:
    return sorted(Outage.objects.filter(kind="house", until=None).values_list("key", flat=True))


def test_a_silent_process_is_one_outage_that_ends_when_it_is_heard(house: Callable[..., None]) -> None:
    assert open_outages() == []
    for seconds in (70, 75, 80):
        house(NOW + seconds * SECOND, "watch")
        services.tick(NOW + seconds * SECOND)
    (outage,) = Outage.objects.filter(kind="house")
    assert (outage.key, outage.since, outage.organisation) == ("house:process:watch", NOW, None)
    assert str(outage) == "Umlindi’s watch process has not been heard from since 24 Nov 10:00:00 UTC"
    house(NOW + 90 * SECOND)
    services.tick(NOW + 90 * SECOND)
    assert open_outages() == []


def test_a_job_that_does_not_run_is_an_outage_that_its_next_good_run_ends(house: Callable[..., None]) -> None:
    now = NOW
    while now < TODAY + DAY + 2 * HOUR:
        now += 4 * MINUTE
        house(now)
        services.tick(now)
    assert "house:job:core.verify_trail" in open_outages()
    for name in SCHEDULES:
        ScheduledRun.objects.create(name=name, due=now, started_at=now, finished_at=now, ok=True)
    services.tick(now)
    assert not any(key.startswith("house:job:") for key in open_outages())


def test_what_was_missed_while_the_house_was_away_is_queued_once(house: Callable[..., None]) -> None:
    back = NOW + 3 * DAY
    for step in range(4):
        house(back + step * MINUTE)
        services.tick(back + step * MINUTE)
    queued = ProcrastinateJob.objects.filter(status="todo").values_list("task_name", flat=True)
    assert sorted(queued) == sorted(SCHEDULES)
    assert not any(key.startswith("house:job:") for key in open_outages())


def test_a_run_asked_for_twice_is_queued_once(db: None) -> None:
    for _ in range(2):
        run_late("core.verify_trail", TODAY)
    job = ProcrastinateJob.objects.get()
    assert job.args == {"timestamp": int(TODAY.timestamp())}


def queue(status: str, age: timedelta, worker_heard: timedelta | None = None) -> int:
    """A job that was put into the queue a while ago, and whose worker was last heard a while ago."""
    run_late("core.verify_trail", TODAY)
    with connection.cursor() as cursor:
        worker = None
        if worker_heard is not None:
            cursor.execute(
                "INSERT INTO procrastinate_workers(last_heartbeat) VALUES (%s) RETURNING id", [NOW - worker_heard]
            )
            worker = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_jobs SET status = %s, worker_id = %s RETURNING id", [status, worker])
        job: int = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_events SET at = %s", [NOW - age])
    return job


@pytest.mark.parametrize("age", [14, 16])
def test_a_job_nobody_takes_up_is_told_after_a_quarter_of_an_hour(house: Callable[..., None], age: int) -> None:
    queue("todo", age * MINUTE)
    services.tick(NOW + SECOND)
    assert open_outages() == (["house:queue"] if age > 15 else [])


def test_what_a_dead_worker_had_in_hand_is_queued_again_and_what_a_living_one_has_is_left(
    house: Callable[..., None],
) -> None:
    job = queue("doing", 2 * HOUR, worker_heard=5 * SECOND)
    services.tick(NOW + SECOND)
    assert ProcrastinateJob.objects.get(pk=job).status == "doing"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = %s", [NOW - 10 * MINUTE])
    services.tick(NOW + 2 * SECOND)
    assert ProcrastinateJob.objects.get(pk=job).status == "todo"
    assert open_outages() == []


def test_a_job_that_kills_its_worker_each_time_is_told_and_not_tried_for_ever(house: Callable[..., None]) -> None:
    job = queue("doing", HOUR, worker_heard=HOUR)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET attempts = 5")
    services.tick(NOW + SECOND)
    assert ProcrastinateJob.objects.get(pk=job).status == "doing"
    assert open_outages() == ["house:queue"]


@pytest.fixture
def watcher() -> Iterator[tuple[str, list[str], list[int]]]:
    """An outside watcher: its address, what it was asked for, and the status it answers next."""
    asked: list[str] = []
    answers = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/alive", asked, answers
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_outside_watcher_is_told_while_all_is_well_and_not_when_something_is_dead(
    house: Callable[..., None], watcher: tuple[str, list[str], list[int]]
) -> None:
    url, asked, answers = watcher
    assert announce(url, NOW)
    assert asked == ["/alive"]
    assert Outgoing.objects.get().told_at == NOW
    later = NOW + 2 * MINUTE
    house(later, "worker")
    assert not announce(url, later)
    assert asked == ["/alive"]
    assert "worker process has not been heard" in Outgoing.objects.get().error
    house(later)
    answers[0] = 500
    assert not announce(url, later)
    kept = Outgoing.objects.get()
    assert (kept.told_at, kept.error) == (NOW, "it could not be reached (HTTPStatusError)")


def test_an_outside_watcher_that_is_not_there_is_said_and_hurts_nobody(house: Callable[..., None]) -> None:
    assert not announce("http://127.0.0.1:1/x", NOW)
    assert Outgoing.objects.get().error == "it could not be reached (ConnectError)"


def test_a_pager_that_no_longer_looks_after_the_house_lets_the_outside_notice(
    house: Callable[..., None], watcher: tuple[str, list[str], list[int]]
) -> None:
    later = NOW + HOUR
    house(later)
    assert not announce(watcher[0], later)
    assert ScheduledJob.objects.exists()


def test_every_job_of_the_house_has_a_schedule_that_comes() -> None:
    assert {"core.verify_trail", "watch.morning", "heartbeats.forget"} <= SCHEDULES.keys()
    for schedule in SCHEDULES.values():
        assert job(cron=schedule.cron).next_due > NOW - 30 * DAY
