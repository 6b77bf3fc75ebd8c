"""The Orthanc and DICOMweb probes against a real Orthanc: identity, features, hazards; and what is no Orthanc."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from umlindi.hosts import machine, web
from umlindi.hosts.http import Credential
from umlindi.hosts.orthanc import OrthancTarget, probe
from umlindi.hosts.orthanc.probe import version_of
from umlindi.hosts.orthanc.settings import NotSettings, load, without_comments
from umlindi.probes import Deadline, Grade, ProbeResult, State
from umlindi.testing import scripted
from umlindi.testing.peers import Peer, start_orthanc
from umlindi.testing.steps import codes, step_of

PATIENT = "NDLOVU^SIPHO"


@pytest.fixture(scope="module")
def open_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with start_orthanc(tmp_path_factory.mktemp("open"), ae="ARCHIVE", Name="Thusong", RemoteAccessAllowed=True) as peer:
        yield peer


@pytest.fixture(scope="module")
def locked_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Asks for a credential, and has the well-known account beside a better one."""
    users = {"orthanc": "orthanc", "umlindi": "better"}
    folder = tmp_path_factory.mktemp("locked")
    with start_orthanc(folder, AuthenticationEnabled=True, RegisteredUsers=users) as peer:
        yield peer


def store_study(peer: Peer) -> None:
    item = Dataset()
    item.SOPClassUID, item.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    item.StudyInstanceUID, item.SeriesInstanceUID = generate_uid(), generate_uid()
    item.PatientName, item.PatientID, item.Modality = PATIENT, "ZZ1", "OT"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = item.SOPClassUID, item.SOPInstanceUID
    item.file_meta = meta
    written = io.BytesIO()
    item.save_as(written, enforce_file_format=True)
    request = urllib.request.Request(f"{peer.url}/instances", written.getvalue(), method="POST")
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


async def probed(url: str, **given: object) -> ProbeResult:
    return await probe(OrthancTarget(url, samples=1, **given), Deadline(10))  # type: ignore[arg-type]


async def test_the_orthanc_that_is_meant_is_known_by_name_and_title(open_orthanc: Peer) -> None:
    result = await probed(open_orthanc.url, name="Thusong", called="ARCHIVE")
    assert result.grade is not Grade.FAILED
    assert step_of(result, "identity").evidence == {"checked": ["Name", "DicomAet"]}
    assert (result.facts["ae_title"], result.facts["dicom_port"]) == ("ARCHIVE", open_orthanc.port)
    assert "dicomweb" in step_of(result, "features").evidence["features"]


@pytest.mark.parametrize("expected", [{"called": "OTHER"}, {"name": "Other"}])
async def test_another_orthanc_on_the_expected_port_is_no_success(open_orthanc: Peer, expected: dict[str, str]) -> None:
    result = await probed(open_orthanc.url, **expected)
    assert (result.grade, step_of(result, "identity").code) == (Grade.FAILED, "wrong-identity")
    assert step_of(result, "statistics").meaning == "identity failed"


async def test_an_open_door_and_an_open_network_are_hazards(open_orthanc: Peer) -> None:
    result = await probed(open_orthanc.url)
    said = codes(result)
    assert (result.grade, said["hazard:authentication"]) == (Grade.DEGRADED, "no-authentication")
    assert said["hazard:listening"] in {"listening-everywhere", "skipped"}
    assert said["hazard:default-credentials"] == "skipped"


async def test_the_well_known_account_is_found_behind_a_closed_door(locked_orthanc: Peer) -> None:
    result = await probed(locked_orthanc.url, credential=Credential("umlindi", "better"))
    said = codes(result)
    assert (said["hazard:authentication"], said["hazard:default-credentials"]) == ("ok", "default-credentials")
    # Its RemoteAccessAllowed is false.
    assert said["hazard:listening"] in {"ok", "skipped"}
    assert "better" not in json.dumps(result.to_json())


async def test_a_wrong_credential_stops_at_http(locked_orthanc: Peer) -> None:
    result = await probed(locked_orthanc.url, credential=Credential("umlindi", "wrong"))
    assert step_of(result, "http").code == "HTTP 401"
    assert step_of(result, "hazard:recycle").state is State.SKIPPED


@pytest.mark.parametrize(
    ("text", "recycle", "overwrite"),
    [
        ("{}", "ok", "no-overwrite"),
        ('{"MaximumStorageSize": 1000 /* MB */, "OverwriteInstances": true}', "recycle", "ok"),
        ('{"MaximumPatientCount": 10, // few\n "MaximumStorageMode": "Reject"}', "ok", "no-overwrite"),
    ],
)
async def test_the_settings_file_answers_what_the_version_does_not_tell(
    open_orthanc: Peer, tmp_path: Path, text: str, recycle: str, overwrite: str
) -> None:
    (tmp_path / "orthanc.json").write_text(text)
    for file in (tmp_path / "orthanc.json", tmp_path):
        said = codes(await probed(open_orthanc.url, settings_file=file))
        assert (said["settings"], said["hazard:recycle"], said["hazard:overwrite"]) == ("ok", recycle, overwrite)


async def test_without_a_settings_file_the_unknown_is_skipped_and_never_safe(open_orthanc: Peer) -> None:
    result = await probed(open_orthanc.url)
    for name in ("hazard:recycle", "hazard:overwrite"):
        assert step_of(result, name).state is State.SKIPPED
        assert "does not tell" in step_of(result, name).meaning


