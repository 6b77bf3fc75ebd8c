"""What the recording of samples is made of: the register of scenarios, invented images, peers that misbehave."""

from __future__ import annotations

import io
import logging
import multiprocessing
import os
import re
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid
from pynetdicom import AE, debug_logger

from umlindi.dicom import uids
from umlindi.testing.peers import free_port

LOGS = Path(__file__).parent / "logs"
SECONDS = 25
HOME = Path(tempfile.mkdtemp(prefix="umlindi-record-"))
_SCENARIOS: dict[str, tuple[str, str, Callable[[Path], str]]] = {}


def records(name: str, program: str, expects: str = "") -> Callable[[Callable[[Path], str]], Callable[[Path], str]]:
    """Register a function that makes a fault in a folder of its own and returns what the program printed."""

    def register(make: Callable[[Path], str]) -> Callable[[Path], str]:
        _SCENARIOS[name] = (program, expects, make)
        return make

    return register


def record(names: list[str]) -> None:
    """Run the named scenarios, or all, and write each one's sample."""
    for name, (program, expects, make) in _SCENARIOS.items():
        if names and name not in names:
            continue
        folder = HOME / name
        folder.mkdir(parents=True)
        header = f"# program: {program}, recorded\n# expects: {expects or 'nothing'}\n"
        text = shortened(without_places(make(folder), folder))
        (LOGS / f"{name}.log").write_text(header + text, encoding="utf-8")
        print(f"{name}: {len(text.splitlines())} lines", flush=True)


def without_places(text: str, folder: Path) -> str:
    """This machine's folders are nobody's business."""
    text = text.replace(str(folder), "/tmp/umlindi").replace(str(HOME), "/tmp/umlindi")
    return re.sub(r"/[\w./\-]+/(?:site-packages|lib/python3\.\d+|tests)/", "/usr/lib/python3/", text)


def shortened(text: str) -> str:
    """The long lists of proposed presentation contexts say nothing about a fault: keep the first few of each."""
    lines, kept, run = text.splitlines(), [], 0
    for line in lines:
        run = (
            run + 1
            if re.match(r"^(?:[DI]: |I\d{4}.*: )?\s+(?:Context ID|Abstract Syntax|Proposed|Accepted|=)", line)
            else 0
        )
        if run <= 12:
            kept.append(line.rstrip())
    return "\n".join(kept) + "\n"


# ---- helpers ----------------------------------------------------------------------------------------------------


def run(*command: str, **environment: str) -> str:
    """Everything a program prints, on either stream."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
        env=os.environ | {"TCP_NODELAY": "1"} | environment,
        check=False,
    )
    return done.stdout.decode(errors="replace")


def image(folder: Path, name: str = "image.dcm", syntax: str = ExplicitVRLittleEndian, **changes: Any) -> str:
    """A small CT slice of an invented patient."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "DLAMINI^THANDI", "8001015009087", "19800101"
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber, dataset.Modality = (
        "20261120",
        "0810",
        "RAD1001",
        "CT",
    )
    dataset.ReferringPhysicianName, dataset.StudyID, dataset.SeriesNumber = "MOLEFE^KAGISO", "1", "1"
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    path = folder / name
    FileDataset(str(path), dataset, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
    return str(path)


@contextmanager
def answering(data: bytes | None, hang_up: bool = False) -> Iterator[int]:
    """A TCP listener that reads, then answers with these bytes (None: nothing), and hangs up or holds on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        threading.Thread(target=_serve, args=(server, data, hang_up), daemon=True).start()
        yield server.getsockname()[1]


def _serve(server: socket.socket, data: bytes | None, hang_up: bool) -> None:
    with suppress(OSError):
        peer, _ = server.accept()
        peer.recv(65536)
        if data:
            peer.sendall(data)
        if hang_up:
            peer.close()
        else:
            time.sleep(SECONDS)


def receiver(contexts: tuple[Any, ...], limit: int, settings: dict[str, Any]) -> AE:
    ae = AE(ae_title="PYSCP")
    ae.maximum_associations = limit
    for name, value in settings.items():
        setattr(ae, name, value)
    for context in contexts or (uids.VERIFICATION, CTImageStorage, uids.STUDY_ROOT_FIND):
        ae.add_supported_context(context)
    return ae


@contextmanager
def listening_here(handlers: list[Any], *contexts: Any) -> Iterator[int]:
    """A pynetdicom receiver in this process, so that its own log can be recorded."""
    server = receiver(contexts, 10, {}).start_server(("127.0.0.1", free_port()), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@contextmanager
def pynetdicom_scp(handlers: list[Any], *contexts: Any, limit: int = 10, **settings: Any) -> Iterator[int]:
    """A pynetdicom receiver in a process of its own, so that a requestor's log holds only its own side."""
    port, ae = free_port(), receiver(contexts, limit, settings)
    child = multiprocessing.get_context("fork").Process(
        target=lambda: ae.start_server(("127.0.0.1", port), evt_handlers=handlers), daemon=True
    )
    child.start()
    try:
        _wait_for(port)
        yield port
    finally:
        child.kill()
        child.join()


def _wait_for(port: int) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.05)
    time.sleep(0.3)


@contextmanager
def pynetdicom_log() -> Iterator[io.StringIO]:
    """What pynetdicom logs at debug level, in its own format."""
    debug_logger()
    logger, said = logging.getLogger("pynetdicom"), io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(logging.Formatter("%(levelname).1s: %(message)s"))
    logger.handlers = [handler]
    try:
        yield said
    finally:
        logger.handlers = []


def echoscu(port: int, *options: str, called: str = "ARCHIVE", calling: str = "CT1") -> str:
    return run("echoscu", "-d", "-aet", calling, "-aec", called, *options, "127.0.0.1", str(port))


def moved(port: int, destination: str) -> str:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=", "-k", "PatientID=8001015009087")
    return run(
        "movescu", "-d", "-S", "-aet", "WS1", "-aec", "ARCHIVE", "-aem", destination, *keys, "127.0.0.1", str(port)
    )


def worklist(port: int, called: str = "WORKLIST") -> str:
    keys = ("-k", "ScheduledProcedureStepSequence[0].Modality=CT", "-k", "PatientName", "-k", "StudyInstanceUID")
    return run("findscu", "-d", "-W", "-aec", called, *keys, "127.0.0.1", str(port))


def scheduled(**changes: Any) -> Dataset:
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepStartDate = "CT", "CT1", "20261124"
    step.ScheduledProcedureStepStartTime, step.ScheduledPerformingPhysicianName = "0830", "MOLEFE^KAGISO"
    step.ScheduledProcedureStepID, step.ScheduledProcedureStepDescription = "SPS1", "CT chest"
    item = Dataset()
    item.AccessionNumber, item.PatientName, item.PatientID = "RAD1001", "DLAMINI^THANDI", "8001015009087"
    item.PatientBirthDate, item.PatientSex, item.StudyInstanceUID = "19800101", "F", generate_uid()
    item.RequestedProcedureID, item.RequestedProcedureDescription = "RP1", "CT chest"
    item.ScheduledProcedureStepSequence = [step]
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item
