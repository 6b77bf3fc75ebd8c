"""What Orthanc logs of faults made for it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydicom.uid import generate_uid

from umlindi.diagnosis.tests.recording import echoscu, image, records, run, worklist
from umlindi.testing.peers import Remote, start_orthanc

ORTHANC = "Orthanc 1.10.1"
_OPEN = {"DicomAlwaysAllowFindWorklist": True}


def orthanc_log(folder: Path, ask: Callable[[Any], object], **config: Any) -> str:
    """What Orthanc logs while it is asked."""
    with start_orthanc(folder, **config) as peer:
        ask(peer)
        time.sleep(0.5)
        return peer.said()


def stored(peer: Any, folder: Path, *options: str, **changes: Any) -> str:
    picture = image(folder, f"{generate_uid()[-8:]}.dcm", **changes)
    return run("storescu", *options, "-R", "-aec", peer.ae, "127.0.0.1", str(peer.port), picture)


def found(peer: Any, *options: str, level: str = "STUDY") -> str:
    keys = ("-k", f"QueryRetrieveLevel={level}", "-k", "StudyInstanceUID", "-k", "PatientName")
    return run("findscu", "-S", "-aec", peer.ae, *options, *keys, "127.0.0.1", str(peer.port))


@records("orthanc-healthy", ORTHANC)
def _(folder: Path) -> str:
    def use(peer: Any) -> None:
        stored(peer, folder)
        found(peer)
        run("echoscu", "127.0.0.1", str(peer.port))

    return orthanc_log(folder, use, RemoteAccessAllowed=False, AuthenticationEnabled=True)


@records("orthanc-called", ORTHANC, "called-ae-not-recognised")
def _(folder: Path) -> str:
    return orthanc_log(folder, lambda peer: echoscu(peer.port, called="ARCHIEVE"), DicomCheckCalledAet=True)


@records("orthanc-calling", ORTHANC, "calling-ae-not-recognised")
def _(folder: Path) -> str:
    return orthanc_log(folder, lambda peer: stored(peer, folder, "-aet", "STRANGER"), DicomAlwaysAllowStore=False)


@records("orthanc-moved-host", ORTHANC, "device-address-changed")
def _(folder: Path) -> str:
    return orthanc_log(
        folder,
        lambda peer: stored(peer, folder, "-aet", "CT1"),
        remotes=[Remote("CT1", 104, host="10.20.30.40")],
        DicomAlwaysAllowStore=False,
        DicomCheckModalityHost=True,
    )


@records("orthanc-not-allowed", ORTHANC, "not-authorised")
def _(folder: Path) -> str:
    return orthanc_log(
        folder,
        lambda peer: stored(peer, folder, "-aet", "CT1"),
        remotes=[Remote("CT1", 104, options={"AllowStore": False, "AllowFind": True})],
        DicomAlwaysAllowStore=False,
    )


@records("orthanc-recycling", ORTHANC, "hazard-recycling")
def _(folder: Path) -> str:
    def fill(peer: Any) -> None:
        for patient in ("1", "2"):
            stored(peer, folder, PatientID=patient)

    return orthanc_log(folder, fill, MaximumPatientCount=1)


@records("orthanc-store-fails", ORTHANC, "storing-fails")
def _(folder: Path) -> str:
    return orthanc_log(folder, lambda peer: stored(peer, folder, StudyInstanceUID=""))


@records("orthanc-duplicate", ORTHANC, "duplicate-instance")
def _(folder: Path) -> str:
    def twice(peer: Any) -> None:
        picture = image(folder)
        for _ in range(2):
            run("storescu", "-R", "-aec", peer.ae, "127.0.0.1", str(peer.port), picture)

    return orthanc_log(folder, twice, OverwriteInstances=False)


@records("orthanc-capped", ORTHANC, "query-cut-off")
def _(folder: Path) -> str:
    def many(peer: Any) -> None:
        for patient in ("1", "2", "3"):
            stored(peer, folder, PatientID=patient)
        found(peer)

    return orthanc_log(folder, many, LimitFindResults=1)


@records("orthanc-move", ORTHANC, "move-destination-unknown")
def _(folder: Path) -> str:
    def move(peer: Any) -> None:
        stored(peer, folder)
        keys = ("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=8001015009087")
        run("movescu", "-S", "-aec", peer.ae, "-aem", "NOBODY", *keys, "127.0.0.1", str(peer.port))

    return orthanc_log(folder, move)


@records("orthanc-no-worklist", ORTHANC, "no-context-accepted")
def _(folder: Path) -> str:
    return orthanc_log(folder, lambda peer: worklist(peer.port, peer.ae), Plugins=[], **_OPEN)


@records("orthanc-worklist-folder", ORTHANC, "worklist-fails")
def _(folder: Path) -> str:
    served = {"Enable": True, "Database": str(folder / "gone")}
    return orthanc_log(
        folder, lambda peer: worklist(peer.port, peer.ae), Worklists=served, DicomAlwaysAllowFindWorklist=True
    )


@records("orthanc-worklist-empty", ORTHANC, "worklist-empty")
def _(folder: Path) -> str:
    (folder / "items").mkdir()
    served = {"Enable": True, "Database": str(folder / "items")}
    return orthanc_log(
        folder, lambda peer: worklist(peer.port, peer.ae), Worklists=served, DicomAlwaysAllowFindWorklist=True
    )


@records("orthanc-open-door", ORTHANC, "hazard-open-access")
def _(folder: Path) -> str:
    return orthanc_log(folder, lambda _: None, RemoteAccessAllowed=True, AuthenticationEnabled=False)


@records("orthanc-default-password", ORTHANC, "hazard-default-credentials")
def _(folder: Path) -> str:
    return orthanc_log(folder, lambda _: None, RemoteAccessAllowed=True, AuthenticationEnabled=True, RegisteredUsers={})


@records("orthanc-corrupt", ORTHANC, "file-corrupt")
def _(folder: Path) -> str:
    def spoil(peer: Any) -> None:
        stored(peer, folder)
        for attachment in (path for path in (folder / "storage").glob("??/??/*") if path.is_file()):
            attachment.write_bytes(attachment.read_bytes()[:-8] + b"damaged!")
        [instance] = re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{8}){4}", run("curl", "-s", f"{peer.url}/instances"))
        run("curl", "-s", "-X", "POST", "-d", "", f"{peer.url}/instances/{instance}/attachments/dicom/verify-md5")

    return orthanc_log(folder, spoil, MaximumStorageCacheSize=0)
