"""Orthanc as a PACS, hardened as a hospital should have it, and each of its faults as a real setting."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umlindi.demo.peers.dcmtk import Remote
from umlindi.demo.peers.programs import Setup

DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER = "umlindi"


@dataclass(frozen=True, slots=True)
class Orthanc:
    """What one archive is called, where it keeps its things and whom it knows."""

    program: str
    folder: Path
    ae: str
    port: int
    http: int
    password: str
    remotes: Sequence[Remote]

    def setup(self, faults: frozenset[str]) -> Setup:
        """With every store failing but not every read under `disk-full`: no file may grow beyond one byte."""
        config = self.folder / "orthanc.json"
        return Setup(
            argv=(self.program, config.name),
            folder=self.folder,
            port=self.port,
            files=((config, json.dumps(self._settings(faults), indent=1)),),
            running="listener-down" not in faults,
            frozen="silent-host" in faults,
            longest_file=1 if "disk-full" in faults else None,
        )

    def _settings(self, faults: frozenset[str]) -> dict[str, Any]:
        return {
            "Name": self.ae,
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "index"),
            "DicomAet": f"{self.ae}_OLD" if "wrong-called-ae" in faults else self.ae,
            "DicomPort": self.port,
            "HttpPort": self.http,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: self.password},
            "OverwriteInstances": True,
            "DefaultEncoding": "Utf8",
            "MaximumStorageCacheSize": 0,
            "DicomCheckCalledAet": True,
            "DicomCheckModalityHost": True,
            **{f"DicomAlwaysAllow{verb}": False for verb in ("Echo", "Find", "Get", "Move", "Store")},
            "DicomModalities": self._modalities(faults),
            "DicomThreadsCount": 4,
            "HttpThreadsCount": 4,
            "ConcurrentJobs": 2,
            "Plugins": [str(DICOMWEB_PLUGIN)] if DICOMWEB_PLUGIN.exists() else [],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }

    def _modalities(self, faults: frozenset[str]) -> dict[str, Any]:
        """Who may do what. The probe's own line is what two of the faults take away."""
        known = [remote for remote in self.remotes if remote.ae != "UMLINDI" or "calling-not-authorised" not in faults]
        return {
            remote.ae: {
                "AET": remote.ae,
                "Host": "127.0.0.1",
                "Port": remote.port,
                "AllowEcho": True,
                "AllowFind": "find-refused" not in faults,
                "AllowFindWorklist": False,
                "AllowGet": True,
                "AllowMove": True,
                "AllowStore": True,
            }
            for remote in known
        }
