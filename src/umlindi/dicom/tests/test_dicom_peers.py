"""The driver and the listener against Orthanc, DCMTK and pynetdicom, in both directions."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    SecondaryCaptureImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from umlindi.dicom import uids
from umlindi.dicom.aio import ECHO, Association, Endpoint, NotOffered, Received, SubOperations, associate
from umlindi.dicom.canary import INSTANCES, Canary
from umlindi.dicom.listener import Listener, listen, storage
from umlindi.dicom.probe.query import study_keys, worklist_keys
from umlindi.dicom.probe.retrieval import retrieve_keys
from umlindi.dicom.upper import Requestor, Role
from umlindi.probes import Fault, Permanent, Retriable
from umlindi.testing.peers import (
    Peer,
    Remote,
    free_port,
    program,
    start_dcmqrscp,
    start_orthanc,
    start_storescp,
    start_wlmscpfs,
)
from umlindi.testing.pynetdicom_peer import Served, start_pynetdicom

CANARY = Canary("UMLINDI")
STORE = (uids.SECONDARY_CAPTURE, uids.UNCOMPRESSED)
FIND = (uids.STUDY_ROOT_FIND, uids.UNCOMPRESSED)
MOVE = (uids.STUDY_ROOT_MOVE, uids.UNCOMPRESSED)
GET = (uids.STUDY_ROOT_GET, uids.UNCOMPRESSED)
ROLES = [Role(uids.SECONDARY_CAPTURE, scu=False, scp=True)]


class Kept(list[Received]):
    """Takes every object."""

    def __call__(self, received: Received) -> int:
        self.append(received)
        return 0


def endpoint(peer: Peer | Served) -> Endpoint:
    return Endpoint(peer.host, peer.port, peer.ae, "UMLINDI")


@pytest.fixture(params=[start_orthanc, start_dcmqrscp])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Peer, int]]:
    """An archive that knows our listener's port."""
    port = free_port()
    with request.param(tmp_path, remotes=[Remote("UMLINDI", port)]) as peer:
        yield peer, port


async def store_canary(association: Association) -> None:
    for dataset in CANARY.datasets():
        assert await association.store(dataset) == 0


async def test_a_study_goes_to_an_archive_is_found_moved_and_got(archive: tuple[Peer, int]) -> None:
    peer, port = archive
    moved, got = Kept(), Kept()
    async with (
        associate(endpoint(peer), [ECHO, FIND, STORE, MOVE, GET], ROLES) as association,
        listen("127.0.0.1", port, "UMLINDI", storage(), moved),
    ):
        await association.echo()
        await store_canary(association)
        found = await association.find(uids.STUDY_ROOT_FIND, study_keys())
        assert [match.StudyInstanceUID for match in found.matches] == [CANARY.study_uid]
        done = await association.move(uids.STUDY_ROOT_MOVE, retrieve_keys(CANARY), "UMLINDI")
        assert done == SubOperations(0, INSTANCES, 0, 0)
        done = await association.get(uids.STUDY_ROOT_GET, retrieve_keys(CANARY), got)
        assert done == SubOperations(0, INSTANCES, 0, 0)
    due = {CANARY.instance_uid(number) for number in (1, 2, 3)}
    assert {each.sop_instance for each in moved} == {each.sop_instance for each in got} == due
    assert peer.ae in {each.calling for each in moved}


async def test_worklist_items_come_back(tmp_path: Path) -> None:
    item = Dataset()
    item.PatientName, item.PatientID = "NKOSI^THANDI", "UMLINDI-1"
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle = "CT", "CT1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20260810", "080000"
    item.ScheduledProcedureStepSequence = [step]
    with start_wlmscpfs(tmp_path, "-dfr", items=[item]) as peer:
        async with associate(endpoint(peer), [(uids.MODALITY_WORKLIST_FIND, uids.UNCOMPRESSED)]) as association:
            found = await association.worklist(worklist_keys())
    (match,) = found.matches
    assert match.ScheduledProcedureStepSequence[0].Modality == "CT"
    assert "PatientName" not in match


async def test_a_hundred_associations_side_by_side(tmp_path: Path) -> None:
    async def one(port: int) -> None:
        async with associate(Endpoint("127.0.0.1", port, "UMLINDI", "UMLINDI"), [ECHO]) as association:
            await association.echo()

    async with listen("127.0.0.1", 0, "UMLINDI", storage(), Kept()) as listener:
        await asyncio.gather(*(one(listener.port) for _ in range(100)))
        assert listener.faults == []


