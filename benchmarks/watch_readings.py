"""Fifty million readings: how fast they go in and are rolled up, how large they are, how long the system page's
quantiles and dropping a day take. Beside it: percentile_cont over the single readings, which needs no roll-up.

UMLINDI_BENCH_READINGS makes a smaller run: fewer interfaces over the same 35 days. What it made it takes away.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
from benchmarks.report import Measured
from benchmarks.watch_loop import house

READINGS = int(os.environ.get("UMLINDI_BENCH_READINGS", "50400000"))
DAYS = 35
A_DAY = 1440
"""Every interface is asked once a minute."""
INTERFACES = max(10, READINGS // (DAYS * A_DAY))
OF_A_SYSTEM = 5
START = datetime(2026, 10, 20, tzinfo=UTC)
END = START + timedelta(days=DAYS)
BYTES_EACH = 400
"""Room on disk for a reading with its indexes, its share of the histograms, and the write-ahead log."""
APPENDED, BATCH = 100_000, 500
POOL = 2000
PIECE = 2**20
CLASSES = 50
SHARES = (0.5, 0.95, 0.99)
MEASURES = ("association", "echo", "tcp", "total")
ECHO = 1 + MEASURES.index("echo")
NAIVE = f"""
SELECT percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY measured[{ECHO}]) FROM readings_reading
WHERE interface = ANY(%s) AND at >= %s AND at < %s AND shape = %s
"""
EXACT = NAIVE.replace("percentile_cont(%s::float8[])", "percentile_disc(%s::float8)")


def measure() -> Measured:
    """In a process, a home and a database of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure).result()


def _measure() -> Measured:
    wanted, free = READINGS * BYTES_EACH, shutil.disk_usage(tempfile.gettempdir()).free
    if free < wanted:
        raise RuntimeError(f"{READINGS} readings want {wanted >> 30} GiB of disk, and {free >> 30} are free")
    with house():
        figures: dict[str, float | int | str] = {"readings": INTERFACES * DAYS * A_DAY, "interfaces": INTERFACES}
        figures |= _insert()
        figures |= _roll_up()
        figures |= _sizes()
        figures |= _page()
        peers, ratios = _naive(float(figures["page_p95_query_ms"]))
        figures |= _append() | _drop()
    return Measured(
        figures=figures,
        peers=peers,
        ratios=ratios,
        targets={"page_p95_query_ms": "< 50", "p95_off_by_percent": "<= 2", "drop_a_day_ms": "< 100"},
    )


def _insert() -> dict[str, float]:
    """By the COPY that `append` uses, a day at a time, with lines made beforehand: PostgreSQL's own speed."""
    from django.db import connection, transaction

    from umlindi.readings.rules.levels import Level, partitions_between
    from umlindi.readings.services.appending import COPY, MARK
    from umlindi.readings.services.partitions import ensure

    ensure(partitions_between(Level.RAW, START, END))
    kinds = _kinds_of_day()
    took = 0.0
    for day in range(DAYS):
        text = kinds[day % len(kinds)].replace("@", f"{START + timedelta(days=day):%Y-%m-%d}")
        began = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            with cursor.copy(COPY) as copy:
                for at in range(0, len(text), PIECE):
                    copy.write(text[at : at + PIECE])
            hours = [START + timedelta(days=day, hours=hour) for hour in range(24)]
            cursor.execute(MARK, [Level.HOUR, hours])
        took += time.perf_counter() - began
    return {"insert_s": round(took, 1), "inserted_per_s": round(INTERFACES * DAYS * A_DAY / took)}


def _shapes() -> tuple[int, int]:
    """Of an answer that is up, and of one that was refused after its first step."""
    from umlindi.readings.services.names import Shape, shape_ids

    up = Shape("quick", "up", "", MEASURES)
    down = Shape("quick", "down", "rejected", ("tcp",))
    ids = shape_ids([up, down])
    return ids[up], ids[down]


def _tails() -> list[list[str]]:
    """For each class of interface, what its answers may be: log-normal milliseconds, one in a hundred refused."""
    up, down = _shapes()
    rng = np.random.default_rng(20261124)
    classes = []
    for number in range(CLASSES):
        steps = rng.lognormal(np.log(1 + number), 0.35, (POOL, 3))
        rows = np.column_stack([steps, steps.sum(axis=1)]).tolist()
        told = [f"\t{up}\t{{{a:.3f},{b:.3f},{c:.3f},{d:.3f}}}\n" for a, b, c, d in rows]
        classes.append([f"\t{down}\t{{0.4}}\n" if one % 100 == 7 else text for one, text in enumerate(told)])
    return classes


def _kinds_of_day() -> list[str]:
    """Two days in COPY's text format, to be told again and again: each answer in the order in which they come, with `@`
    where the date is to stand."""
    tails = _tails()
    return ["".join(_minute(minute, tails, kind) for minute in range(A_DAY)) for kind in range(2)]