async def test_newer_versions_tell_of_themselves(tmp_path: Path) -> None:
    """No Orthanc of that version is on this machine, so its /system is spoken by a scripted peer."""
    system = {
        "Version": "1.12.4",
        "DicomAet": "A",
        "OverwriteInstances": True,
        "MaximumStorageSize": 5,
        "MaximumStorageMode": "Recycle",
    }
    body = json.dumps(system)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    async with scripted.listening(scripted.saying((head + body).encode())) as port:
        said = codes(await probed(f"http://127.0.0.1:{port}"))
    assert (said["hazard:recycle"], said["hazard:overwrite"]) == ("recycle", "ok")


@pytest.mark.parametrize("body", ["[]", "{}", "hello", '{"Version": "1"}', "[" * 100_000])
async def test_what_is_no_orthanc_is_told(body: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    async with scripted.listening(scripted.saying(answer.encode())) as port:
        result = await probed(f"http://127.0.0.1:{port}")
    assert step_of(result, "identity").code == "NOT-ORTHANC"


async def test_dicomweb_is_queried_and_read_and_no_patient_is_kept(open_orthanc: Peer) -> None:
    target = web.WebTarget(f"{open_orthanc.url}/dicom-web", kind=web.WebKind.DICOMWEB, samples=1)
    empty = await web.probe(target, Deadline(5))
    store_study(open_orthanc)
    full = await web.probe(target, Deadline(5))
    assert step_of(empty, "http").meaning.startswith("404, as a DICOMweb root may")
    assert (empty.grade, codes(empty)["wado"]) == (Grade.OK, "skipped")
    assert (full.grade, codes(full)["wado"]) == (Grade.OK, "HTTP 200")
    assert step_of(full, "wado").evidence["elements"] > 5
    assert "NDLOVU" not in json.dumps(full.to_json())


async def test_an_orthancs_metrics_are_read_for_what_they_tell(open_orthanc: Peer) -> None:
    target = machine.MachineTarget(f"{open_orthanc.url}/tools/metrics-prometheus", samples=1)
    result = await machine.probe(target, Deadline(5))
    assert result.grade is Grade.OK
    assert result.facts["source"] == "Orthanc"
    assert "orthanc_count_studies" in result.facts
    assert step_of(result, "cpu").meaning == "Orthanc does not tell"


@pytest.mark.parametrize(
    ("status", "given", "grade", "code"),
    [
        ("200 OK", {}, Grade.OK, "HTTP 200"),
        ("302 Found", {}, Grade.OK, "HTTP 302"),
        ("404 Not Found", {}, Grade.FAILED, "HTTP 404"),
        ("404 Not Found", {"expect_status": 404}, Grade.OK, "HTTP 404"),
        ("200 OK", {"expect_status": 404}, Grade.FAILED, "HTTP 200"),
        ("503 Service Unavailable", {}, Grade.FAILED, "HTTP 503"),
    ],
)
async def test_a_status_is_judged_by_what_was_expected(
    status: str, given: dict[str, int], grade: Grade, code: str
) -> None:
    async with scripted.listening(scripted.saying(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())) as port:
        target = web.WebTarget(f"http://127.0.0.1:{port}/", samples=1, **given)  # type: ignore[arg-type]
        result = await web.probe(target, Deadline(5))
    assert (result.grade, step_of(result, "http").code) == (grade, code)


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("text/html", "<html>", "CONTENT-TYPE"),
        ("application/dicom+json", "<html>", "NOT-JSON"),
        ("application/dicom+json", '{"a": 1}', "NOT-DICOM-JSON"),
        ("application/dicom+json", "[1]", "NOT-DICOM-JSON"),
        ("application/dicom+json", "[" * 100_000, "NOT-JSON"),
        ("application/json", "[]", "ok"),
    ],
)
async def test_a_query_answered_with_something_else_is_a_fault(kind: str, body: str, code: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    async with scripted.listening(scripted.saying(answer.encode())) as port:
        target = web.WebTarget(f"http://127.0.0.1:{port}/dw", kind=web.WebKind.DICOMWEB, samples=1)
        result = await web.probe(target, Deadline(5))
    assert codes(result)["qido"] == code


@given(value=st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_comments_are_taken_out_and_strings_are_left_alone(value: object) -> None:
    text = json.dumps({"a": value}, indent=1)
    commented = '// head\n/* " */' + text.replace("\n", ' // "{\n') + "/* tail"[:0]
    assert json.loads(without_comments(commented)) == {"a": value}


def test_settings_that_cannot_be_read_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"RegisteredUsers": {"a": "geheim"')
    with pytest.raises(NotSettings, match=r"x\.json") as refusal:
        load(tmp_path)
    assert "geheim" not in str(refusal.value)


def test_versions_are_compared_as_numbers() -> None:
    assert version_of("1.9.7") < version_of("1.10.1") < version_of("1.12.0") < version_of("mainline")


@pytest.mark.parametrize("text", ["1.²", "1." + "9" * 5000, "mainline", ""])
def test_a_version_that_is_no_numbers_counts_as_the_newest(text: str) -> None:
    assert version_of(text) > version_of("1.12.9")
