"""The pager as a process: killed, doubled, left without a database, given something that breaks it."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from django.db import connection
from django.db.models import QuerySet

from umlindi.accounts.queries import actor_of
from umlindi.alerts import services
from umlindi.alerts.models import Alert, Attempt, Page
from umlindi.core.models import Beat
from umlindi.oncall.models import Channel
from umlindi.oncall.vault import sealed
from umlindi.testing.alerts import fail, make_person, make_policy, mend
from umlindi.testing.estate import make_organisation, make_site, make_system
from umlindi.testing.receivers import Receiver, mail_server, web_hook
from umlindi.watch.models import Outage
from umlindi.watch.services import outages

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

# The real pager, Django loaded once: each child is killed and the next forked, hundreds of times a test. A claim runs
# out after two seconds and not after LEASE, so that a test ends.
NURSERY = """
import os, sys
from datetime import timedelta
from umlindi.cli.django import with_django
with_django()
from umlindi.alerts import pager
from umlindi.alerts.services import delivering
from umlindi.core.beats import beating
delivering.LEASE = timedelta(seconds=2)
for line in sys.stdin:
    child = os.fork()
    if not child:
        with beating("pager"):
            pager.main()
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
"""


def environment(mail: Receiver) -> dict[str, str]:
    given, name = os.environ["DATABASE_URL"], connection.settings_dict["NAME"]
    return {
        **os.environ,
        "DATABASE_URL": urlsplit(given)._replace(path=f"/{name}").geturl(),
        "UMLINDI_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def pager(mail: Receiver, log: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`umlindi pager`, ended with the test however that ends."""
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "umlindi", "pager"]
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=environment(mail) | env, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def nursery(mail: Receiver, log: Path) -> Iterator[Callable[[], int]]:
    """Forks pagers that are there to be killed: each call gives the id of one, once the one before is dead."""
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-c", NURSERY]
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=environment(mail), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out, text=True
        )
    assert process.stdin and process.stdout
    children: list[int] = []

    def begin() -> int:
        assert process.stdin and process.stdout
        process.stdin.write("\n")
        process.stdin.flush()
        children.append(int(process.stdout.readline()))
        return children[-1]

    try:
        yield begin
    finally:
        with suppress(ProcessLookupError):
            os.kill(children[-1], signal.SIGKILL)
        process.communicate(timeout=10)


class Gate:
    """A way to the database that can be shut, as if PostgreSQL had stopped."""

    def __init__(self, folder: Path) -> None:
        given = connection.settings_dict
        self._path, self._behind = folder / ".s.PGSQL.5432", f"{given['HOST']}/.s.PGSQL.{given['PORT'] or 5432}"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def open(self) -> None:
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        for each in [self._listener, *self._open]:
            if each is not None:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()
        self._path.unlink(missing_ok=True)
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                here, there = listener.accept()[0], socket.socket(socket.AF_UNIX)
                there.connect(self._behind)
                self._open += [here, there]
                for source, sink in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def mail() -> Iterator[Receiver]:
    with mail_server() as receiver:
        yield receiver


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with web_hook() as receiver:
        yield receiver


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def now() -> datetime:
    return datetime.now(UTC)


def ours() -> QuerySet[Page]:
    """The pages of what broke here. The house, of which only a pager runs, has alerts of its own."""
    return Page.objects.filter(alert__key__startswith="external")


def of_ours(receiver: Receiver) -> list[str]:
    return [got.key for got in receiver.got if "Watcher" in got.subject]


def hurry() -> None:
    """The group wait is over."""
    Alert.objects.filter(state="pending").update(due_at=now(), armed_at=now())


def broken(number: int) -> None:
    """So many things fail that have nothing to do with each other."""
    organisation = make_organisation()
    for each in range(number):
        about: dict[str, Any] = {
            "subject": f"Watcher {each}",
            "headline": "reports a fault",
            "organisation": organisation,
        }
        outages.report(f"external:{each}", "external", since=now(), now=now(), **about)


def people(hook: Receiver | None = None) -> None:
    """Two people with mail, and a web hook where there is one, and a policy that tells one after the other."""
    first, second = make_person("Naledi"), make_person("Sipho")
    if hook is not None:
        for user in (first, second):
            secret = sealed(f"json://127.0.0.1:{hook.port}/{user.first_name}")
            Channel.objects.create(user=user, kind="apprise", name="Hook", secret=secret, shown="json", within=True)
    make_policy((0, [first]), (1, [second]))


def killed_while_escalating(mail: Receiver, hook: Receiver, tmp_path: Path, kills: int, alerts: int) -> None:
    chance = random.Random(4)
    people(hook)
    broken(alerts)
    while services.take(now()):
        continue
    for alert in Alert.objects.all():
        for policy in alert.policy.values():
            policy["steps"][1]["after"] = 1
        alert.due_at = now() + timedelta(seconds=chance.uniform(0, kills * 0.25))
        alert.save()
    with nursery(mail, tmp_path / "pager.log") as begin:
        for _ in range(kills):
            child = begin()
            time.sleep(chance.uniform(0, 0.7))
            os.kill(child, signal.SIGKILL)
        last = begin()
        until(lambda: ours().filter(state="delivered").count() == 4 * alerts, 120)
        os.kill(last, signal.SIGKILL)
    arrived = Counter([*of_ours(mail), *of_ours(hook)])
    lost = Attempt.objects.filter(outcome="lost", page__in=ours()).count()
    tries = dict(ours().values_list("key", "tries"))
    assert len(set(of_ours(mail))) == 2 * alerts
    assert set(of_ours(hook)) == set(ours().filter(channel__kind="apprise").values_list("key", flat=True))
    assert 4 * alerts == len(arrived) <= sum(arrived.values()) <= 4 * alerts + lost
    assert all(arrived[key] <= tries[key] for key in of_ours(hook))


