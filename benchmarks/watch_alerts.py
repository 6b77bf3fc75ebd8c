"""A storm of alerts, and the page Now over a bad day.

The storm: 10 000 systems fail within a minute, because of 100 hosts at 25 of 125 sites. The real `umlindi pager` runs
beside it and pages two people by a web hook of this machine. Asked: one alert per cause, every page once, all of them
within a minute of the last failure. The figures count what the receiver got, not what the rows say.

Now: the page of an estate of 500 systems with 200 open alerts, as its view answers, without the network.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psutil
from benchmarks.report import Measured
from benchmarks.watch_loop import house

if TYPE_CHECKING:
    from umlindi.estate.models import Site, System
    from umlindi.testing.receivers import Receiver

ORGANISATIONS, SITES_EACH = 25, 5
CAUSES_AT_A_SITE, HANG_ON_EACH = 4, 99
CAUSES = ORGANISATIONS * CAUSES_AT_A_SITE
FAILURES = CAUSES * (HANG_ON_EACH + 1)
BURSTS, BURST_EVERY_S = 10, 5.0
AT_MOST_S = 300.0
SYSTEMS, OPEN_ALERTS, LOOKS = 500, 200, 15
APART = timedelta(minutes=3)
MB = 2**20


def measure() -> Measured:
    """In a process, a home and a database of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure).result()


def _measure() -> Measured:
    with house():
        figures = _storm()
    return Measured(
        figures=figures,
        targets={
            "storm_alerts_per_cause": "<= 1",
            "storm_pages_missing": "<= 0",
            "storm_pages_twice": "<= 0",
            "storm_last_page_s": "< 60",
            "now_ms": "< 100",
        },
    )


def _storm() -> dict[str, float | int | str]:
    from umlindi.testing.receivers import web_hook

    with web_hook() as hook:
        _people(hook)
        groups = _estate()
        with _pager() as process:
            began = time.monotonic()
            last = _fail_all(groups)
            failing_s = last - began
            memory, ended = _await_pages(process, hook)
    figures = _told(hook, failing_s, ended - last) | {"pager_mb": round(memory / MB)}
    return figures | _now()


def _people(hook: Receiver) -> None:
    from umlindi.oncall.models import Channel
    from umlindi.oncall.vault import sealed
    from umlindi.testing.alerts import make_person, make_policy

    people = [make_person(name, channels=0) for name in ("Naledi", "Sipho")]
    for user in people:
        secret = sealed(f"json://127.0.0.1:{hook.port}/{user.first_name}")
        Channel.objects.create(user=user, kind="apprise", name="Hook", secret=secret, shown="json", within=True)
    make_policy((0, people), repeats=0, repeat_after=240)


def _estate() -> list[list[System]]:
    """Each cause with what hangs on it. Four sites of each organisation have nothing to do with it."""
    from umlindi.testing.estate import make_organisation, make_site, make_system

    groups = []
    for _ in range(ORGANISATIONS):
        organisation = make_organisation()
        sites = [make_site(organisation) for _ in range(SITES_EACH)]
        for site in sites[1:]:
            _interfaces([make_system(site)])
        groups += [_group(sites[0], number) for number in range(CAUSES_AT_A_SITE)]
    return groups


def _group(site: Site, number: int) -> list[System]:
    from umlindi.estate.models import Dependency, System

    rows = [System(site=site, slug=f"host-{number}", name=f"Host {number}", kind="host")]
    names = [f"{number}-{each}" for each in range(HANG_ON_EACH)]
    rows += [System(site=site, slug=f"pacs-{name}", name=f"PACS {name}", kind="pacs") for name in names]
    made = System.objects.bulk_create(rows)
    Dependency.objects.bulk_create([Dependency(system=each, needs=made[0]) for each in made[1:]])
    _interfaces(made)
    return made


def _interfaces(systems: Sequence[System]) -> None:
    from umlindi.estate.models import Interface

    address = {"kind": "dicom", "host": "127.0.0.1", "port": 104, "called": "ARCHIVE", "calling": "UMLINDI"}
    Interface.objects.bulk_create([Interface(system=system, name="DICOM", **address) for system in systems])


@contextmanager
def _pager() -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-m", "umlindi", "pager"], stderr=subprocess.DEVNULL)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(10)