async def run(name: str, *options: str) -> int:
    process = await asyncio.create_subprocess_exec(
        program(name), *options, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


async def test_dcmtk_echoes_and_stores_to_our_listener(tmp_path: Path) -> None:
    files = [str(write(tmp_path / f"{n}.dcm", dataset)) for n, dataset in enumerate(CANARY.datasets())]
    kept = Kept()
    async with listen("127.0.0.1", 0, "UMLINDI", storage(), kept) as listener:
        port = str(listener.port)
        assert await run("echoscu", "-aec", "UMLINDI", "127.0.0.1", port) == 0
        assert await run("echoscu", "-aec", "SOMEBODY", "127.0.0.1", port) != 0
        assert await run("storescu", "-aec", "UMLINDI", "127.0.0.1", port, *files) == 0
        assert listener.faults == []
    assert [each.sop_instance for each in kept] == [CANARY.instance_uid(number) for number in (1, 2, 3)]


def write(path: Path, dataset: Dataset) -> Path:
    dataset.file_meta = _file_meta()
    dataset.save_as(path, enforce_file_format=True)
    return path


async def test_pynetdicom_echoes_and_stores_to_our_listener() -> None:
    kept = Kept()
    async with listen("127.0.0.1", 0, "UMLINDI", storage(), kept) as listener:
        statuses = await asyncio.to_thread(_pynetdicom_sends, listener)
        assert listener.faults == []
    assert statuses == [0, 0]
    assert kept[0].calling == "PYNETDICOM"


def _pynetdicom_sends(listener: Listener) -> list[int]:
    ae = AE(ae_title="PYNETDICOM")
    ae.add_requested_context(Verification)
    ae.add_requested_context(SecondaryCaptureImageStorage)
    association = ae.associate("127.0.0.1", listener.port, ae_title="UMLINDI")
    dataset = CANARY.datasets()[0]
    dataset.file_meta = _file_meta()
    statuses = [association.send_c_echo().Status, association.send_c_store(dataset).Status]
    association.release()
    return statuses


def _file_meta() -> Any:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ImplicitVRLittleEndian
    return meta


def pynetdicom_scp(handler: Any) -> AbstractContextManager[Served]:
    sop_classes = (Verification, SecondaryCaptureImageStorage, StudyRootQueryRetrieveInformationModelFind)
    return start_pynetdicom(sop_classes, [handler])


async def test_a_find_is_cancelled_after_enough_matches() -> None:
    cancelled: list[bool] = []

    def handle(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(10_000):
            if event.is_cancelled:
                cancelled.append(True)
                yield 0xFE00, None
                return
            yield 0xFF00, study_keys("20260101", study_uid=f"1.2.{number}")

    with pynetdicom_scp((evt.EVT_C_FIND, handle)) as peer:
        async with associate(endpoint(peer), [FIND]) as association:
            found = await association.find(uids.STUDY_ROOT_FIND, study_keys(), at_most=20)
    assert found.cut
    assert found.status in (0xFE00, None)
    assert len(found.matches) == 20


@pytest.mark.parametrize(("status", "kind"), [(0xA700, Retriable), (0xC001, Permanent), (0x0124, Permanent)])
async def test_a_failed_store_is_raised_with_the_peers_status(status: int, kind: type[Fault]) -> None:
    with pynetdicom_scp((evt.EVT_C_STORE, lambda _event: status)) as peer:
        async with associate(endpoint(peer), [STORE]) as association:
            with pytest.raises(kind) as caught:
                await association.store(CANARY.datasets()[0])
    assert caught.value.code == f"{status:04X}"


async def test_what_a_peer_does_not_offer_is_named_with_its_result(tmp_path: Path) -> None:
    with start_storescp(tmp_path) as peer:
        async with associate(endpoint(peer), [ECHO, FIND]) as association:
            with pytest.raises(NotOffered) as caught:
                await association.find(uids.STUDY_ROOT_FIND, study_keys())
    assert caught.value.code == "PC 3"


async def test_a_transfer_syntax_that_is_refused_is_pc_4(tmp_path: Path) -> None:
    with start_storescp(tmp_path, "+x=") as peer:
        async with associate(endpoint(peer), [ECHO, (uids.CT_IMAGE, (uids.MPEG4_HP41,))]) as association:
            with pytest.raises(NotOffered) as caught:
                association.context(uids.CT_IMAGE)
    assert caught.value.code == "PC 4"


async def test_leaving_by_an_exception_aborts_so_that_the_peer_is_free_at_once(tmp_path: Path) -> None:
    with start_storescp(tmp_path) as peer:
        with pytest.raises(ZeroDivisionError):
            async with associate(endpoint(peer), [ECHO]):
                raise ZeroDivisionError
        async with asyncio.timeout(2), associate(endpoint(peer), [ECHO]) as association:
            await association.echo()
        assert "Association Aborted" in peer.said() or "Peer aborted" in peer.said()


@pytest.mark.parametrize(("released", "fault"), [(True, []), (False, ["AB 0/0"])])
async def test_a_peer_that_is_gone_before_we_answer_it_leaves_no_bug_behind(released: bool, fault: list[str]) -> None:
    """A slow machine reads a request and the abort behind it at once."""
    bugs: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: bugs.append(context))
    machine = Requestor("CT1", "UMLINDI", [ECHO])
    async with listen("127.0.0.1", 0, "UMLINDI", storage(), Kept()) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        if released:
            writer.write(machine.to_send())
            machine.receive(await reader.read(1 << 16))
            machine.release()
        machine.abort()
        writer.write(machine.to_send())
        await reader.read()
        writer.close()
        await writer.wait_closed()
    gc.collect()
    assert bugs == []
    assert [each.code for each in listener.faults] == fault


async def test_our_sockets_do_not_wait_for_more_to_send() -> None:
    port = free_port()
    async with (
        listen("127.0.0.1", port, "UMLINDI", storage(), Kept()),
        associate(Endpoint("127.0.0.1", port, "UMLINDI", "UMLINDI"), [ECHO]) as association,
    ):
        raw = association._wire._transport.get_extra_info("socket")  # type: ignore[union-attr]
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_wrong_called_title_at_our_listener_is_refused_and_a_stranger_is_told(tmp_path: Path) -> None:
    async with listen("127.0.0.1", 0, "UMLINDI", storage(), Kept()) as listener:
        with pytest.raises(Permanent) as caught:
            async with associate(Endpoint("127.0.0.1", listener.port, "OTHER", "CT1"), [ECHO]):
                pytest.fail("was accepted")
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()
    assert caught.value.code == "RJ 1/1/7"
    assert [fault.code for fault in listener.faults] == ["GARBAGE"]