def _minute(minute: int, tails: Sequence[Sequence[str]], kind: int) -> str:
    chosen = np.random.default_rng([kind, minute]).integers(POOL, size=INTERFACES).tolist()
    clock = f"@T{minute // 60:02}:{minute % 60:02}"
    return "".join(
        f"{clock}:{interface * 60_000 // INTERFACES / 1000:06.3f}Z\t{interface + 1}{tails[interface % CLASSES][one]}"
        for interface, one in enumerate(chosen)
    )


def _roll_up() -> dict[str, float]:
    from umlindi.readings.services import roll_up

    took = _seconds(lambda: roll_up(END + timedelta(hours=1)))
    values = INTERFACES * DAYS * A_DAY * (len(MEASURES) + 1)
    return {"roll_up_s": round(took, 1), "rolled_up_values_per_s": round(values / took)}


def _sizes() -> dict[str, float]:
    """Of each level, indexes and all."""
    total = "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = %s::regclass"
    raw, hours, days = [float(_execute(total, [f"readings_{level}"])[0][0]) for level in ("reading", "hour", "day")]
    return {
        "readings_gb": round(raw / 1e9, 3),
        "bytes_per_reading": round(raw / (INTERFACES * DAYS * A_DAY), 1),
        "hours_gb": round(hours / 1e9, 3),
        "days_gb": round(days / 1e9, 3),
    }


def _periods(number: int) -> Iterator[tuple[list[int], datetime, datetime]]:
    """Systems of five interfaces over thirty days that begin and end at any minute."""
    draw = random.Random(4)
    for _ in range(number):
        first = draw.randrange(1, INTERFACES - OF_A_SYSTEM + 1)
        end = END - timedelta(minutes=draw.randrange(A_DAY))
        yield list(range(first, first + OF_A_SYSTEM)), end - timedelta(days=30), end


def _page() -> dict[str, float]:
    """What the system page asks for: quantiles of all its interfaces over thirty days, and the chart of one."""
    from umlindi.readings.queries import chart, quantiles

    asked = [_seconds(partial(quantiles, who, "echo", start, end, SHARES)) for who, start, end in _periods(200)]
    drawn = [_seconds(partial(chart, who[0], "echo", start, end)) for who, start, end in _periods(30)]
    off = [_off_by(*one) for one in _periods(5)]
    return {
        "page_p95_query_ms": _ms(asked),
        "page_p95_query_slowest_twentieth_ms": round(statistics.quantiles(asked, n=20)[-1] * 1000, 2),
        "chart_ms": _ms(drawn),
        "p95_off_by_percent": round(max(off) * 100, 3),
    }


def _off_by(interfaces: list[int], start: datetime, end: datetime) -> float:
    from umlindi.readings.queries import quantiles

    told = quantiles(interfaces, "echo", start, end, [0.95])[0.95]
    exact = _execute(EXACT, [0.95, interfaces, start, end, _shapes()[0]])[0][0]
    return float(abs(told - exact) / exact)


def _naive(ours_ms: float) -> tuple[dict[str, float], dict[str, float]]:
    up = _shapes()[0]
    took = [_seconds(partial(_execute, NAIVE, [list(SHARES), who, start, end, up])) for who, start, end in _periods(10)]
    peer = _ms(took)
    return {"percentile_cont_ms": peer}, {"page_p95_query_against_percentile_cont": round(peer / ours_ms, 1)}


def _append() -> dict[str, float]:
    """The path of the watch loop, its batches and its transactions; the newest readings, into what is already full."""
    from django.db import transaction

    from umlindi.readings.services import Reading, append

    began_at = END - timedelta(hours=1)
    readings = [
        Reading(
            number % INTERFACES + 1,
            "quick",
            began_at + timedelta(milliseconds=7 + number * 3),
            "up",
            "",
            dict.fromkeys(MEASURES, 1.5 + number % 97),
        )
        for number in range(APPENDED)
    ]

    def all_of_them() -> None:
        for at in range(0, APPENDED, BATCH):
            with transaction.atomic():
                append(readings[at : at + BATCH])

    return {"appended_per_s": round(APPENDED / _seconds(all_of_them))}


def _drop() -> dict[str, float]:
    """The first two days, by the house's own verb: the floor rises first, and the days go the next time."""
    from django.test import override_settings

    from umlindi.readings.services import drop_old, roll_up

    roll_up(END + timedelta(hours=1))
    with override_settings(READINGS_KEPT_DAYS={"reading": DAYS - 2, "hour": 400, "day": 1826}):
        drop_old(END)
        began = time.perf_counter()
        dropped = drop_old(END)
        took = time.perf_counter() - began
    return {"drop_a_day_ms": round(took / len(dropped) * 1000, 1)}


def _execute(sql: str, params: Iterable[Any] | None = None) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, None if params is None else list(params))
        return list(cursor.fetchall()) if cursor.description else []


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ms(took: Sequence[float]) -> float:
    return round(statistics.median(took) * 1000, 2)
