from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists

from umlindi.probes import Grade, Layer, ProbeResult, Severity, State, Step
from umlindi.watch.rules.plans import Plan
from umlindi.watch.services import Recorded
from umlindi.watch.spool import Spool, Waiting, orphans, own_spool

SMALL = 20_000
NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def answer(number: int, ok: bool = True, talk: int = 0) -> Recorded:
    evidence = {"said": [f"{number * place:x}" for place in range(talk)]}
    state, severity = (State.OK, None) if ok else (State.FAILED, Severity.FAILED)
    step = Step("echo", state, 3.0, Layer.DIMSE, "0000" if ok else "0110", "", evidence, severity)
    result = ProbeResult("dicom", "ARCHIVE@host:104", (step,))
    return Recorded(number, Plan.QUICK, NOON + timedelta(seconds=number), result, watched=True)


def batch(number: int, ok: bool = True, talk: int = 0) -> Waiting:
    return Waiting(number, tuple(answer(number * 100 + place, ok, talk) for place in range(3)))


def told(waiting: Waiting) -> list[tuple[int, datetime, ProbeResult, bool]]:
    return [(one.interface, one.at, one.result, one.watched) for one in waiting.answers]


def drained(spool: Spool) -> list[Waiting]:
    found = []
    while (one := spool.next()) is not None:
        found.append(one)
        spool.done()
    return found


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """As if the disk were full beyond that: the operating system refuses the write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(own_spool(tmp_path / "spool", uuid4())) as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Spool]:
    """One that may hold 20 000 bytes."""
    with closing(Spool(tmp_path / f"{uuid4()}.spool", SMALL)) as opened:
        yield opened


def size_of(folder: Path) -> int:
    return next(folder.rglob("*.spool")).stat().st_size


def test_what_waits_comes_out_once_in_order_and_whole(spool: Spool) -> None:
    given_ = [batch(number) for number in range(1, 6)]
    for one in given_:
        spool.append(one)
    assert spool.answers == 15
    found = drained(spool)
    assert [one.number for one in found] == [1, 2, 3, 4, 5]
    assert list(map(told, found)) == list(map(told, given_))
    assert (spool.answers, spool.next()) == (0, None)


def test_a_batch_stays_the_next_until_it_is_done(spool: Spool) -> None:
    spool.append(batch(1))
    spool.append(batch(2))
    assert [one.number for one in (spool.next(), spool.next()) if one] == [1, 1]
    spool.done()
    spool.append(batch(3))
    assert [one.number for one in drained(spool)] == [2, 3]


@given(lists(integers(1, 40), min_size=1, max_size=6), integers(0, 10_000))
def test_a_torn_tail_costs_the_torn_batch_alone(sizes: list[int], cut: int) -> None:
    with TemporaryDirectory() as folder:
        writer, ends = uuid4(), [0]
        path = Path(folder) / f"{writer}.spool"
        spool = own_spool(Path(folder), writer)
        for number, talk in enumerate(sizes, 1):
            spool.append(batch(number, talk=talk))
            ends.append(path.stat().st_size)
        spool.close()
        kept = cut % (ends[-1] + 1)
        path.write_bytes(path.read_bytes()[:kept])
        again = Spool(path)
        whole = sum(end <= kept for end in ends[1:])
        assert [one.number for one in drained(again)] == list(range(1, whole + 1))
        again.append(batch(99))
        assert [one.number for one in drained(again)] == [99]
        again.close()


def test_a_spool_belongs_to_one_living_process(tmp_path: Path) -> None:
    spool = own_spool(tmp_path, uuid4())
    spool.append(batch(1))
    assert list(orphans(tmp_path)) == []
    spool.close()
    left = next(orphans(tmp_path))
    assert (left.writer, left.answers) == (spool.writer, 3)
    drained(left)
    left.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_spool_thins_what_went_well_before_it_loses_anything(small: Spool, tmp_path: Path) -> None:
    for number in range(1, 31):
        small.append(batch(number, talk=400, ok=number != 2))
    assert size_of(tmp_path) <= SMALL
    found = drained(small)
    assert [one.number for one in found] == list(range(1, 31))
    oldest = found[0].answers[0]
    assert (oldest.result.steps[0].ms, oldest.result.steps[0].evidence) == (3.0, {})
    assert found[1].answers[0].result.grade is Grade.FAILED
    assert len(found[1].answers[0].result.steps[0].evidence["said"]) == 400
    assert len(found[-1].answers[0].result.steps[0].evidence["said"]) == 400


def test_where_even_that_is_too_much_the_oldest_go_and_the_log_says_so(
    small: Spool, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(1, 41):
        small.append(batch(number, talk=400, ok=False))
    numbers = [one.number for one in drained(small)]
    assert numbers == list(range(numbers[0], 41))
    assert 1 < numbers[0] < 40
    assert "oldest" in caplog.text
    assert small.answers == 0


def test_a_full_disk_is_waited_out_in_memory_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spool = own_spool(tmp_path, uuid4())
    spool.append(batch(1))
    with no_file_larger_than(size_of(tmp_path) + 10):
        spool.append(batch(2))
        spool.append(batch(3))
    assert "takes no more" in caplog.text
    assert spool.answers == 9
    spool.append(batch(4))
    spool.close()
    again = next(orphans(tmp_path))
    assert [one.number for one in drained(again)] == [1, 2, 3, 4]
    again.close()


def test_what_waits_in_memory_is_drained_behind_what_waits_on_disk(spool: Spool, tmp_path: Path) -> None:
    spool.append(batch(1))
    with no_file_larger_than(size_of(tmp_path)):
        spool.append(batch(2))
        assert [one.number for one in drained(spool)] == [1, 2]
    assert spool.answers == 0
