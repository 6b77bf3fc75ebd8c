"""Every run of a periodic job leaves a row, and every process says that it is alive."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from umlindi.core import beats, scheduled
from umlindi.core.beats import Beating, beating, pager_is_silent, pulse
from umlindi.core.models import Beat, ScheduledRun
from umlindi.core.scheduled import SCHEDULES

DUE = datetime(2026, 11, 24, 2, 15, tzinfo=UTC)


class Broken(Exception):
    pass


@pytest.fixture
def unregistered() -> Iterator[None]:
    """What a test schedules is forgotten after it."""
    tasks, jobs = dict(app.tasks), dict(scheduled._schedules)
    periodic = dict(app.periodic_registry.periodic_tasks)
    yield
    app.tasks.clear()
    app.tasks.update(tasks)
    scheduled._schedules.clear()
    scheduled._schedules.update(jobs)
    app.periodic_registry.periodic_tasks = periodic


def run_as_the_worker_does(name: str) -> None:
    app.tasks[name](timestamp=int(DUE.timestamp()))


@pytest.mark.django_db
@pytest.mark.usefixtures("unregistered")
def test_a_run_is_recorded_with_what_it_was_due_for_and_how_it_ended() -> None:
    told: list[tuple[datetime, int]] = []

    @scheduled.scheduled(cron="15 2 * * *", name="test.good", grace=timedelta(hours=1))
    def good(due: datetime) -> None:
        told.append((due, ScheduledRun.objects.filter(finished_at=None).count()))

    @scheduled.scheduled(cron="15 2 * * *", name="test.bad", grace=timedelta(hours=1))
    def bad(due: datetime) -> None:
        raise Broken(str(due))

    run_as_the_worker_does("test.good")
    with pytest.raises(Broken):
        run_as_the_worker_does("test.bad")
    assert told == [(DUE, 1)]
    rows = ScheduledRun.objects.order_by("started_at").values_list("name", "due", "ok", "error")
    assert list(rows) == [("test.good", DUE, True, ""), ("test.bad", DUE, False, "Broken")]
    assert not ScheduledRun.objects.filter(finished_at=None).exists()
    assert SCHEDULES["test.good"].cron == "15 2 * * *"
    good(DUE)
    assert told == [(DUE, 1), (DUE, 0)]


@pytest.mark.django_db
def test_a_known_job_runs_and_its_row_says_so() -> None:
    run_as_the_worker_does("core.verify_trail")
    assert ScheduledRun.objects.get().ok


def wait_for(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "EVERY", timedelta(seconds=0.05))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
def test_a_process_beats_while_it_lives_and_says_that_it_ended() -> None:
    with beating("watch"):
        wait_for(Beat.objects.exists)
        first = Beat.objects.get()
        wait_for(lambda: Beat.objects.get().at > first.at)
        assert (first.name, first.ended_at) == ("watch", None)
    assert Beat.objects.get().ended_at is not None


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("leaving", "clean"), [(SystemExit(0), True), (SystemExit(3), False), (Broken(), False)])
def test_only_an_orderly_end_is_one(leaving: BaseException, clean: bool) -> None:
    with pytest.raises(type(leaving)), beating("watch"):
        wait_for(Beat.objects.exists)
        raise leaving
    assert (Beat.objects.get().ended_at is not None) is clean


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
def test_a_loop_that_no_longer_turns_is_not_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "HUNG_AFTER_S", 0.3)
    with beating("pager"):
        wait_for(Beat.objects.exists)
        pulse()
        time.sleep(0.6)
        last = Beat.objects.get().at
        time.sleep(0.3)
        assert Beat.objects.get().at == last
        pulse()
        wait_for(lambda: Beat.objects.get().at > last)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
def test_a_lost_connection_is_found_again() -> None:
    with beating("web"):
        wait_for(Beat.objects.exists)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database() AND query LIKE '%%core_beat%%'"
            )
        last = Beat.objects.get().at
        wait_for(lambda: Beat.objects.get().at > last)


@pytest.mark.django_db
def test_after_an_absence_a_new_life_begins() -> None:
    beat = Beating("watch")
    beat._write(beat.since, ended=False)
    beat._write(beat.since + timedelta(seconds=50), ended=False)
    assert Beat.objects.count() == 1
    woke = beat.since + timedelta(hours=8)
    beat._write(woke, ended=False)
    assert list(Beat.objects.order_by("at").values_list("started_at", flat=True))[1] == woke
    beat._write(woke - timedelta(hours=1), ended=False)
    assert Beat.objects.count() == 2


@pytest.mark.django_db
def test_every_page_says_that_the_pager_is_silent_where_the_house_has_run_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = datetime.now(UTC)
    assert not pager_is_silent(now)
    web = Beating("web")
    monkeypatch.setattr(beats, "_here", [web])
    assert not pager_is_silent(now + timedelta(seconds=30))
    later = now + timedelta(minutes=2)
    assert pager_is_silent(later)
    about = {"name": "pager", "host": "h", "pid": 1, "version": "1", "started_at": now}
    beat = Beat.objects.create(**about, at=later)
    assert not pager_is_silent(later)
    Beat.objects.filter(pk=beat.pk).update(ended_at=later)
    assert pager_is_silent(later)
