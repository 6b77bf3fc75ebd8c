"""Partitions, retention and many processes at once: with real transactions, each thread with its own connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import TypeVar

import pytest
from django.db import DataError, connection, transaction
from pytest_django import Settings

from umlindi.core.scheduled import SCHEDULES
from umlindi.readings import jobs
from umlindi.readings.queries import distribution, quantiles, recent, refused
from umlindi.readings.rules.levels import DAY, HOUR, Level, partition_of
from umlindi.readings.services import Reading, append, drop_old, keep_partitions, roll_up
from umlindi.readings.services.partitions import ensure

pytestmark = pytest.mark.django_db(transaction=True)

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
TABLES = "readings_reading, readings_hour, readings_day, readings_mark, readings_floor, readings_refused"
T = TypeVar("T")


@pytest.fixture(autouse=True)
def _emptied(settings: Settings) -> Iterator[None]:
    """No model stands for these tables, so that nobody else empties them."""
    settings.READINGS_KEPT_DAYS = {"reading": 3, "hour": 60, "day": 800}
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES}")


def reading(at: datetime, interface: int = 7, value: float = 12.0) -> Reading:
    return Reading(interface, "quick", at, "up", "", {"echo": value})


def each_hour(start: datetime, end: datetime) -> list[Reading]:
    hours = int((end - start) / HOUR)
    return [reading(start + number * HOUR, value=1.0 + number) for number in range(hours)]


def threads(*functions: Callable[[], T]) -> list[T]:
    def own(function: Callable[[], T]) -> T:
        try:
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(own, functions))


def partitions(level: Level) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = %s::regclass ORDER BY 1",
            [level.table],
        )
        return [name for (name,) in cursor.fetchall()]


def test_partitions_are_made_a_week_ahead_once() -> None:
    made = keep_partitions(MIDNIGHT - 3000 * DAY)
    assert made == 8 + 1 + 1
    assert keep_partitions(MIDNIGHT - 3000 * DAY) == 0
    assert partition_of(Level.RAW, MIDNIGHT - 2993 * DAY).name in partitions(Level.RAW)


def test_any_number_of_makers_do_not_fight() -> None:
    days = [partition_of(Level.RAW, MIDNIGHT - number * DAY) for number in range(1000, 1010)]
    assert sorted(threads(*[lambda: ensure(days)] * 6)) == [0, 0, 0, 0, 0, 10]


def test_a_partition_is_made_while_others_write_and_nobody_waits() -> None:
    append([reading(MIDNIGHT)])
    with transaction.atomic():
        append([reading(MIDNIGHT + HOUR)])
        began = time.monotonic()
        threads(lambda: append([reading(MIDNIGHT - 2000 * DAY)]), lambda: append([reading(MIDNIGHT + 2 * HOUR)]))
        assert time.monotonic() - began < 5
    assert len(recent(7, MIDNIGHT, 10)) == 3


def test_new_names_from_many_writers_get_one_number_each() -> None:
    def write(interface: int) -> int:
        values = {f"disk_used_share:/volume{number}": 0.5 for number in range(20)}
        return append([Reading(interface, "quick", MIDNIGHT, "up", "", values)])

    assert threads(*[lambda number=number: write(number) for number in range(6)]) == [1] * 6
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT name) FROM readings_measure WHERE name LIKE '%%volume%%'")
        assert cursor.fetchone() == (20, 20)
        cursor.execute("SELECT count(DISTINCT shape) FROM readings_reading")
        assert cursor.fetchone() == (1,)


def test_nothing_is_lost_or_counted_twice_while_writers_and_rollers_race() -> None:
    done = Event()
    writers, rounds = 3, 40

    def write(interface: int) -> int:
        for number in range(rounds):
            with transaction.atomic():
                append([reading(MIDNIGHT + number % 5 * HOUR + timedelta(seconds=number), interface)])
                time.sleep(0.002)
        return rounds

    def roll() -> int:
        times = 0
        while not done.is_set():
            times += roll_up(MIDNIGHT + DAY)
        return times

    def write_all() -> int:
        try:
            return sum(threads(*[lambda who=who: write(who) for who in range(writers)]))
        finally:
            done.set()

    assert threads(write_all, roll, roll)[0] == writers * rounds
    for _ in range(2):
        whole = distribution(range(writers), "echo", MIDNIGHT, MIDNIGHT + DAY)
        assert whole is not None
        assert whole.count == writers * rounds
        roll_up(MIDNIGHT + 2 * DAY)


def test_an_hour_that_cannot_be_rolled_up_keeps_no_other_back() -> None:
    append(each_hour(MIDNIGHT, MIDNIGHT + DAY))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE readings_reading SET measured = '{NaN}' WHERE at = %s", [MIDNIGHT + 5 * HOUR])
    with pytest.raises(DataError):
        roll_up(MIDNIGHT + DAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT start) FROM readings_hour")
        assert cursor.fetchone() == (23,)
        cursor.execute("UPDATE readings_reading SET measured = '{6}' WHERE at = %s", [MIDNIGHT + 5 * HOUR])
    assert roll_up(MIDNIGHT + DAY) == 2, "the hour, and its day anew"


def test_what_is_old_goes_by_whole_days_and_its_histograms_answer_on() -> None:
    start, end = MIDNIGHT - 10 * DAY, MIDNIGHT
    append(each_hour(start, end))
    roll_up(end)
    before = quantiles([7], "echo", start, end, (0.5, 0.95, 1.0))
    assert drop_old(MIDNIGHT) == [], "the floor rises first, and what is below it goes the next time"
    dropped = drop_old(MIDNIGHT)
    assert [name for name in dropped if "reading_202611" in name] == [
        f"readings_reading_202611{day}" for day in range(14, 21)
    ]
    assert len(recent(7, start, 1000)) == 3 * 24
    assert quantiles([7], "echo", start, end, (0.5, 0.95, 1.0)) == before


def test_a_reading_older_than_what_is_kept_is_refused_and_counted() -> None:
    drop_old(MIDNIGHT)
    assert append([reading(MIDNIGHT - 3 * DAY), reading(MIDNIGHT - 3 * DAY - timedelta(seconds=1))]) == 1
    assert append(each_hour(MIDNIGHT - 20 * DAY, MIDNIGHT - 19 * DAY)) == 0
    assert refused() == 25


def test_a_day_that_is_not_rolled_up_stays() -> None:
    append(each_hour(MIDNIGHT - 10 * DAY, MIDNIGHT - 8 * DAY))
    drop_old(MIDNIGHT)
    assert not [name for name in drop_old(MIDNIGHT) if "reading_20261114" in name or "reading_20261115" in name]
    roll_up(MIDNIGHT)
    assert "readings_reading_20261115" in drop_old(MIDNIGHT)


def test_a_floor_never_sinks_and_a_level_outlives_the_finer_one(settings: Settings) -> None:
    settings.READINGS_KEPT_DAYS = {"reading": 3, "hour": 1, "day": 1}
    append(each_hour(MIDNIGHT - 10 * DAY, MIDNIGHT - 5 * DAY))
    roll_up(MIDNIGHT)
    drop_old(MIDNIGHT)
    drop_old(MIDNIGHT - 100 * DAY)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT start FROM readings_floor")
        assert cursor.fetchall() == [(MIDNIGHT - 3 * DAY,)]


def test_a_busy_day_is_left_for_the_next_time() -> None:
    append([reading(MIDNIGHT - 10 * DAY)])
    roll_up(MIDNIGHT)
    drop_old(MIDNIGHT)
    with transaction.atomic():
        assert len(recent(7, MIDNIGHT - 11 * DAY, 10)) == 1
        assert threads(lambda: drop_old(MIDNIGHT)) == [[]]
    assert "readings_reading_20261114" in drop_old(MIDNIGHT)


def test_the_workers_jobs_keep_the_store_in_order() -> None:
    append(each_hour(MIDNIGHT - 10 * DAY, MIDNIGHT))
    for _ in range(2):
        for job in (jobs.keep_partitions, jobs.roll_up, jobs.drop_old):
            job(MIDNIGHT)
    whole = distribution([7], "echo", MIDNIGHT - 10 * DAY, MIDNIGHT)
    assert whole is not None
    assert whole.count == 240
    assert len(recent(7, MIDNIGHT - 10 * DAY, 1000)) == 72
    assert {name for name in SCHEDULES if name.startswith("readings.")} == {
        "readings.roll_up",
        "readings.keep_partitions",
        "readings.drop_old",
    }
