"""From interfaces to probes: what no interface may be pointed at."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings

from umlindi.probes import Deadline, ProbeResult
from umlindi.testing.estate import make_interface
from umlindi.watch.targets import job_for

pytestmark = pytest.mark.django_db


def asked(url: str, query: str) -> ProbeResult:
    job = job_for(make_interface(kind="sql", url=url, settings={"query": query}))

    async def climbed() -> ProbeResult:
        return await job.run(Deadline(10))

    return asyncio.run(climbed())


def test_the_houses_own_database_is_asked_by_no_interface(tmp_path: Path) -> None:
    own = str(settings.DATABASES["default"]["HOST"])
    linked = tmp_path / "elsewhere"
    linked.symlink_to(own)
    for folder in (own, f"{own}/../{Path(own).name}", str(linked), f"/nowhere,{own}"):
        for before in ("postgresql://postgres@/postgres?", "postgresql://postgres@db.example/postgres#?"):
            result = asked(f"{before}host={quote(folder)}", "SELECT 1")
            assert [step.code for step in result.steps] == ["not-probeable"], folder
            assert "own database" in result.steps[0].meaning


def test_a_database_on_another_socket_is_asked(tmp_path: Path) -> None:
    result = asked(f"postgresql://postgres@/postgres?host={quote(str(tmp_path))}", "SELECT 1")
    assert result.steps[0].step == "connect"
