"""Starts real DICOM peers on loopback, each a context manager that waits for its ports and kills on exit.

Every child asks the kernel to be killed when the thread that started it ends (`setpriv --pdeathsig`), so start
peers from a thread that outlives them. DCMTK peers run with TCP_NODELAY=1: without it two of them wait 40 ms an
object for each other's delayed ACK.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

START_SECONDS = 20.0
ORTHANC_PLUGINS = (
    Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so"),
    Path("/usr/share/orthanc/plugins/libModalityWorklists.so"),
)
MODALITY_WORKLIST_FIND = "1.2.840.10008.5.1.4.31"


class NotStarted(RuntimeError):
    """A peer ended, or did not listen in time; carries the end of its log."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running peer. `url` is its HTTP root where it has one; `log` collects its standard output and error."""

    host: str
    port: int
    ae: str
    process: subprocess.Popen[bytes]
    log: Path
    folder: Path
    url: str = ""

    def said(self) -> str:
        """What it logged so far."""
        return self.log.read_text(errors="replace")


@dataclass(frozen=True, slots=True)
class Remote:
    """An application entity that a peer should know: where to send, and whom to let in."""

    ae: str
    port: int
    host: str = "127.0.0.1"
    options: Mapping[str, bool] = field(default_factory=dict)


def free_port() -> int:
    """A TCP port that was free on loopback a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def start_orthanc(
    folder: Path, *, ae: str = "ORTHANC", remotes: Sequence[Remote] = (), **config: Any
) -> Iterator[Peer]:
    """Orthanc with DICOMweb on SQLite. `config` overrides its settings by name (`DicomCheckCalledAet=True`).

    By default it takes any modality's C-ECHO, C-FIND, C-STORE, C-MOVE and C-GET, on a free DICOM and HTTP port.
    A worklist database is served where `Worklists` is configured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = _orthanc_settings(folder, ae, remotes) | config
    path = folder / "orthanc.json"
    path.write_text(json.dumps(settings, indent=1))
    port, http = int(settings["DicomPort"]), int(settings["HttpPort"])
    with _running([program("Orthanc"), "--verbose", str(path)], folder, "orthanc", (port, http)) as (process, log):
        yield Peer("127.0.0.1", port, str(settings["DicomAet"]), process, log, folder, f"http://127.0.0.1:{http}")


def _orthanc_settings(folder: Path, ae: str, remotes: Sequence[Remote]) -> dict[str, Any]:
    return {
        "Name": "test peer",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "DicomAet": ae,
        "DicomPort": free_port(),
        "HttpPort": free_port(),
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomAlwaysAllowStore": True,
        "DicomModalities": {remote.ae: _orthanc_modality(remote) for remote in remotes},
        "Plugins": [str(plugin) for plugin in ORTHANC_PLUGINS if plugin.exists()],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        "OverwriteInstances": False,
    }


def _orthanc_modality(remote: Remote) -> dict[str, Any]:
    return {"AET": remote.ae, "Host": remote.host, "Port": remote.port, **remote.options}


@contextmanager
def start_dcmqrscp(
    folder: Path,
    *options: str,
    ae: str = "ARCHIVE",
    remotes: Sequence[Remote] = (),
    open_to_all: bool = True,
    nodelay: bool = True,
) -> Iterator[Peer]:
    """DCMTK's small archive. `remotes` are its move destinations and, unless it is open to all, its only callers.

    Without `nodelay` it shows what sites see: objects that each wait 40 ms.
    """
    storage = folder / ae
    storage.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "dcmqrscp.cfg"
    config.write_text(_dcmqrscp_config(port, ae, storage, remotes, open_to_all))
    command = [program("dcmqrscp"), "--debug", "-c", str(config), *options]
    with _running(command, folder, "dcmqrscp", (port,), nodelay=nodelay) as (process, log):
        yield Peer("127.0.0.1", port, ae, process, log, folder)


