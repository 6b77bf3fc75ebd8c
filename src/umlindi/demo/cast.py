"""Who plays what: the peers of the estate on one ground, real where the program is installed."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from umlindi.demo import faults
from umlindi.demo.ground import Ground
from umlindi.demo.peers import dcmtk, power
from umlindi.demo.peers.clock import Clock
from umlindi.demo.peers.database import Database
from umlindi.demo.peers.dcmtk import Dcmqrscp, Remote
from umlindi.demo.peers.entity import Entity
from umlindi.demo.peers.gateway import Gateway
from umlindi.demo.peers.machine import Machine
from umlindi.demo.peers.orthanc import USER, Orthanc
from umlindi.demo.peers.phones import Phones
from umlindi.demo.peers.programs import Program
from umlindi.demo.peers.ris import Ris
from umlindi.demo.peers.simulated import Relay
from umlindi.demo.stations import STATIONS

UMLINDI = "UMLINDI"
WHERE_PROGRAMS_LIE = f"{os.defpath}:/usr/sbin:/sbin:/usr/local/bin:/usr/local/sbin"
WORKLIST_AE = "RIS_WL"


class Peer(Protocol):
    """What the demo's process runs. `apply` raises where the peer cannot be brought into that state."""

    @property
    def system(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def real(self) -> bool: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def port(self) -> int | None: ...
    async def apply(self, faults: frozenset[str]) -> None: ...
    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Archive:
    """A place images are sent to. `back` is the port to which it returns what Umlindi retrieves."""

    system: str
    ae: str
    port_name: str
    back: str


MTHATHA = Archive(faults.MTHATHA_PACS, "MTHATHA", "mthatha-pacs", "mthatha-return-relay")
KOMANI = Archive(faults.KOMANI, "KOMANI", "komani-archive", "komani-return")
GQEBERHA = Archive(faults.GQEBERHA_PACS, "GQEBERHA", "gqeberha-pacs", "gqeberha-return")
SECRETS = {MTHATHA.system: "demo_mthatha_pacs", GQEBERHA.system: "demo_gqeberha_pacs"}
ARCHIVES = {archive.system: archive for archive in (MTHATHA, KOMANI, GQEBERHA)}


def stands_on(system: str) -> frozenset[str]:
    """Systems whose faults a system's peers must show: its own, and for the archive's host also the archive's."""
    return frozenset({system, faults.MTHATHA_PACS} if system == faults.MTHATHA_HOST else {system})


def program(name: str) -> str | None:
    """Where an installed program lies, or None."""
    return shutil.which(name, path=WHERE_PROGRAMS_LIE)


def password(ground: Ground, name: str) -> str:
    """The password of an archive's account, made once; beside it the credential as the probes read it."""
    path = ground.folder.parent / "secrets" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(0o600)
        path.write_text(f"{USER}:{secrets.token_urlsafe(24)}\n", "ascii")
    return path.read_text("ascii").strip().partition(":")[2]


def remotes(ground: Ground, archive: Archive) -> list[Remote]:
    """Umlindi and the modalities that send to an archive."""
    senders = [Remote(each.ae, ground.port(each.port_name)) for each in STATIONS if each.archive == archive.system]
    return [Remote(UMLINDI, ground.port(archive.back)), *senders]


def cast(ground: Ground) -> list[Peer]:
    """Every peer, in the order in which they are best started: what others stand on first."""
    return [*_hospital(ground), *_practice(ground), *_modalities(ground), Phones(ground.port("phones"), ground.folder)]


def _hospital(ground: Ground) -> Iterator[Peer]:
    yield Database(faults.RIS_DB, ground.place("ris-db"))
    yield Relay(
        MTHATHA.system,
        "link back from Mthatha PACS",
        ground.port("mthatha-return-relay"),
        ground.port("mthatha-return"),
    )
    yield _orthanc(ground, MTHATHA)
    yield Machine(faults.MTHATHA_HOST, ground.port("pacs-host"), ground.place("mthatha-pacs", "storage"))
    yield _komani(ground)
    yield _worklist(ground)
    yield Ris(faults.RIS, ground.port("ris"))
    yield Entity(faults.MPPS, "MPPS provider of our own", "RIS_MPPS", ground.port("mpps"))
    yield Clock(faults.CLOCK, ground.port("clock"))
    yield from _power(ground)


def _practice(ground: Ground) -> Iterator[Peer]:
    yield _orthanc(ground, GQEBERHA)
    folder = ground.place("gateway")
    yield Gateway(faults.GATEWAY, ground.port("gateway"), ground.port("gqeberha-pacs-http"), folder)


def _modalities(ground: Ground) -> Iterator[Peer]:
    for station in STATIONS:
        name = f"{station.modality} {station.model} (modality of our own)"
        yield Entity(station.system, name, station.ae, ground.port(station.port_name), [UMLINDI])


def _orthanc(ground: Ground, archive: Archive) -> Peer:
    found = program("Orthanc")
    if found is None:
        return _stand_in(ground, archive, "Orthanc")
    folder = ground.place(archive.port_name)
    orthanc = Orthanc(
        program=found,
        folder=folder,
        ae=archive.ae,
        port=ground.port(archive.port_name),
        http=ground.port(f"{archive.port_name}-http"),
        password=password(ground, SECRETS[archive.system]),
        remotes=remotes(ground, archive),
    )
    return Program(archive.system, "Orthanc", orthanc.setup, _log(ground, archive.port_name))


def _komani(ground: Ground) -> Peer:
    found = program("dcmqrscp")
    if found is None:
        return _stand_in(ground, KOMANI, "dcmqrscp")
    folder, port = ground.place("komani-archive"), ground.port("komani-archive")
    dcmqrscp = Dcmqrscp(found, folder, KOMANI.ae, port, remotes(ground, KOMANI))
    return Program(KOMANI.system, "dcmqrscp", dcmqrscp.setup, _log(ground, "komani-archive"))


def _worklist(ground: Ground) -> Peer:
    found, port = program("wlmscpfs"), ground.port("worklist")
    if found is None:
        return Entity(faults.WORKLIST, "stand-in for wlmscpfs", WORKLIST_AE, port)
    folder = worklist_folder(ground).parent
    setup = partial(dcmtk.worklist_setup, found, folder, port)
    return Program(faults.WORKLIST, "wlmscpfs", setup, _log(ground, "worklist"))


def _power(ground: Ground) -> Iterator[Peer]:
    folder, port = ground.place("ups"), ground.port("ups")
    if not power.can_be_real(folder):
        yield power.Upsd(faults.POWER, port)
        return
    yield power.Driver(faults.POWER, folder, port, _log(ground, "dummy-ups"))
    yield Program(faults.POWER, "upsd", partial(power.server_setup, folder, port), _log(ground, "upsd"))


def _stand_in(ground: Ground, archive: Archive, missing: str) -> Peer:
    """Answers C-ECHO in the archive's name and stores nothing."""
    return Entity(archive.system, f"stand-in for {missing}", archive.ae, ground.port(archive.port_name))


def worklist_folder(ground: Ground) -> Path:
    """Where wlmscpfs looks: it opens the folder that is called as its AE title, and wants a lock file there."""
    folder = ground.place("worklist", WORKLIST_AE)
    (folder / "lockfile").touch()
    return folder


def _log(ground: Ground, name: str) -> Path:
    return ground.place("logs") / f"{name}.log"