def _fail_all(groups: Sequence[Sequence[System]]) -> float:
    """In bursts, each of some causes with all that hangs on them, in no order; the moment of the last."""
    from umlindi.estate.models import Interface
    from umlindi.testing.alerts import bad
    from umlindi.watch.rules.conditions import Condition
    from umlindi.watch.services import outages

    chance = random.Random(4)
    interfaces = {row.system_id: row for row in Interface.objects.select_related("system__site__organisation")}
    began = time.monotonic()
    for burst in range(BURSTS):
        time.sleep(max(0.0, began + burst * BURST_EVERY_S - time.monotonic()))
        systems = [system for group in groups[burst::BURSTS] for system in group]
        chance.shuffle(systems)
        now = datetime.now(UTC)
        since = now - timedelta(seconds=40)
        outages.follow([outages.Turned(interfaces[each.pk], Condition.DOWN, since, bad()) for each in systems], now)
    return time.monotonic()


def _await_pages(process: psutil.Process, hook: Receiver) -> tuple[int, float]:
    """The pager's largest memory, and when the last page came; until none has come for a while."""
    most, ends, newest, number = 0, time.monotonic() + AT_MOST_S, time.monotonic(), 0
    while time.monotonic() < ends:
        most = max(most, process.memory_info().rss)
        if len(hook.got) != number:
            number, newest = len(hook.got), time.monotonic()
        elif number >= 2 * CAUSES and time.monotonic() - newest > 20:
            break
        time.sleep(0.05)
    return most, newest


def _told(hook: Receiver, failing_s: float, last_page_s: float) -> dict[str, float | int | str]:
    """Of what was made to fail: of the house only a pager runs here, and it says so in alerts of its own."""
    from umlindi.alerts.models import Alert
    from umlindi.watch.models import Outage

    alerts = Alert.objects.exclude(system=None)
    fired = alerts.exclude(fired_at=None).count()
    ours = {str(pk) for pk in alerts.values_list("pk", flat=True)}
    arrived = Counter(key for key in hook.keys if key.partition(".")[0] in ours)
    return {
        "storm_failures": Outage.objects.exclude(system=None).count(),
        "storm_failing_s": round(failing_s, 1),
        "storm_causes": CAUSES,
        "storm_alerts": fired,
        "storm_alerts_per_cause": fired / CAUSES,
        "storm_pages": len(arrived),
        "storm_pages_missing": 2 * CAUSES - len(arrived),
        "storm_pages_twice": sum(number - 1 for number in arrived.values()),
        "storm_last_page_s": round(last_page_s, 1),
    }


def _now() -> dict[str, float | int | str]:
    """Of an estate of its own in the same database: what was there is taken away."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE accounts_organisation, watch_outage, alerts_policy CASCADE")
    _bad_day()
    return {"now_systems": SYSTEMS, "now_open_alerts": OPEN_ALERTS} | _look()


def _bad_day() -> None:
    """Ten organisations with fifty systems each; 200 of them break one after the other, and their people are told."""
    from umlindi.accounts.models import User
    from umlindi.alerts.models import Alert
    from umlindi.testing.alerts import fail, make_policy, turn
    from umlindi.testing.estate import make_organisation, make_site, make_system

    systems = []
    for _ in range(10):
        sites = [make_site(organisation) for organisation in [make_organisation()] for _ in range(5)]
        systems += [make_system(site, kind="pacs") for site in sites for _ in range(SYSTEMS // 50)]
    _interfaces(systems)
    make_policy((0, [User.objects.earliest("pk")]))
    now = datetime.now(UTC)
    for number, system in enumerate(systems[:: SYSTEMS // OPEN_ALERTS][:OPEN_ALERTS]):
        fail([system], now - APART * (OPEN_ALERTS - number))
    turn(now)
    turn(now + timedelta(seconds=20))
    if (found := Alert.objects.exclude(state="resolved").count()) != OPEN_ALERTS:
        raise RuntimeError(f"{found} alerts are open, not {OPEN_ALERTS}")


def _look() -> dict[str, float | int | str]:
    from django.test import Client
    from django.utils import timezone

    from umlindi.accounts.rules import Role
    from umlindi.alerts.queries import open_alerts
    from umlindi.core.actors import Actor
    from umlindi.testing.estate import make_user

    client = Client(SERVER_NAME="localhost")
    client.force_login(make_user(Role.OPERATOR))
    pages = sorted(_timed(lambda: client.get("/").status_code == 200) for _ in range(LOOKS))
    cards = sorted(_timed(lambda: len(open_alerts(Actor.house("bench"), timezone.now()))) for _ in range(LOOKS))
    return {
        "now_ms": round(statistics.median(pages), 1),
        "now_worst_ms": round(pages[-1], 1),
        "open_alerts_ms": round(statistics.median(cards), 1),
    }


def _timed(function: Callable[[], object]) -> float:
    """Milliseconds. Raises where it gives nothing."""
    began = time.perf_counter()
    if not function():
        raise RuntimeError("nothing came")
    return (time.perf_counter() - began) * 1000