def _dcmqrscp_config(port: int, ae: str, storage: Path, remotes: Sequence[Remote], open_to_all: bool) -> str:
    hosts = [f"host{n} = ({remote.ae}, {remote.host}, {remote.port})" for n, remote in enumerate(remotes)]
    peers = "ANY" if open_to_all else ", ".join(f"({remote.ae}, {remote.host}, {remote.port})" for remote in remotes)
    lines = [f"NetworkTCPPort = {port}", "MaxPDUSize = 16384", "MaxAssociations = 32"]
    lines += ["HostTable BEGIN", *hosts, "HostTable END", "VendorTable BEGIN", "VendorTable END"]
    lines += ["AETable BEGIN", f"{ae} {storage} RW (1000, 1024mb) {peers}", "AETable END", ""]
    return "\n".join(lines)


@contextmanager
def start_storescp(folder: Path, *options: str, ae: str = "STORESCP") -> Iterator[Peer]:
    """DCMTK's storage receiver (echo and store only). Options are its own (`+xi`, `--refuse`, `--tls ...`)."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [program("storescp"), "--debug", "-aet", ae, "-od", str(folder), *options, str(port)]
    with _running(command, folder, "storescp", (port,)) as (process, log):
        yield Peer("127.0.0.1", port, ae, process, log, folder)


@contextmanager
def start_wlmscpfs(folder: Path, *options: str, ae: str = "WORKLIST", items: Sequence[Dataset] = ()) -> Iterator[Peer]:
    """DCMTK's worklist provider over a folder of files; `write_worklist` adds items to `peer.folder / ae` later."""
    storage = folder / ae
    storage.mkdir(parents=True, exist_ok=True)
    (storage / "lockfile").touch()
    write_worklist(storage, items)
    port = free_port()
    command = [program("wlmscpfs"), "--debug", "-dfp", str(folder), *options, str(port)]
    with _running(command, folder, "wlmscpfs", (port,)) as (process, log):
        yield Peer("127.0.0.1", port, ae, process, log, folder)


def write_worklist(storage: Path, items: Sequence[Dataset]) -> None:
    """Write worklist items as the `.wl` files that wlmscpfs and Orthanc's worklist plugin serve."""
    for item in items:
        uid = generate_uid()
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = UID(MODALITY_WORKLIST_FIND)
        meta.MediaStorageSOPInstanceUID = uid
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = storage / f"{uid}.wl"
        file = FileDataset(str(path), item, file_meta=meta, preamble=b"\0" * 128)
        file.save_as(path, enforce_file_format=True)


def program(name: str) -> str:
    """Where a peer's program lies, the machine's own before PATH: pynetdicom brings an `echoscu` and a `storescp` too.

    Raises `NotStarted` where it is not installed.
    """
    found = shutil.which(name, path=f"/usr/bin:/usr/sbin:/usr/local/bin:{os.environ.get('PATH', '')}")
    if found is None:
        raise NotStarted(f"{name} is not installed")
    return found


@contextmanager
def _running(
    command: Sequence[str], folder: Path, name: str, ports: Sequence[int], *, nodelay: bool = True
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = folder / f"{name}.log"
    environment = os.environ | {"TCP_NODELAY": "1" if nodelay else "0"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
    try:
        _wait_until_listening(process, log, ports)
        yield process, log
    finally:
        _kill(process)


def _wait_until_listening(process: subprocess.Popen[bytes], log: Path, ports: Sequence[int]) -> None:
    """Looks at the process's sockets, so that the peer's log starts without a stray connection."""
    ends = time.monotonic() + START_SECONDS
    while not set(ports) <= _listening(process.pid):
        if process.poll() is not None or time.monotonic() > ends:
            raise NotStarted(f"{process.args!r} does not listen on {ports}:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)


def _listening(pid: int) -> set[int]:
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        sockets = psutil.Process(pid).net_connections(kind="tcp")
        return {each.laddr.port for each in sockets if each.status == psutil.CONN_LISTEN}
    return set()


def _kill(process: subprocess.Popen[bytes]) -> None:
    family = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    process.wait()
