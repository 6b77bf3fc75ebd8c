"""From interfaces to probes: what no interface may be pointed at."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings

from umlindi.estate.models import Interface
from umlindi.probes import Deadline, ProbeResult, State
from umlindi.testing.estate import make_interface, make_system
from umlindi.testing.peers import Peer, start_orthanc, start_storescp
from umlindi.watch.rules.conditions import Condition, condition_of
from umlindi.watch.rules.merging import Heard, merged
from umlindi.watch.rules.plans import Plan
from umlindi.watch.targets import deadline_of, job_for, plans_for

pytestmark = pytest.mark.django_db


TRANSPORT = ["resolve", "tcp", "tls"]
QUICK = [*TRANSPORT, "association", "echo"]


def climbed(interface: Interface, plan: Plan | None = None) -> ProbeResult:
    job = job_for(interface, plan)

    async def climb() -> ProbeResult:
        return await job.run(Deadline(job.deadline_s))

    return asyncio.run(climb())


def asked(url: str, query: str) -> ProbeResult:
    return climbed(make_interface(kind="sql", url=url, settings={"query": query}))


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


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with start_orthanc(tmp_path_factory.mktemp("orthanc")) as peer:
        yield peer


def archive(peer: Peer, expect: list[str], **settings: Any) -> Interface:
    given = {"expect": expect, "orthanc": peer.url} | settings
    return make_interface(host=peer.host, port=peer.port, called=peer.ae, settings=given)


def tried(result: ProbeResult) -> list[str]:
    return [step.step for step in result.steps if step.state is not State.SKIPPED]


def test_a_quick_look_costs_one_association(tmp_path: Path) -> None:
    with start_storescp(tmp_path) as peer:
        interface = make_interface(host=peer.host, port=peer.port, called=peer.ae)
        result = climbed(interface, Plan.QUICK)
        assert [step.step for step in result.steps] == QUICK
        assert condition_of(result) is Condition.UP
        assert peer.said().count("Association Acknowledged") == 1


def test_each_plan_climbs_its_own_steps_and_together_they_are_the_whole(orthanc: Peer) -> None:
    interface = archive(orthanc, ["echo", "find", "store", "get"])
    results = {plan: climbed(interface, plan) for plan in plans_for(interface)}
    names = {plan: [step.step for step in result.steps] for plan, result in results.items()}
    assert names == {
        Plan.QUICK: QUICK,
        Plan.FULL: [*QUICK, "capabilities", "find", "worklist"],
        Plan.CANARY: [*QUICK, "store", "move", "get", "wado", "remove"],
    }
    assert {condition_of(result) for result in results.values()} == {Condition.UP}
    assert "find" in tried(results[Plan.FULL])
    assert {"store", "get", "remove"} <= set(tried(results[Plan.CANARY]))
    whole = climbed(interface)
    now = datetime.now(UTC)
    together = merged({plan: Heard(result, now) for plan, result in results.items()})
    assert [step.step for step in together.steps] == [step.step for step in whole.steps]
    assert tried(together) == tried(whole)


def test_a_step_means_the_same_in_every_plan_that_tries_it(tmp_path: Path) -> None:
    """DCMTK's storescp answers echo and store, and no query."""
    with start_storescp(tmp_path) as peer:
        interface = make_interface(host=peer.host, port=peer.port, called=peer.ae, settings={"expect": ["find", "get"]})
        conditions = {plan.value: condition_of(climbed(interface, plan)) for plan in plans_for(interface)}
        assert conditions == {"quick": Condition.UP, "full": Condition.DOWN, "canary": Condition.DOWN}


def test_a_dead_listener_is_told_by_each_plan_in_its_own_steps(orthanc: Peer) -> None:
    interface = archive(orthanc, ["get"])
    interface.port = 1
    for plan in plans_for(interface):
        result = climbed(interface, plan)
        assert condition_of(result) is Condition.DOWN
        assert tried(result) == ["resolve", "tcp"]
    assert [step.step for step in climbed(interface, Plan.QUICK).steps] == QUICK


def test_a_quick_look_has_ended_within_half_its_interval() -> None:
    interface = make_interface(settings={"interval": 10})
    assert deadline_of(interface, Plan.QUICK) == timedelta(seconds=5)
    assert deadline_of(interface, Plan.FULL) == deadline_of(interface) == timedelta(seconds=20)
    assert deadline_of(make_interface(settings={"timeout": 3}), Plan.QUICK) == timedelta(seconds=3)
    assert deadline_of(make_interface(settings={"interval": 3600}), Plan.QUICK) == timedelta(seconds=20)


def test_the_kind_of_its_system_tells_how_often_an_interface_is_asked() -> None:
    scanner = make_interface(make_system(kind="modality"))
    assert plans_for(scanner)[Plan.QUICK] == 2 * plans_for(make_interface())[Plan.QUICK]


def test_a_kind_without_parts_is_climbed_wholly_whatever_the_plan() -> None:
    interface = make_interface(kind="host", host="", port=None, called="", url="")
    names = [step.step for step in climbed(interface, Plan.FULL).steps]
    assert names == [step.step for step in climbed(interface).steps]
    assert "memory" in names
