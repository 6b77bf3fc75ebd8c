"""What a DICOM probe is pointed at."""

from __future__ import annotations

from dataclasses import dataclass, field

from umlindi.probes.transport import Trust, place

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
TRANSPORT = frozenset({"resolve", "tcp", "tls"})
EXPECTABLE = ("echo", "find", "worklist", "store", "move", "get", "wado")
_NEEDS_CANARY = frozenset({"store", "move", "get", "wado"})


@dataclass(frozen=True, slots=True)
class DicomTarget:
    """One application entity, and how far its partners need it to go. Raises ValueError where that contradicts itself.

    A step named in `expect` that fails, or is not offered, fails the probe; any other degrades it, or is skipped.
    `canary` False leaves out everything that stores or retrieves. `only` names the steps above TLS that are tried; the
    ladder has no others. `tls` None is plain DICOM. `move_ae` (default: the
    calling AE) is the title under which the peer knows our listener at `move_host`:`move_port`; port 0 takes a free
    one. `wado` is a DICOMweb root URL, `orthanc` an Orthanc REST root URL: they retrieve and remove the canary, with
    `authorization` as the Authorization header. `modalities` are those that must have a worklist item.
    """

    host: str
    port: int
    called: str
    calling: str
    tls: Trust | None = None
    expect: frozenset[str] = frozenset({"echo"})
    canary: bool = True
    only: frozenset[str] | None = None
    move_ae: str | None = None
    move_host: str = "0.0.0.0"  # noqa: S104 - the peer has to reach it for C-MOVE
    move_port: int = 0
    wado: str | None = None
    orthanc: str | None = None
    authorization: str | None = field(default=None, repr=False)
    modalities: frozenset[str] = frozenset()
    find_at_most: int = 2000
    tcp_samples: int = 3

    def __post_init__(self) -> None:
        if unknown := sorted(self.expect - set(EXPECTABLE)):
            raise ValueError(f"{', '.join(unknown)} cannot be expected, only {', '.join(EXPECTABLE)}")
        if not self.canary and (unmet := sorted(self.expect & _NEEDS_CANARY)):
            raise ValueError(f"{', '.join(unmet)} cannot be expected of a read-only probe")
        if self.only is not None and (left_out := sorted(self.expect - self.only)):
            raise ValueError(f"{', '.join(left_out)} cannot be expected of a probe that leaves it out")
        if "wado" in self.expect and self.wado is None:
            raise ValueError("wado cannot be expected without a DICOMweb root URL")
        if any(url and not url.startswith(("http://", "https://")) for url in (self.wado, self.orthanc)):
            raise ValueError("a DICOMweb or Orthanc root is an http or https URL")

    def tries(self, step: str) -> bool:
        """Whether its ladder has that step."""
        return self.only is None or step in TRANSPORT or step in self.only

    def __str__(self) -> str:
        return f"{self.called}@{place(self.host, self.port)}"
