"""The loop and the survey on real sockets: our acceptor, a port nobody listens on, one that never answers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from umlindi.core.threads import DatabaseThread
from umlindi.dicom.listener import listen, storage
from umlindi.estate.models import Interface
from umlindi.testing.estate import make_interface
from umlindi.testing.peers import free_port
from umlindi.watch import checking
from umlindi.watch.loop import watch
from umlindi.watch.models import Spell
from umlindi.watch.rules.conditions import Condition, condition_of
from umlindi.watch.runner import Answer

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def acceptor(ports: list[int]) -> Iterator[list[int]]:
    """Our acceptor on those ports, in a loop and thread of its own."""
    loop = asyncio.new_event_loop()
    up = threading.Event()
    found: list[int] = []
    stop = asyncio.Event()

    async def serve() -> None:
        async with listen("127.0.0.1", ports, "ARCHIVE", storage(), lambda _: 0) as listener:
            found.extend(listener.ports)
            up.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


def archive(port: int, **settings: object) -> Interface:
    return make_interface(host="127.0.0.1", port=port, called="ARCHIVE", settings={"timeout": 2, **settings})


async def watch_until(seen: Callable[[], bool], seconds: float = 20) -> None:
    stop = asyncio.Event()
    async with asyncio.timeout(seconds), DatabaseThread() as database:
        running = asyncio.create_task(watch(stop))
        while not await database.run(seen):
            await asyncio.sleep(0.1)
        stop.set()
        await running


def condition(interface: Interface) -> str | None:
    return Spell.objects.filter(interface=interface, until=None).values_list("condition", flat=True).first()


def run(seen: Callable[[], bool]) -> None:
    asyncio.run(watch_until(seen))


def test_the_loop_finds_a_peer_up_and_then_down() -> None:
    with acceptor([0]) as ports:
        interface = archive(ports[0], interval=1)
        run(lambda: condition(interface) == "up")
    run(lambda: condition(interface) == "down")
    spell = Spell.objects.get(interface=interface, until=None)
    assert spell.result["diagnosis"][0]["rule"] == "connection-refused"


def test_a_survey_takes_one_deadline_however_many_are_dead() -> None:
    silent = [socket.create_server(("127.0.0.1", 0)) for _ in range(20)]
    try:
        with acceptor([0] * 20) as ports:
            dead = [archive(one.getsockname()[1]) for one in silent]
            alive = [archive(port, timeout=10) for port in ports]
            answers: list[tuple[Interface, Answer]] = []
            checking.survey([*dead, *alive], answers.extend)
    finally:
        for one in silent:
            one.close()
    grades = {interface.pk: str(answer.result.grade) for interface, answer in answers}
    assert {grades[one.pk] for one in dead} == {"failed"}
    assert {grades[one.pk] for one in alive} == {"ok"}
    began = [answer.began for _, answer in answers]
    one_after_another = len(dead) * dead[0].settings["timeout"]
    assert (max(began) - min(began)).total_seconds() < one_after_another / 4


def test_an_interface_with_a_missing_secret_is_told_not_raised() -> None:
    interface = make_interface(kind="web", url="http://127.0.0.1:1/", credential="nobody-wrote-it", host="", port=None)
    answers: list[tuple[Interface, Answer]] = []
    checking.survey([interface], answers.extend)
    step = answers[0][1].result.steps[0]
    assert (step.step, step.code) == ("settings", "not-probeable")
    assert "nobody-wrote-it" in step.meaning


def test_one_broken_interface_does_not_stop_the_others() -> None:
    refused = archive(free_port())
    with acceptor([0]) as ports:
        fine = archive(ports[0])
        run(lambda: condition(fine) == "up" and condition(refused) == "down")


def test_a_defect_in_one_probe_is_that_interfaces_trouble_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(target: object, deadline: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("umlindi.hosts.clock.probe", broken)
    defect = make_interface(kind="time", host="127.0.0.1", port=123)
    answers: list[tuple[Interface, Answer]] = []
    with acceptor([0]) as ports:
        fine = archive(ports[0])
        checking.survey([defect, fine], answers.extend)
    results = {interface.pk: answer.result for interface, answer in answers}
    assert str(results[fine.pk].grade) == "ok"
    assert results[defect.pk].steps[0].code == "probe-broke"
    assert condition_of(results[defect.pk]) is Condition.UNKNOWN
