"""Faults and healthy exchanges as DCMTK tells them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pynetdicom
from pydicom.uid import JPEG2000Lossless
from pynetdicom import AE, evt

from umlindi.diagnosis.tests.recording import (
    answering,
    echoscu,
    image,
    moved,
    pynetdicom_scp,
    records,
    run,
    scheduled,
    worklist,
)
from umlindi.dicom import uids
from umlindi.testing.peers import Remote, free_port, start_dcmqrscp, start_storescp, start_wlmscpfs

DCMTK = "DCMTK 3.6.7"


@records("dcmtk-echoscu-healthy", f"{DCMTK} echoscu")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        return echoscu(peer.port)


@records("dcmtk-storescu-healthy", f"{DCMTK} storescu")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        return run("storescu", "-d", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), image(folder))


@records("dcmtk-dcmqrscp-healthy", f"{DCMTK} dcmqrscp")
def _(folder: Path) -> str:
    with start_storescp(folder / "ws", ae="WS1") as workstation:
        remotes = [Remote("WS1", workstation.port)]
        with start_dcmqrscp(folder, remotes=remotes) as peer:
            sent = image(folder)
            run("storescu", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), sent)
            moved(peer.port, "WS1")
            return peer.said()


@records("dcmtk-movescu-healthy", f"{DCMTK} movescu")
def _(folder: Path) -> str:
    with (
        start_storescp(folder / "ws", ae="WS1") as workstation,
        start_dcmqrscp(folder, remotes=[Remote("WS1", workstation.port)]) as peer,
    ):
        run("storescu", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), image(folder))
        return moved(peer.port, "WS1")


@records("dcmtk-wlmscpfs-healthy", f"{DCMTK} findscu and wlmscpfs")
def _(folder: Path) -> str:
    with start_wlmscpfs(folder, items=[scheduled()]) as peer:
        return worklist(peer.port) + peer.said()


@records("dcmtk-echoscu-called", f"{DCMTK} echoscu", "called-ae-not-recognised")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        return echoscu(peer.port, called="ARCHIEVE")


@records("dcmtk-dcmqrscp-called", f"{DCMTK} dcmqrscp", "called-ae-not-recognised, calling-ae-not-recognised")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        echoscu(peer.port, called="ARCHIEVE")
        return peer.said()


@records("dcmtk-dcmqrscp-calling", f"{DCMTK} dcmqrscp", "called-ae-not-recognised, calling-ae-not-recognised")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder, remotes=[Remote("CT1", 104)], open_to_all=False) as peer:
        echoscu(peer.port, calling="STRANGER")
        return peer.said()


@records("dcmtk-echoscu-refused", f"{DCMTK} echoscu", "connection-refused")
def _(_: Path) -> str:
    return echoscu(free_port())


@records("dcmtk-echoscu-unknown-host", f"{DCMTK} echoscu", "name-not-resolved")
def _(_: Path) -> str:
    return run("echoscu", "-d", "pacs.hospital.invalid", "104")


@records("dcmtk-echoscu-silent", f"{DCMTK} echoscu", "host-silent")
def _(_: Path) -> str:
    with answering(None) as port:
        return echoscu(port, "-ta", "2", "-td", "2")


@records("dcmtk-echoscu-http", f"{DCMTK} echoscu", "port-speaks-http")
def _(_: Path) -> str:
    with answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        return echoscu(port, "-ta", "2")


@records("dcmtk-echoscu-closed", f"{DCMTK} echoscu", "closed-at-association, association-dropped")
def _(_: Path) -> str:
    with answering(None, hang_up=True) as port:
        return echoscu(port, "-ta", "2")


@records("dcmtk-echoscu-no-reason", f"{DCMTK} echoscu", "rejected-without-reason")
def _(folder: Path) -> str:
    with start_storescp(folder, "--refuse") as peer:
        return echoscu(peer.port)


@records("dcmtk-storescu-aborted", f"{DCMTK} storescu", "aborted, association-dropped")
def _(folder: Path) -> str:
    with start_storescp(folder / "scp", "--abort-during") as peer:
        return run("storescu", "-d", "127.0.0.1", str(peer.port), image(folder))


@records("dcmtk-storescu-stalled", f"{DCMTK} storescu", "exchange-stalled")
def _(folder: Path) -> str:
    with start_storescp(folder / "scp", "--sleep-after", "20") as peer:
        return run("storescu", "-d", "-td", "2", "-ta", "2", "127.0.0.1", str(peer.port), image(folder))


@records("dcmtk-echoscu-busy", f"{DCMTK} echoscu against pynetdicom at its limit", "association-limit")
def _(_: Path) -> str:
    with pynetdicom_scp([], limit=1) as port:
        holder = AE(ae_title="LEAKY")
        held = holder.associate("127.0.0.1", port, contexts=[pynetdicom.build_context(uids.VERIFICATION)])
        said = echoscu(port, called="PYSCP")
        held.release()
        return said


@records("dcmtk-movescu-destination", f"{DCMTK} movescu", "move-destination-unknown")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        run("storescu", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), image(folder))
        return moved(peer.port, "NOBODY")


@records("dcmtk-dcmqrscp-destination", f"{DCMTK} dcmqrscp", "move-destination-unknown")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder) as peer:
        run("storescu", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), image(folder))
        moved(peer.port, "NOBODY")
        return peer.said()


@records("dcmtk-movescu-fails", f"{DCMTK} movescu", "retrieval-fails")
def _(folder: Path) -> str:
    with start_dcmqrscp(folder, remotes=[Remote("WS1", free_port())]) as peer:
        run("storescu", "-aec", "ARCHIVE", "127.0.0.1", str(peer.port), image(folder))
        return moved(peer.port, "WS1")


@records("dcmtk-wlmscpfs-incomplete", f"{DCMTK} wlmscpfs", "worklist-item-incomplete, worklist-empty")
def _(folder: Path) -> str:
    with start_wlmscpfs(folder, items=[scheduled(StudyInstanceUID="")]) as peer:
        worklist(peer.port)
        return peer.said()


@records("dcmtk-dcmmkdir-media", f"{DCMTK} dcmmkdir", "media-import")
def _(folder: Path) -> str:
    image(folder, "foreign-image.dcm")
    return run("dcmmkdir", "-v", "+id", str(folder), "foreign-image.dcm") + run("dcmdump", str(folder / "DICOMDIR"))


def status_of(status: int) -> list[Any]:
    return [(evt.EVT_C_STORE, lambda _: status), (evt.EVT_C_FIND, lambda _: iter([(status, None)]))]


def store_status(folder: Path, status: int) -> str:
    with pynetdicom_scp(status_of(status)) as port:
        sent = ("-aet", "CT1", "-aec", "PYSCP", "127.0.0.1", str(port), image(folder))
        return run("storescu", "-d", *sent) + run("storescu", "-v", *sent)


def find_status(status: int, *options: str) -> str:
    contexts = (uids.STUDY_ROOT_FIND, uids.MODALITY_WORKLIST_FIND)
    with pynetdicom_scp(status_of(status), *contexts) as port:
        keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyDate=20261120")
        ask = (*(options or ("-S",)), "-aet", "CT1", *keys, "127.0.0.1", str(port))
        return run("findscu", "-d", *ask) + run("findscu", "-v", *ask)


for _status, _rule in {
    0xA700: "storing-fails",
    0xA900: "dataset-mismatch",
    0xC000: "cannot-understand",
    0xC211: "handler-fault",
    0x0110: "service-fault",
    0x0111: "duplicate-instance",
    0x0124: "not-authorised",
    0x0122: "sop-class-unsupported",
    0xB000: "stored-but-changed",
}.items():

    def _storing(folder: Path, status: int = _status) -> str:
        return store_status(folder, status)

    records(f"dcmtk-storescu-{_status:04x}", f"{DCMTK} storescu against pynetdicom answering {_status:04X}", _rule)(
        _storing
    )

for _status, _rule in {
    0xA700: "query-cut-off",
    0xA900: "query-not-understood",
    0xC001: "handler-fault, query-fails",
}.items():

    def _finding(_: Path, status: int = _status) -> str:
        return find_status(status)

    records(f"dcmtk-findscu-{_status:04x}", f"{DCMTK} findscu against pynetdicom answering {_status:04X}", _rule)(
        _finding
    )


for _name, _bytes, _rule in (
    ("hl7", b"\x0bMSH|^~\\&|RIS|X|PACS|X|20261124||ACK|1|P|2.5\r\x1c\r", "port-speaks-hl7"),
    ("tls", b"\x15\x03\x03\x00\x02\x02\x46", "plain-to-tls-port"),
    ("ssh", b"SSH-2.0-OpenSSH_9.2\r\n", "not-dicom"),
):

    def _foreign(_: Path, data: bytes = _bytes) -> str:
        with answering(data) as port:
            return echoscu(port, "-ta", "2")

    records(f"dcmtk-echoscu-{_name}", f"{DCMTK} echoscu", _rule)(_foreign)


@records("dcmtk-storescu-sop-class", f"{DCMTK} storescu", "sop-class-unsupported")
def _(folder: Path) -> str:
    with pynetdicom_scp([], uids.VERIFICATION) as port:
        return run("storescu", "-d", "-R", "-aec", "PYSCP", "127.0.0.1", str(port), image(folder))


@records("dcmtk-dcmsend-incomplete", f"{DCMTK} dcmsend", "study-incomplete, no-context-accepted")
def _(folder: Path) -> str:
    with start_storescp(folder / "scp") as peer:
        pictures = image(folder, "a.dcm"), image(folder, "b.dcm", syntax=JPEG2000Lossless)
        return run("dcmsend", "-v", "-dn", "127.0.0.1", str(peer.port), *pictures)


@records("dcmtk-retry-succeeds", f"{DCMTK} echoscu, refused and tried again", "connection-refused")
def _(folder: Path) -> str:
    first = echoscu(free_port())
    with start_dcmqrscp(folder) as peer:
        return first + echoscu(peer.port)
