"""A script's curl against the web process as it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from umlindi.core.models import Beat
from umlindi.heartbeats.models import Heartbeat, Ping
from umlindi.house.children import die_with_parent
from umlindi.testing.estate import make_organisation
from umlindi.testing.peers import free_port
from umlindi.watch.models import Outage

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed"),
]

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `umlindi …` on the test's own database; whatever still runs is ended."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    started: list[subprocess.Popen[bytes]] = []

    def umlindi(*words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "umlindi", *words]
        env = os.environ | {"DATABASE_URL": database}
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=env, preexec_fn=die_with_parent())  # noqa: PLW1509
        started.append(process)
        return process

    yield umlindi
    for process in started:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def curl(*words: str, said: bytes = b"") -> tuple[int, str]:
    """Its exit code and what it printed."""
    ended = subprocess.run(["curl", "-fsS", "-m", "20", *words], input=said, capture_output=True, check=False)
    return ended.returncode, ended.stdout.decode()


def test_a_script_reports_by_curl_and_is_answered_once_it_is_kept(start: Start, tmp_path: Path) -> None:
    port = free_port()
    web = start("web", "--port", str(port))
    site = f"http://127.0.0.1:{port}"
    until(lambda: curl(f"{site}/health")[0] == 0)
    heartbeat = Heartbeat.objects.create(organisation=make_organisation(), name="Nightly", period=timedelta(days=1))
    link = f"{site}/ping/{heartbeat.secret}"
    assert curl(f"{link}/start") == (0, "OK\n")
    script = tmp_path / "backup.sh"
    script.write_text("#!/bin/sh\necho wrote 31 GB\nexit 3\n")
    script.chmod(0o755)
    line = f'out=$({script} 2>&1); code=$?; printf %s "$out" | curl -fsS -m 20 --data-binary @- {link}/$code'
    assert subprocess.run(["sh", "-c", line], capture_output=True, check=True).stdout == b"OK\n"
    kept = Ping.objects.get(signal="fail")
    assert (kept.exit_code, kept.body) == (3, "wrote 31 GB")
    assert kept.runtime is not None
    assert curl(f"{site}/ping/{uuid4()}")[0] == 22
    with ThreadPoolExecutor(8) as many:
        assert set(many.map(lambda _: curl(link), range(24))) == {(0, "OK\n")}
    assert Ping.objects.filter(signal="success").count() == 24
    until(lambda: Beat.objects.filter(name="web", ended_at=None).exists())
    web.terminate()
    web.wait(20)
    assert Beat.objects.get(name="web").ended_at is not None


def test_the_pager_makes_an_outage_of_what_is_missed(start: Start) -> None:
    good = timezone.now() - timedelta(days=3)
    heartbeat = Heartbeat.objects.create(
        organisation=make_organisation(), name="Nightly", period=timedelta(days=1), good_at=good, judge_at=good
    )
    pager = start("pager")
    until(lambda: Outage.objects.filter(key=heartbeat.key, until=None).exists())
    assert Outage.objects.get(key=heartbeat.key).since == good + timedelta(days=1) + heartbeat.grace
    assert Beat.objects.filter(name="pager", ended_at=None).exists()
    pager.terminate()
    pager.wait(20)
    assert Beat.objects.get(name="pager").ended_at is not None
