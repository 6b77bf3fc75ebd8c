"""From real peers to outages: what is asked, believed and followed together."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from umlindi.estate.models import Dependency, Interface, Site
from umlindi.probes import Deadline, ProbeResult
from umlindi.testing.estate import make_interface, make_site, make_system
from umlindi.testing.peers import Peer, start_storescp
from umlindi.watch import services
from umlindi.watch.models import Outage, Probe
from umlindi.watch.rules.plans import Plan
from umlindi.watch.targets import job_for

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


class Watch:
    """Asks real peers and records the answers at times of its own."""

    def __init__(self) -> None:
        self.second = 0

    def ask(self, *interfaces: Interface, plan: Plan = Plan.QUICK, times: int = 1) -> None:
        """Ten seconds pass between two answers."""
        for _ in range(times):
            self.second += 10
            services.give_probes(interfaces, self.now)
            answers = [services.Recorded(one.pk, plan, self.now, climbed(one, plan)) for one in interfaces]
            services.record(answers, self.now)

    @property
    def now(self) -> datetime:
        return at(self.second)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def climbed(interface: Interface, plan: Plan) -> ProbeResult:
    job = job_for(interface, plan)

    async def climb() -> ProbeResult:
        return await job.run(Deadline(job.deadline_s))

    return asyncio.run(climb())


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def pointed_at(peer: Peer, name: str, expect: str = "echo", site: Site | None = None) -> Interface:
    settings = {"expect": [expect]}
    system = make_system(site, name=name)
    return make_interface(system, host=peer.host, port=peer.port, called=peer.ae, settings=settings)


def test_a_listener_that_dies_and_returns_leaves_one_outage_with_its_cause(tmp_path: Path, stack: ExitStack) -> None:
    watch = Watch()
    peer = stack.enter_context(start_storescp(tmp_path))
    interface = pointed_at(peer, "Komani archive")
    watch.ask(interface, times=2)
    assert not Outage.objects.exists()
    stack.close()
    watch.ask(interface)
    assert not Outage.objects.exists()
    watch.ask(interface)
    outage = Outage.objects.get()
    assert (outage.condition, outage.since, outage.detected_at) == ("down", at(30), at(40))
    assert str(outage).endswith("refuses connections")
    assert outage.cause_rule
    assert outage.fix
    watch.ask(interface, times=3)
    assert Outage.objects.get().until is None
    with start_storescp(tmp_path / "again") as anew:
        Interface.objects.filter(pk=interface.pk).update(port=anew.port)
        interface.port = anew.port
        watch.ask(interface)
        assert Outage.objects.get().until is None
        watch.ask(interface)
    outage.refresh_from_db()
    assert (outage.until, outage.closed_at) == (at(80), at(90))
    assert outage.last["steps"][1]["code"] == "ECONNREFUSED"


def test_what_only_the_whole_ladder_sees_lasts_until_the_whole_ladder_is_well(tmp_path: Path) -> None:
    """DCMTK's storescp answers C-ECHO and no query."""
    watch = Watch()
    with start_storescp(tmp_path) as peer:
        interface = pointed_at(peer, "Komani archive", "find")
        watch.ask(interface, times=2)
        watch.ask(interface, plan=Plan.FULL, times=2)
        outage = Outage.objects.get()
        assert (outage.condition, outage.headline, outage.since) == ("down", "refuses queries", at(30))
        watch.ask(interface, times=5)
        assert Outage.objects.get().until is None
        Interface.objects.filter(pk=interface.pk).update(settings={"expect": ["echo"]})
        interface.refresh_from_db()
        watch.ask(interface, plan=Plan.FULL, times=2)
    assert Outage.objects.get().until == at(100)


def test_a_broken_host_is_the_cause_of_what_stands_on_it(tmp_path: Path, stack: ExitStack) -> None:
    watch = Watch()
    below = stack.enter_context(start_storescp(tmp_path / "below"))
    above = stack.enter_context(start_storescp(tmp_path / "above"))
    site = make_site()
    host, archive = pointed_at(below, "Host", site=site), pointed_at(above, "Archive", site=site)
    Dependency.objects.create(system=archive.system, needs=host.system)
    watch.ask(host, archive, times=2)
    Probe.objects.update(due_at=at(1000))
    stack.close()
    watch.ask(archive, times=2)
    assert Probe.objects.filter(interface=host, due_at=watch.now).count() == 1
    assert Outage.objects.get().because is None
    watch.ask(host, times=2)
    root, consequence = Outage.objects.get(interface=host), Outage.objects.get(interface=archive)
    assert (root.because, consequence.because) == (None, root)
    assert root.affected == ["Archive"]


def test_a_missing_secret_is_an_unknown_outage_and_says_which(tmp_path: Path) -> None:
    watch = Watch()
    site = make_site()
    interface = make_interface(
        make_system(site),
        kind="web",
        url="http://127.0.0.1:9/",
        host="",
        port=None,
        called="",
        credential="thusong.web",
    )
    watch.ask(interface, plan=Plan.FULL, times=2)
    outage = Outage.objects.get()
    assert (outage.condition, outage.cause_rule) == ("unknown", "not-probeable")
    assert "thusong.web" in outage.cause
