"""The canary's rungs over HTTP: WADO-RS (PS3.18 10.4) and removal by Orthanc's REST API or a DICOMweb DELETE.

URLs may carry a user and a password, so none is ever part of a meaning or of evidence.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.message import Message as MimeHeader
from typing import Any

import httpx

from umlindi.dicom.canary import PATIENT_ID, Canary
from umlindi.dicom.dimse.datasets import decode_file
from umlindi.dicom.probe.climb import Climb, NotTried
from umlindi.dicom.probe.retrieval import Arrivals
from umlindi.probes.faults import Fault, Layer, Permanent, Retriable
from umlindi.probes.ladder import Rung
from umlindi.probes.transport import VERIFIED

_MULTIPART_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
# The canary is under 800 kB; whatever answers with more is not answering our question.
_LARGEST_ANSWER = 1 << 24
_NO_DELETE = frozenset({403, 404, 405, 501})


async def wado(climb: Climb, rung: Rung) -> None:
    """Retrieve the canary by WADO-RS and verify it; objects are timed as the last byte of each comes in."""
    if climb.target.wado is None:
        raise NotTried("no DICOMweb root URL was given")
    arrivals = Arrivals(Canary(climb.target.calling))
    async with _client(climb) as client:
        arrivals.began = time.perf_counter()
        async for part in _parts(client, _study_url(climb, climb.target.wado)):
            arrivals.arrived(len(part))
            arrivals.take(decode_file(part))
    arrivals.judge(rung, "HTTP 200")


async def remove(climb: Climb, rung: Rung) -> None:
    """Remove the canary study and nothing else: the study found must bear the canary's UID and patient."""
    target = climb.target
    if target.orthanc is None and target.wado is None:
        raise NotTried("DICOM has no delete; one canary study stays, always the same one")
    async with _client(climb) as client:
        if target.orthanc is not None:
            await _remove_from_orthanc(client, target.orthanc.rstrip("/"), Canary(climb.target.calling).study_uid)
        elif target.wado is not None:
            await _remove_by_dicomweb(client, _study_url(climb, target.wado))
    rung.says("HTTP 200", "the canary study was removed")


def _study_url(climb: Climb, root: str) -> str:
    return f"{root.rstrip('/')}/studies/{Canary(climb.target.calling).study_uid}"


@asynccontextmanager
async def _client(climb: Climb) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose faults are ours. The step's deadline bounds it, so it has no time-out of its own."""
    settings: dict[str, Any] = {"verify": (climb.target.tls or VERIFIED).context(), "timeout": None, "trust_env": False}
    if climb.target.authorization:
        settings["headers"] = {"Authorization": climb.target.authorization}
    try:
        async with httpx.AsyncClient(**settings) as client:
            yield client
    except httpx.InvalidURL as error:
        raise Permanent(Layer.APPLICATION, "INVALID-URL", "that is not a URL") from error
    except httpx.HTTPError as error:
        said = f"the web server could not be reached or broke off: {type(error).__name__}"
        raise Retriable(Layer.APPLICATION, "HTTP", said) from error


async def _parts(client: httpx.AsyncClient, url: str) -> AsyncIterator[bytes]:
    """The bodies of a multipart answer, each as soon as it is whole."""
    async with client.stream("GET", url, headers={"Accept": _MULTIPART_DICOM}) as answer:
        _expect_success(answer)
        splitter = Multipart(_boundary(answer.headers.get("content-type", "")))
        async for chunk in answer.aiter_bytes():
            for part in splitter.feed(chunk):
                yield part


def _boundary(content_type: str) -> bytes:
    header = MimeHeader()
    header["content-type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_maintype() != "multipart" or not boundary:
        said = f"the answer is {header.get_content_type()}, multipart/related is due"
        raise Permanent(Layer.APPLICATION, "CONTENT-TYPE", said)
    return boundary.encode("latin-1")


class Multipart:
    """Cuts a MIME multipart body (RFC 2046 5.1) into the bodies of its parts, within a bound."""

    def __init__(self, boundary: bytes, limit: int = _LARGEST_ANSWER) -> None:
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")
        self._limit = limit
        self._inside = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The parts that this chunk completes. Raises `Permanent` where the whole grows beyond the bound."""
        searched = max(0, len(self._buffer) - len(self._delimiter))
        self._buffer += chunk
        self._limit -= len(chunk)
        if self._limit < 0:
            raise Permanent(Layer.APPLICATION, "TOO-LARGE", "the answer is far larger than the canary study")
        while (end := self._buffer.find(self._delimiter, searched)) >= 0:
            part, searched = bytes(self._buffer[:end]), 0
            del self._buffer[: end + len(self._delimiter)]
            if self._inside:
                yield part.partition(b"\r\n\r\n")[2]
            self._inside = True


async def _remove_from_orthanc(client: httpx.AsyncClient, root: str, study_uid: str) -> None:
    found = await _json(client, "POST", f"{root}/tools/lookup", study_uid)
    listed = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    studies = [str(each.get("ID", "")) for each in listed if each.get("Type") == "Study"]
    if not studies:
        raise Permanent(Layer.APPLICATION, "NOT-FOUND", "that Orthanc does not hold the canary study")
    for study in studies:
        await _check_is_canary(client, f"{root}/studies/{study}", study_uid)
        _expect_success(await client.delete(f"{root}/studies/{study}"))


async def _check_is_canary(client: httpx.AsyncClient, url: str, study_uid: str) -> None:
    study = await _json(client, "GET", url)
    uid, patient = _tag(study, "MainDicomTags", "StudyInstanceUID"), _tag(study, "PatientMainDicomTags", "PatientID")
    if uid != study_uid or patient != PATIENT_ID:
        raise Permanent(Layer.APPLICATION, "NOT-CANARY", "the study found is not the canary; it was left alone")


async def _remove_by_dicomweb(client: httpx.AsyncClient, url: str) -> None:
    answer = await client.delete(url)
    if answer.status_code in _NO_DELETE:
        raise NotTried(f"the peer does not permit DELETE (HTTP {answer.status_code}); one canary study stays")
    _expect_success(answer)


def _tag(study: Any, group: str, name: str) -> Any:
    tags = study.get(group) if isinstance(study, dict) else None
    return tags.get(name) if isinstance(tags, dict) else None


async def _json(client: httpx.AsyncClient, method: str, url: str, content: str | None = None) -> Any:
    """An answer within the bound, read as JSON."""
    body = bytearray()
    async with client.stream(method, url, content=content) as answer:
        _expect_success(answer)
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > _LARGEST_ANSWER:
                raise Permanent(Layer.APPLICATION, "TOO-LARGE", "the answer is far larger than one about a study")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Permanent(Layer.APPLICATION, "GARBAGE", "the answer is not JSON") from error


def _expect_success(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise _status_fault(answer.status_code)


def _status_fault(status: int) -> Fault:
    kind = Retriable if status >= 500 or status in (408, 429) else Permanent
    phrase = httpx.codes.get_reason_phrase(status).lower()
    return kind(Layer.APPLICATION, f"HTTP {status}", phrase or "no status of RFC 9110", status=status)
