"""The fault is made on a real peer, the real probe climbs to it, and the diagnosis names it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from umlindi.diagnosis import explain
from umlindi.dicom.probe import DicomTarget, probe
from umlindi.hosts import clock, orthanc, sql
from umlindi.probes import Deadline
from umlindi.probes.transport import VERIFIED
from umlindi.testing.peers import Remote, free_port, start_dcmqrscp, start_orthanc, start_storescp


def causes(host: str, port: int, called: str, expect: frozenset[str] = frozenset(), **settings: Any) -> list[str]:
    target = DicomTarget(host, port, called, "UMLINDI", expect=expect, **{"canary": False, **settings})
    return [cause.rule for cause in explain(asyncio.run(probe(target, Deadline(6)))).diagnosis]


def test_a_closed_port() -> None:
    assert causes("127.0.0.1", free_port(), "ARCHIVE") == ["connection-refused"]


def test_a_name_that_does_not_exist() -> None:
    assert causes("pacs.hospital.invalid", 104, "ARCHIVE")[0] in {"name-not-resolved", "name-server-silent"}


def test_a_wrong_called_title(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path) as peer:
        assert causes(peer.host, peer.port, "ARCHIEVE") == ["called-ae-not-recognised"]


def test_a_host_that_accepts_and_never_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert causes("127.0.0.1", server.getsockname()[1], "ARCHIVE") == ["host-silent"]


def test_the_web_port_of_an_archive(tmp_path: Path) -> None:
    with start_orthanc(tmp_path) as peer:
        assert causes("127.0.0.1", int(peer.url.rpartition(":")[2]), "ORTHANC") == ["port-speaks-http"]


def test_echo_is_fine_and_find_is_refused(tmp_path: Path) -> None:
    remote = Remote("UMLINDI", 104, options={"AllowFind": False, "AllowEcho": True})
    with start_orthanc(tmp_path, remotes=[remote], DicomAlwaysAllowFind=False) as peer:
        assert causes(peer.host, peer.port, "ORTHANC", frozenset({"find"})) == ["query-refused"]


def test_tls_spoken_to_a_plain_port(tmp_path: Path) -> None:
    with start_storescp(tmp_path) as peer:
        assert causes(peer.host, peer.port, peer.ae, tls=VERIFIED)[0] == "not-tls"


def test_a_destination_that_orthanc_does_not_know(tmp_path: Path) -> None:
    """Orthanc answers C000, whatever the reason."""
    with start_orthanc(tmp_path) as peer:
        found = causes(peer.host, peer.port, peer.ae, frozenset({"move"}), canary=True, move_port=free_port())
    assert found == ["retrieval-fails", "move-destination-unknown"]


def test_a_listener_of_ours_on_a_port_that_no_archive_can_know(tmp_path: Path) -> None:
    with start_orthanc(tmp_path) as peer:
        found = causes(peer.host, peer.port, peer.ae, frozenset({"move"}), canary=True)
    assert found[0] == "move-port-not-given"


def test_a_time_server_that_is_not_there() -> None:
    told = explain(asyncio.run(clock.probe(clock.TimeTarget("127.0.0.1", free_port()), Deadline(3))))
    assert [cause.rule for cause in told.diagnosis] == ["time-server-silent"]


def test_a_database_file_that_is_not_there(tmp_path: Path) -> None:
    told = explain(asyncio.run(sql.probe(sql.SqlTarget(f"sqlite:///{tmp_path / 'index.db'}"), Deadline(3))))
    assert [cause.rule for cause in told.diagnosis] == ["database-file-shut"]


def test_an_archive_that_is_open_to_all(tmp_path: Path) -> None:
    with start_orthanc(tmp_path) as peer:
        told = explain(asyncio.run(orthanc.probe(orthanc.OrthancTarget(peer.url, samples=1), Deadline(6))))
    assert "hazard-open-access" in [cause.rule for cause in told.diagnosis]


@pytest.mark.parametrize("called", ["ARCHIVE"])
def test_a_healthy_archive_yields_nothing(tmp_path: Path, called: str) -> None:
    with start_dcmqrscp(tmp_path) as peer:
        assert causes(peer.host, peer.port, called) == []
