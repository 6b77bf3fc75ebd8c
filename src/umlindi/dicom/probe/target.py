"""What a DICOM probe is pointed at."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

STEPS = (
    "resolve",
    "tcp",
    "tls",
    "association",
    "echo",
    "capabilities",
    "find",
    "worklist",
    "store",
    "move",
    "get",
    "wado",
    "remove",
)
EXPECTABLE = ("echo", "find", "worklist", "store", "move", "get", "wado")


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How to trust the peer, and who we are to it. Files are PEM; without `ca` the machine's own roots count."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    verify: bool = True

    def context(self) -> ssl.SSLContext:
        """Raises OSError (of which ssl.SSLError is one) where a file cannot be used."""
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class DicomTarget:
    """One application entity, and how far its partners need it to go.

    A step named in `expect` that fails, or is not offered, fails the probe; any other degrades it, or is skipped.
    `canary` False leaves out everything that stores or retrieves. `move_ae` (default: the calling AE) is the title
    under which the peer knows our listener at `move_host`:`move_port`; port 0 takes a free one, which only a peer
    that ignores its own table can reach. `wado` is a DICOMweb root URL, `orthanc` an Orthanc REST root URL: they
    retrieve and remove the canary. `modalities` are those that must have a worklist item.
    """

    host: str
    port: int
    called: str
    calling: str
    tls: TlsSettings | None = None
    expect: frozenset[str] = frozenset({"echo"})
    canary: bool = True
    move_ae: str | None = None
    move_host: str = "0.0.0.0"  # noqa: S104 - the peer has to reach it for C-MOVE
    move_port: int = 0
    wado: str | None = None
    orthanc: str | None = None
    modalities: frozenset[str] = frozenset()
    find_at_most: int = 2000
    tcp_samples: int = 3

    def __str__(self) -> str:
        return f"{self.called}@{self.host}:{self.port}"
