"""The ladder of an Orthanc."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umlindi.hosts.http import Answer, Credential, Site, Url, reach_site
from umlindi.hosts.orthanc import hazards, settings
from umlindi.probes import Deadline, Ladder, Layer, Permanent, ProbeResult
from umlindi.probes.transport import VERIFIED, Trust, skip_all

_UPPER = [(name, Layer.APPLICATION) for name in ("identity", "features", "statistics")] + hazards.RUNGS
_COUNTS = ("CountPatients", "CountStudies", "CountSeries", "CountInstances")
# Plugin identifiers as GET /plugins lists them, and the versions from which Orthanc itself has a feature.
_BY_PLUGIN = {"dicomweb": "dicom-web", "worklist": "worklists", "postgresql": "postgresql-index"}
_SINCE = {"c-get": (1, 7, 0), "tells-overwrite": (1, 11, 0), "labels": (1, 12, 0)}


@dataclass(frozen=True, slots=True)
class OrthancTarget:
    """The root of Orthanc's REST API. `name` and `called` (its AE title), where given, must be what /system tells.

    `settings_file` is Orthanc's configuration, a file or folder readable on this machine: it answers what /system does
    not tell.
    """

    url: str
    credential: Credential | None = None
    name: str | None = None
    called: str | None = None
    settings_file: str | Path | None = None
    trust: Trust = VERIFIED
    samples: int = 3

    def __post_init__(self) -> None:
        Url.parse(self.url)

    @property
    def expected(self) -> dict[str, str]:
        """Fields of /system by what they must be."""
        return {field: value for field, value in (("Name", self.name), ("DicomAet", self.called)) if value is not None}


async def probe(target: OrthancTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, tcp, tls (https), http, identity, features, statistics, hazard:<name>."""
    url = Url.parse(target.url)
    ladder = Ladder("orthanc", str(url))
    site = await reach_site(
        ladder, url, deadline, trust=target.trust, credential=target.credential, samples=target.samples
    )
    answer = await _http(ladder, site, deadline) if site else None
    if site is None or answer is None:
        skip_all(ladder, [*([] if site else [("http", Layer.APPLICATION)]), *_UPPER])
        return ladder.result()
    system = _identity(ladder, answer, target.expected)
    if system is None:
        skip_all(ladder, _UPPER[1:])
        return ladder.result()
    await _features(ladder, site, system, deadline)
    await _statistics(ladder, site, deadline)
    await _hazards(ladder, site, system, target.settings_file, deadline)
    return ladder.result()


async def _http(ladder: Ladder, site: Site, deadline: Deadline) -> Answer | None:
    with ladder.step("http", Layer.APPLICATION) as rung:
        answer = await site.expect("/system", deadline, "application/json")
        rung.says("HTTP 200", "the REST API answers", content_type=answer.content_type)
        return answer
    return None


def _identity(ladder: Ladder, answer: Answer, expected: dict[str, str]) -> dict[str, Any] | None:
    """What /system tells, if it is the Orthanc that is meant: another one may answer on the same port."""
    with ladder.step("identity", Layer.APPLICATION) as rung:
        system = _object(answer)
        if "DicomAet" not in system or "Version" not in system:
            raise Permanent(Layer.APPLICATION, "NOT-ORTHANC", "what answers here is not Orthanc")
        named = {"version": "Version", "name": "Name", "ae_title": "DicomAet", "dicom_port": "DicomPort"}
        ladder.facts.update({fact: system[field] for fact, field in named.items() if field in system})
        _check(system, expected)
        rung.says("", f"Orthanc {system['Version']}, AE title {system['DicomAet']}", checked=list(expected))
        return system
    return None


def _check(system: dict[str, Any], expected: dict[str, str]) -> None:
    found = {name: str(system.get(name, "")) for name in expected}
    wrong = [f"{name} is {found[name]!r}, not {value!r}" for name, value in expected.items() if found[name] != value]
    if wrong:
        meaning = f"another Orthanc answers here: {', '.join(wrong)}"
        raise Permanent(Layer.APPLICATION, "wrong-identity", meaning, expected=expected, found=found)


async def _features(ladder: Ladder, site: Site, system: dict[str, Any], deadline: Deadline) -> None:
    """Evidence: `plugins`, `features` (those found) and `absent`, by version and by plugin; `database`."""
    with ladder.step("features", Layer.APPLICATION) as rung:
        plugins = _strings(await site.expect("/plugins", deadline))
        version = version_of(str(system["Version"]))
        have = {name: plugin in plugins for name, plugin in _BY_PLUGIN.items()}
        have |= {name: version >= since for name, since in _SINCE.items()}
        features = [name for name, there in have.items() if there]
        absent = [name for name, there in have.items() if not there]
        database = system.get("DatabaseBackendPlugin") or "SQLite"
        rung.says("", ", ".join(features), plugins=plugins, features=features, absent=absent, database=database)


async def _statistics(ladder: Ladder, site: Site, deadline: Deadline) -> None:
    """Evidence: `patients`, `studies`, `series`, `instances`, `disk_bytes`."""
    with ladder.step("statistics", Layer.APPLICATION) as rung:
        told = _object(await site.expect("/statistics", deadline))
        counts = {name.removeprefix("Count").lower(): told.get(name) for name in _COUNTS}
        disk = str(told.get("TotalDiskSize", ""))
        evidence = {**counts, "disk_bytes": int(disk) if _is_number(disk) else None}
        rung.says("", f"{counts['studies']} studies, {counts['instances']} instances", **evidence)


async def _hazards(
    ladder: Ladder, site: Site, system: dict[str, Any], file: str | Path | None, deadline: Deadline
) -> None:
    known: dict[str, Any] | None = None
    if file is not None:
        with ladder.step("settings", Layer.DATA) as rung:
            known = _settings(Path(file))
            rung.says("", f"{len(known)} settings read")
    await hazards.look(ladder, hazards.Subject(site, system, known), deadline)


def _settings(file: Path) -> dict[str, Any]:
    try:
        return settings.load(file)
    except settings.NotSettings as error:
        raise Permanent(Layer.DATA, "NOT-SETTINGS", str(error)) from error


def version_of(text: str) -> tuple[int, ...]:
    """`1.10.1` as numbers. A build of the main line (`mainline`) is newer than every release."""
    parts = text.split(".")
    return tuple(map(int, parts)) if all(map(_is_number, parts)) else (999,)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _object(answer: Answer) -> dict[str, Any]:
    told = _json(answer)
    if not isinstance(told, dict):
        raise Permanent(Layer.APPLICATION, "NOT-ORTHANC", "the answer is not the JSON object that Orthanc gives")
    return told


def _strings(answer: Answer) -> list[str]:
    told = _json(answer)
    return [item for item in told if isinstance(item, str)] if isinstance(told, list) else []


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Permanent(Layer.APPLICATION, "NOT-ORTHANC", "the answer is not JSON, as Orthanc's is") from error
