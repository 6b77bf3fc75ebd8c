"""A machine without Orthanc, DCMTK and NUT: what is not there is played, and said to be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from umlindi.demo import cast
from umlindi.demo.cast import UMLINDI, WORKLIST_AE
from umlindi.demo.estate import estate
from umlindi.demo.ground import Ground, survey
from umlindi.demo.peers import power
from umlindi.dicom.probe import DicomTarget, probe
from umlindi.estate.rules.description import describe
from umlindi.probes import Deadline, Grade


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    monkeypatch.setattr(cast, "program", lambda _: None)
    monkeypatch.setattr(power, "can_be_real", lambda _: False)
    return survey(tmp_path)


def test_every_peer_but_the_database_is_simulated_and_says_so(bare: Ground) -> None:
    peers = cast.cast(bare)
    assert [peer.name for peer in peers if peer.real] == ["PostgreSQL"]
    stand_ins = [peer.name for peer in peers if peer.name.startswith("stand-in")]
    assert stand_ins == [f"stand-in for {name}" for name in ("Orthanc", "dcmqrscp", "wlmscpfs", "Orthanc")]


def test_no_more_is_expected_of_a_stand_in_than_it_can_do(bare: Ground) -> None:
    described = describe(estate(bare))
    assert described.complaints == []
    expected = [row.values["settings"].get("expect") for row in described.rows if row.values.get("kind") == "dicom"]
    assert expected == [["echo"]] * len(expected)
    assert not any(row.values.get("kind") in {"dicomweb", "orthanc"} for row in described.rows)


@pytest.mark.parametrize(
    ("system", "called", "fault", "code"),
    [
        (cast.MTHATHA.system, cast.MTHATHA.ae, "", ""),
        (cast.KOMANI.system, cast.KOMANI.ae, "wrong-called-ae", "RJ 1/1/7"),
        (cast.GQEBERHA.system, cast.GQEBERHA.ae, "calling-not-authorised", "RJ 1/1/3"),
        ("thusong/mthatha/worklist", WORKLIST_AE, "worklist-down", "ECONNREFUSED"),
    ],
)
async def test_a_stand_in_answers_as_a_real_archive_would(
    system: str, called: str, fault: str, code: str, bare: Ground
) -> None:
    peer = next(peer for peer in cast.cast(bare) if peer.system == system and "stand-in" in peer.name)
    assert peer.port is not None
    await peer.apply(frozenset({fault} - {""}))
    try:
        result = await probe(DicomTarget("127.0.0.1", peer.port, called, UMLINDI, canary=False), Deadline(5))
    finally:
        await peer.stop()
    failure = result.first_failure()
    assert (failure.code if failure else "") == code
    assert (result.grade is Grade.OK) is (not code)


async def test_a_silent_stand_in_is_left_without_waiting_for_it(bare: Ground) -> None:
    peer = next(peer for peer in cast.cast(bare) if peer.system == cast.MTHATHA.system and "stand-in" in peer.name)
    await peer.apply(frozenset({"silent-host"}))
    _, writer = await asyncio.open_connection("127.0.0.1", peer.port)
    writer.write(b"anything")
    async with asyncio.timeout(2):
        await peer.stop()
    writer.close()
