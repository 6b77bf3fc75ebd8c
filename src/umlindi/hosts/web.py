"""Probing a web server, or a DICOMweb root by one small query and one retrieval of metadata (PS3.18)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from umlindi.hosts.http import Answer, Credential, Site, Url, reach_site, status_fault, status_meaning
from umlindi.probes import Deadline, Ladder, Layer, Permanent, ProbeResult
from umlindi.probes.transport import VERIFIED, Trust, skip_all

DICOM_JSON = "application/dicom+json"
# PS3.18 asks for resources below the root, not for the root.
_ROOT_STATUS = frozenset({404, 405})
_STUDY, _SERIES, _INSTANCE = "0020000D", "0020000E", "00080018"


class WebKind(StrEnum):
    """What is expected at the URL."""

    PLAIN = "plain"
    DICOMWEB = "dicomweb"


@dataclass(frozen=True, slots=True)
class WebTarget:
    """A URL. For DICOMweb it is the root under which `/studies` is served.

    `expect_status` is the only status that counts as well; without it any 2xx or 3xx does, and for a DICOMweb root
    also 404 and 405, since the root itself is no resource. `study` names the study to read metadata of; without it the
    one that the query found is read. `Credential` goes to the peer only as the Authorization header.
    """

    url: str
    expect_status: int | None = None
    kind: WebKind = WebKind.PLAIN
    credential: Credential | None = None
    trust: Trust = VERIFIED
    study: str | None = None
    samples: int = 3

    def __post_init__(self) -> None:
        Url.parse(self.url)


async def probe(target: WebTarget, deadline: Deadline) -> ProbeResult:
    """Steps: resolve, tcp, tls (https), http; for DICOMweb also qido and wado."""
    url = Url.parse(target.url)
    ladder = Ladder("web", str(url))
    site = await reach_site(
        ladder, url, deadline, trust=target.trust, credential=target.credential, samples=target.samples
    )
    upper = _upper(target)
    if site is None:
        skip_all(ladder, upper)
        return ladder.result()
    if not await _http(ladder, site, target, deadline):
        skip_all(ladder, upper[1:])
    elif target.kind is WebKind.DICOMWEB:
        await _dicomweb(ladder, site, target, deadline)
    return ladder.result()


def _upper(target: WebTarget) -> list[tuple[str, Layer]]:
    names = ("http", "qido", "wado") if target.kind is WebKind.DICOMWEB else ("http",)
    return [(name, Layer.APPLICATION) for name in names]


async def _http(ladder: Ladder, site: Site, target: WebTarget, deadline: Deadline) -> bool:
    with ladder.step("http", Layer.APPLICATION) as rung:
        answer = await site.get("", deadline)
        if not _welcome(target, answer.status):
            raise status_fault(answer.status)
        server = answer.headers.get("server", "")
        if server:
            ladder.facts["server"] = server
        facts = {"status": answer.status, "content_type": answer.content_type, "bytes": len(answer.body)}
        rung.says(f"HTTP {answer.status}", _meaning(target, answer.status), **facts)
        return True
    return False


def _meaning(target: WebTarget, status: int) -> str:
    if target.kind is WebKind.DICOMWEB and target.expect_status is None and status in _ROOT_STATUS:
        return f"{status}, as a DICOMweb root may: it is no resource itself"
    return status_meaning(status)


def _welcome(target: WebTarget, status: int) -> bool:
    if target.expect_status is not None:
        return status == target.expect_status
    return 200 <= status < 400 or (target.kind is WebKind.DICOMWEB and status in _ROOT_STATUS)


async def _dicomweb(ladder: Ladder, site: Site, target: WebTarget, deadline: Deadline) -> None:
    study = target.study
    with ladder.step("qido", Layer.APPLICATION) as rung:
        found = await _query(site, "/studies?limit=1&includefield=0020000D", deadline)
        rung.says("", "the query was answered", found=len(found))
        study = study or next((uid for item in found if (uid := _uid(item, _STUDY))), None)
    if ladder.broken:
        skip_all(ladder, [("wado", Layer.APPLICATION)])
    elif study is None:
        ladder.skip("wado", Layer.APPLICATION, "the archive holds no study to read")
    else:
        await _wado(ladder, site, study, deadline)


async def _wado(ladder: Ladder, site: Site, study: str, deadline: Deadline) -> None:
    """Read one instance's metadata; count its bytes and let it go."""
    with ladder.step("wado", Layer.APPLICATION) as rung:
        listed = await _query(site, f"/studies/{study}/instances?limit=1", deadline)
        series, instance = (_uid(listed[0], tag) for tag in (_SERIES, _INSTANCE)) if listed else (None, None)
        if not (series and instance):
            raise Permanent(Layer.DATA, "NO-INSTANCE", "the study is listed but none of its instances is")
        path = f"/studies/{study}/series/{series}/instances/{instance}/metadata"
        answer = await site.expect(path, deadline, DICOM_JSON)
        elements = _dataset_sizes(answer)
        rung.says("HTTP 200", "one instance's metadata was read", bytes=len(answer.body), elements=elements)


def _dataset_sizes(answer: Answer) -> int:
    listed = _json_list(answer)
    return len(listed[0]) if listed else 0


async def _query(site: Site, path: str, deadline: Deadline) -> list[dict[str, Any]]:
    """QIDO-RS: 200 with a list, or 204 (in older servers) for no match (PS3.18 §8.3.4)."""
    answer = await site.get(path, deadline, DICOM_JSON)
    if answer.status == 204:
        return []
    if answer.status != 200:
        raise status_fault(answer.status)
    return _json_list(answer)


def _json_list(answer: Answer) -> list[dict[str, Any]]:
    if answer.content_type not in {DICOM_JSON, "application/json"}:
        meaning = f"asked for {DICOM_JSON}, answered {answer.content_type or 'without a content type'}"
        raise Permanent(Layer.DATA, "CONTENT-TYPE", meaning, content_type=answer.content_type)
    try:
        listed = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise Permanent(Layer.DATA, "NOT-JSON", "the answer is labelled JSON but does not read as JSON") from error
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise Permanent(Layer.DATA, "NOT-DICOM-JSON", "the answer is JSON but not a list of datasets (PS3.18 F)")
    return listed


def _uid(dataset: dict[str, Any], tag: str) -> str | None:
    """The first value of a UID attribute of the DICOM JSON model, where it is a UID."""
    element = dataset.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, str) and first.replace(".", "").isdigit() else None
