"""DCMTK's dcmqrscp as an archive and wlmscpfs as a worklist provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from umlindi.demo.peers.programs import Setup

QUOTA = "(150, 1024mb)"
# What dcmqrscp accepts under `transfer-syntax-refused` (DCMTK asconfig.txt): images compressed by JPEG 2000 only.
ONLY_JPEG_2000 = """\
[[TransferSyntaxes]]
[Uncompressed]
TransferSyntax1 = LocalEndianExplicit
TransferSyntax2 = LittleEndianImplicit
[Compressed]
TransferSyntax1 = JPEG2000LosslessOnly
[[PresentationContexts]]
[Archive]
PresentationContext1 = VerificationSOPClass\\Uncompressed
PresentationContext2 = FINDStudyRootQueryRetrieveInformationModel\\Uncompressed
PresentationContext3 = MOVEStudyRootQueryRetrieveInformationModel\\Uncompressed
PresentationContext4 = SecondaryCaptureImageStorage\\Compressed
PresentationContext5 = ComputedRadiographyImageStorage\\Compressed
[[Profiles]]
[Archive]
PresentationContexts = Archive
"""


@dataclass(frozen=True, slots=True)
class Remote:
    """An application entity that an archive knows: it may call, and images may be moved to it."""

    ae: str
    port: int


@dataclass(frozen=True, slots=True)
class Dcmqrscp:
    """What the archive is called, where it keeps its things and whom it knows."""

    program: str
    folder: Path
    ae: str
    port: int
    remotes: Sequence[Remote]

    def setup(self, faults: frozenset[str]) -> Setup:
        """It drops its oldest study beyond its quota by itself."""
        config, profile = self.folder / "dcmqrscp.cfg", self.folder / "compressed.cfg"
        compressed = ("-xf", profile.name, "Archive", "Archive") if "transfer-syntax-refused" in faults else ()
        return Setup(
            argv=(self.program, "--log-level", "info", *compressed, "-c", config.name),
            folder=self.folder,
            port=self.port,
            files=((config, self._config(faults)), (profile, ONLY_JPEG_2000)),
            running="listener-down" not in faults,
            frozen="silent-host" in faults,
        )

    def _config(self, faults: frozenset[str]) -> str:
        """Host names, because dcmqrscp compares them with what the caller's address resolves to."""
        known = [remote for remote in self.remotes if remote.ae != "UMLINDI" or "calling-not-authorised" not in faults]
        title = f"{self.ae}_OLD" if "wrong-called-ae" in faults else self.ae
        (self.folder / "images").mkdir(parents=True, exist_ok=True)
        peers = ", ".join(f"({remote.ae}, localhost, {remote.port})" for remote in known)
        hosts = [f"{remote.ae.lower()} = ({remote.ae}, localhost, {remote.port})" for remote in known]
        lines = [f"NetworkTCPPort = {self.port}", "MaxPDUSize = 65536", "MaxAssociations = 32"]
        lines += ["HostTable BEGIN", *hosts, "HostTable END", "VendorTable BEGIN", "VendorTable END"]
        lines += ["AETable BEGIN", f"{title} images RW {QUOTA} {peers}", "AETable END", ""]
        return "\n".join(lines)


def worklist_setup(program: str, folder: Path, port: int, faults: frozenset[str]) -> Setup:
    """wlmscpfs over a folder of files; the called AE title chooses the subfolder, so a wrong one is refused."""
    return Setup(
        argv=(program, "--log-level", "warn", "--keep-char-set", "-dfp", ".", str(port)),
        folder=folder,
        port=port,
        running=not faults & {"listener-down", "worklist-down"},
        frozen="silent-host" in faults,
    )
