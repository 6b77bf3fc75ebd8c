"""The clock probe against a time server of our own that is set as wrong as each case needs."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.hosts import clock
from umlindi.hosts.clock import TimeTarget, _unix, probe
from umlindi.probes import Deadline, Grade, ProbeResult
from umlindi.testing.steps import step_of

Answer = Callable[[bytes], bytes | None]


def server_answer(request: bytes, ahead: float = 0.0, leap: int = 0, stratum: int = 2, mode: int = 4) -> bytes:
    """An answer of an NTP server whose clock is `ahead` seconds of ours."""
    now = time.time() + ahead + 2_208_988_800
    stamp = struct.pack("!II", int(now) % 2**32, int((now % 1) * 2**32))
    head = struct.pack("!BBbb", leap << 6 | 4 << 3 | mode, stratum, 6, -20)
    return head + bytes(8) + b"RATE" + stamp + request[40:48] + stamp + stamp


class _Server(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        answer = self._answer(data)
        if answer is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def ntp(answer: Answer) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Server(answer), local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def probed(answer: Answer, seconds: float = 3, samples: int = 4) -> ProbeResult:
    async with ntp(answer) as port:
        return await probe(TimeTarget("127.0.0.1", port, samples), Deadline(seconds))


@pytest.mark.parametrize(
    ("ahead", "grade", "code"),
    [
        (0, Grade.OK, ""),
        (0.5, Grade.OK, ""),
        (-1.5, Grade.DEGRADED, "clock-skew"),
        (200, Grade.DEGRADED, "clock-skew"),
        (-301, Grade.FAILED, "clock-skew"),
        (86400 * 365 * 20, Grade.FAILED, "clock-skew"),
    ],
)
async def test_skew_is_measured_and_judged(ahead: float, grade: Grade, code: str) -> None:
    result = await probed(lambda request: server_answer(request, ahead))
    step = step_of(result, "offset")
    assert (result.grade, step.code) == (grade, code)
    assert step.evidence["offset_s"] == pytest.approx(ahead, abs=0.2)
    assert 0 <= step.evidence["delay_s"] < 0.5


@pytest.mark.parametrize("told", [{"leap": 3}, {"stratum": 16}])
async def test_a_server_that_is_itself_not_synchronised_says_so(told: dict[str, int]) -> None:
    result = await probed(lambda request: server_answer(request, **told))
    assert (result.grade, step_of(result, "ntp").code) == (Grade.DEGRADED, "unsynchronised")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda request: None, "TIMEOUT"),
        (lambda request: b"hello", "NOT-NTP"),
        (lambda request: server_answer(request, mode=3), "NOT-NTP"),
        (lambda request: server_answer(request, stratum=0), "KoD RATE"),
        (lambda request: server_answer(bytes(48)), "TIMEOUT"),
    ],
)
async def test_what_is_no_answer_has_a_code(answer: Answer, code: str) -> None:
    began = time.perf_counter()
    result = await probed(answer, seconds=0.5)
    assert (result.grade, step_of(result, "ntp").code) == (Grade.FAILED, code)
    assert time.perf_counter() - began < 1.5


async def test_lost_answers_are_counted_and_the_rest_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_SAMPLE_AT_MOST", 0.3)
    asked = iter(range(100))
    result = await probed(lambda request: None if next(asked) == 1 else server_answer(request, 0), seconds=5, samples=3)
    assert result.grade is Grade.OK
    assert step_of(result, "ntp").evidence["lost"] == 1


@given(moment=st.floats(0, 2**33), near=st.floats(-(2**30), 2**30))
def test_a_time_stamp_is_read_in_the_era_nearest_to_our_clock(moment: float, near: float) -> None:
    wire = (moment + 2_208_988_800) % 2**32
    assert _unix(int(wire), int((wire % 1) * 2**32), moment + near) == pytest.approx(moment, abs=0.01)
