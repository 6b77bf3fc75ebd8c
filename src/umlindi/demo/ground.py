"""Where the demo stands: its folder inside the home, and the ports its peers listen on."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FIRST_PORTS = range(11200, 12000, 50)
PASSABLE = 0o711
PORTS_FILE = "ports.json"

# Every port the estate needs, in the order they are dealt out. `udp` is what only the clock uses.
PORT_NAMES = (
    "mthatha-pacs",
    "mthatha-pacs-http",
    "komani-archive",
    "worklist",
    "gqeberha-pacs",
    "gqeberha-pacs-http",
    "gateway",
    "ris",
    "mpps",
    "clock",
    "pacs-host",
    "ups",
    "ct1",
    "mr1",
    "cr1",
    "us1",
    "ct2",
    "dx2",
    "us2",
    "mthatha-return",
    "mthatha-return-relay",
    "komani-return",
    "gqeberha-return",
    "phones",
)


class NoPorts(Exception):
    """No block of ports is free."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The demo's folder and its ports. `port("ris")` is what the RIS listens on."""

    folder: Path
    ports: Mapping[str, int]

    def port(self, name: str) -> int:
        return self.ports[name]

    def place(self, *parts: str) -> Path:
        """A folder of a peer, made where it is missing."""
        path = self.folder.joinpath(*parts)
        path.mkdir(parents=True, exist_ok=True)
        return path

    @property
    def wanted_file(self) -> Path:
        return wanted_file(self.folder)

    @property
    def state_file(self) -> Path:
        return state_file(self.folder)


def wanted_file(folder: Path) -> Path:
    """Which faults somebody asked for."""
    return folder / "faults.json"


def state_file(folder: Path) -> Path:
    """What the demo says of itself."""
    return folder / "state.json"


def survey(home: Path) -> Ground:
    """The ground inside a home, with the ports remembered from last time unless one has been taken since."""
    folder = home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        # Its second database runs as somebody else, who must be able to pass through.
        folder.chmod(PASSABLE)
    ports = _deal(remembered_ports(home))
    write_atomically(folder / PORTS_FILE, json.dumps(ports, indent=1))
    return Ground(folder, ports)


def remembered_ports(home: Path) -> dict[str, int]:
    """The ports of the last survey of a home; none where there was none."""
    path = home / "demo" / PORTS_FILE
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    return ports


def _deal(before: Mapping[str, int]) -> dict[str, int]:
    """A whole block at once: a port to which archives return images is free most of the time, and yet ours."""
    blocks = [[before[name] for name in PORT_NAMES]] if before.keys() >= set(PORT_NAMES) else []
    blocks += [list(range(first, first + len(PORT_NAMES))) for first in FIRST_PORTS]
    block = next((ports for ports in blocks if all(map(is_free, ports))), None)
    if block is None:
        raise NoPorts(f"every block of ports from {FIRST_PORTS[0]} to {FIRST_PORTS[-1]} has one that is taken")
    return dict(zip(PORT_NAMES, block, strict=True))


def is_free(port: int) -> bool:
    """True where both a TCP and a UDP socket may have the port on every address of this machine."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as trial:
            if kind is socket.SOCK_STREAM:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("0.0.0.0", port))  # noqa: S104 - bound for a moment, never listened on
            except OSError:
                return False
    return True


def write_atomically(path: Path, text: str) -> None:
    """A reader sees the old text or the new one, never half of either."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.write_text(text, "utf-8")
    draft.replace(path)