@pytest.mark.timeout(300)
def test_a_pager_killed_again_and_again_loses_no_page_and_sends_none_under_a_second_key(
    mail: Receiver, hook: Receiver, tmp_path: Path
) -> None:
    killed_while_escalating(mail, hook, tmp_path, kills=20, alerts=15)


@pytest.mark.skipif("UMLINDI_KILLS" not in os.environ, reason="minutes long: UMLINDI_KILLS=200 runs it")
@pytest.mark.timeout(1800)
def test_killed_as_often_as_you_like(mail: Receiver, hook: Receiver, tmp_path: Path) -> None:
    killed_while_escalating(mail, hook, tmp_path, kills=int(os.environ["UMLINDI_KILLS"]), alerts=100)


def test_the_real_process_pages_and_says_when_it_is_over(mail: Receiver, hook: Receiver, tmp_path: Path) -> None:
    people(hook)
    system = make_system(make_site(name="Komani"), name="Komani PACS", kind="pacs", serves="3 reading rooms")
    with pager(mail, tmp_path / "pager.log") as process:
        fail([system], now())
        until(Alert.objects.exists)
        hurry()
        until(lambda: any("Komani PACS" in got.subject for got in hook.got))
        until(lambda: any("Affects: 3 reading rooms." in got.text for got in mail.got))
        assert psutil.Process(process.pid).memory_info().rss < 110 * 2**20
        mend([system], now())
        until(lambda: any("[OVER] Komani PACS" in got.subject for got in [*mail.got, *hook.got]))
        process.terminate()
        assert process.wait(10) == 0


def test_two_pagers_share_the_work_and_each_page_goes_out_once(mail: Receiver, tmp_path: Path) -> None:
    people()
    broken(10)
    with pager(mail, tmp_path / "one.log"), pager(mail, tmp_path / "two.log"):
        until(lambda: Alert.objects.filter(key__startswith="external").count() == 10)
        until(lambda: Beat.objects.filter(name="pager").count() == 2)
        hurry()
        until(lambda: ours().filter(state="delivered").count() == 10)
    assert len(set(of_ours(mail))) == len(of_ours(mail)) == 10
    assert len(set(Attempt.objects.values_list("process", flat=True))) == 2


def test_a_poison_outage_never_stops_the_loop_and_is_raised_as_an_outage_of_the_house(
    mail: Receiver, tmp_path: Path
) -> None:
    people()
    broken(2)
    poison = Outage.objects.order_by("pk").first()
    assert poison is not None
    Outage.objects.filter(pk=poison.pk).update(condition="nonsense")
    with pager(mail, tmp_path / "pager.log"):
        until(lambda: Alert.objects.filter(key__startswith="external").exists())
        until(lambda: Outage.objects.filter(key="house:pager:outage", until=None).exists())
        hurry()
        until(lambda: len(of_ours(mail)) >= 1)
        Outage.objects.filter(pk=poison.pk).update(condition="down")
        poison.setback.refresh_from_db()
        poison.setback.again_at = now()
        poison.setback.save()
        until(lambda: Alert.objects.filter(key__startswith="external").count() == 2)


def test_a_database_that_goes_away_while_a_page_is_sent_costs_no_page_and_doubles_none(
    mail: Receiver, tmp_path: Path
) -> None:
    gate = Gate(tmp_path)
    gate.open()
    url = urlsplit(environment(mail)["DATABASE_URL"])._replace(query=f"host={tmp_path}").geturl()
    with web_hook(takes_s=2) as hook, pager(mail, tmp_path / "pager.log", DATABASE_URL=url) as process:
        people(hook)
        broken(1)
        until(lambda: Alert.objects.filter(key="external:0").exists())
        hurry()
        until(lambda: len(of_ours(hook)) == 1)
        gate.shut()
        time.sleep(4)
        assert not ours().filter(channel__kind="apprise", state="delivered").exists()
        gate.open()
        until(lambda: ours().filter(channel__kind="apprise", state="delivered").exists())
        assert process.poll() is None
        assert len(of_ours(hook)) == 1
        assert ours().get(channel__kind="apprise").tries == 1
    gate.shut()
    assert "the database is away, waiting" in (tmp_path / "pager.log").read_text()


def test_an_acknowledgement_reaches_the_pager_before_the_next_step(mail: Receiver, tmp_path: Path) -> None:
    people()
    broken(1)
    with pager(mail, tmp_path / "pager.log"):
        until(Alert.objects.exists)
        hurry()
        until(lambda: len(of_ours(mail)) == 1)
        alert = Alert.objects.get(key="external:0")
        for policy in alert.policy.values():
            policy["steps"][1]["after"] = 1
        alert.save(update_fields=["policy"])
        services.acknowledge(actor_of(make_person("Thandi")), alert, "driving there", now())
        time.sleep(3)
    assert {got.to for got in mail.got if "Watcher" in got.subject} == {"naledi0@example.org"}
