"""The ladder against real peers: healthy ones, and each fault that a real peer can be made to have."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    CTImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

from umlindi.dicom import uids
from umlindi.dicom.aio import Endpoint, associate
from umlindi.dicom.canary import PATIENT_ID, Canary
from umlindi.dicom.probe import STEPS, DicomTarget, probe
from umlindi.dicom.probe.basics import capability_contexts
from umlindi.dicom.probe.query import looks_capped
from umlindi.probes import Deadline, Grade, Layer, ProbeResult, Severity, State, Step
from umlindi.testing.peers import (
    Peer,
    Remote,
    free_port,
    start_dcmqrscp,
    start_orthanc,
    start_storescp,
    start_wlmscpfs,
)
from umlindi.testing.pynetdicom_peer import Served, start_pynetdicom

EVERYTHING = frozenset({"echo", "find", "store", "move", "get"})


async def climbed(peer: Peer | Served, seconds: float = 20, **changes: Any) -> ProbeResult:
    settings = {"called": peer.ae, "calling": "UMLINDI", "move_host": "127.0.0.1", **changes}
    return await probe(DicomTarget(peer.host, peer.port, **settings), Deadline(seconds))


def told(result: ProbeResult, name: str) -> Step:
    step = result.step(name)
    assert step is not None
    return step


async def test_orthanc_climbs_to_the_top_and_is_left_as_it_was(tmp_path: Path) -> None:
    port = free_port()
    with start_orthanc(tmp_path, remotes=[Remote("UMLINDI", port)]) as peer:
        wado = f"{peer.url}/dicom-web"
        result = await climbed(peer, move_port=port, wado=wado, orthanc=peer.url, expect=EVERYTHING | {"wado"})
        again = await climbed(peer, move_port=port)
    assert result.grade is Grade.OK
    assert [step.step for step in result.steps] == list(STEPS)
    assert [step.step for step in result.steps if step.state is State.SKIPPED] == ["tls", "worklist"]
    for name in ("move", "get", "wado"):
        evidence = told(result, name).evidence
        assert evidence["instances"] == 3
        assert 0 < evidence["first_ms"] <= evidence["last_ms"]
        assert len(evidence["per_object_ms"]) == 3
    assert result.facts["implementation_version"] == "OFFIS_DCMTK_367"
    assert told(again, "find").evidence["matches"] == 0


async def test_probing_again_never_adds_a_study(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path) as peer:
        await climbed(peer)
        result = await climbed(peer)
    assert told(result, "find").evidence["matches"] == 1
    assert told(result, "remove").meaning.startswith("DICOM has no delete")


async def test_dcmqrscp_climbs_all_that_it_offers(tmp_path: Path) -> None:
    port = free_port()
    with start_dcmqrscp(tmp_path, remotes=[Remote("UMLINDI", port)]) as peer:
        result = await climbed(peer, move_port=port, expect=EVERYTHING)
    assert result.grade is Grade.OK


async def test_a_result_is_json_without_anything_patient_like(tmp_path: Path) -> None:
    with start_orthanc(tmp_path) as peer:
        result = await climbed(peer, wado=f"{peer.url}/dicom-web", orthanc=peer.url)
    text = json.dumps(result.to_json())
    assert PATIENT_ID not in text
    assert "CANARY^" not in text


async def test_what_a_storage_only_peer_does_not_offer_is_skipped_unless_it_is_needed(tmp_path: Path) -> None:
    with start_storescp(tmp_path) as peer:
        relaxed = await climbed(peer)
        strict = await climbed(peer, expect=frozenset({"echo", "find"}))
    assert relaxed.grade is Grade.OK
    assert told(relaxed, "find").state is State.SKIPPED
    assert "does not offer Study Root Query/Retrieve - FIND" in told(relaxed, "find").meaning
    assert strict.grade is Grade.FAILED
    failure = strict.first_failure()
    assert failure is not None
    assert (failure.step, failure.layer, failure.code) == ("find", Layer.ASSOCIATION, "PC 3")


async def test_read_only_stores_nothing(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path) as peer:
        result = await climbed(peer, canary=False)
        assert told(await climbed(peer, canary=False), "find").evidence["matches"] == 0
    assert {told(result, name).meaning for name in ("store", "move", "get", "wado", "remove")} == {
        "read-only, as asked"
    }


async def test_a_wrong_called_ae_title_is_named(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path) as peer:
        result = await climbed(peer, called="NOBODY")
    failure = told(result, "association")
    assert (failure.code, failure.meaning) == ("RJ 1/1/7", "rejected-permanent: called AE title not recognized")
    assert failure.evidence == {"result": 1, "source": 1, "reason": 7}
    assert told(result, "remove").meaning == "association failed"


async def test_a_calling_ae_title_that_orthanc_does_not_know_is_refused(tmp_path: Path) -> None:
    denied: Any = {f"DicomAlwaysAllow{what}": False for what in ("Echo", "Find", "Get", "Move", "Store")}
    with start_orthanc(tmp_path, remotes=[Remote("OTHER", 4242)], DicomCheckModalityHost=True, **denied) as peer:
        result = await climbed(peer)
    assert told(result, "association").code == "RJ 1/1/3"


async def test_dcmqrscp_refuses_a_calling_ae_title_as_if_the_called_one_were_wrong(tmp_path: Path) -> None:
    """Which is why both are competing causes of RJ 1/1/7."""
    with start_dcmqrscp(tmp_path, remotes=[Remote("OTHER", 4242)], open_to_all=False) as peer:
        result = await climbed(peer)
    assert told(result, "association").code == "RJ 1/1/7"


async def test_orthanc_aborts_what_a_modality_may_not_do_and_the_step_says_so(tmp_path: Path) -> None:
    denied: Any = {f"DicomAlwaysAllow{what}": False for what in ("Echo", "Find", "Get", "Move", "Store")}
    known = Remote("UMLINDI", 4242, options={"AllowFind": False})
    with start_orthanc(tmp_path, remotes=[known], **denied) as peer:
        result = await climbed(peer, expect=frozenset({"echo", "find"}))
    failure = result.first_failure()
    assert failure is not None
    assert (failure.step, failure.code) == ("find", "AB 0/0")


async def test_a_peer_that_aborts_while_objects_arrive_fails_store(tmp_path: Path) -> None:
    with start_storescp(tmp_path, "--abort-during") as peer:
        result = await climbed(peer, expect=frozenset({"echo", "store"}))
    assert told(result, "store").code == "AB 0/0"
    assert told(result, "get").meaning == "the canary was not stored"


async def test_a_wrong_called_ae_title_at_orthanc_is_named(tmp_path: Path) -> None:
    with start_orthanc(tmp_path, DicomCheckCalledAet=True) as peer:
        result = await climbed(peer, called="NOBODY")
    assert told(result, "association").code == "RJ 1/1/7"


async def test_an_unknown_move_destination_is_a801(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path) as peer:
        untried = await climbed(peer, move_ae="STRANGER")
        degraded = await climbed(peer, move_ae="STRANGER", move_port=free_port())
        failed = await climbed(peer, move_ae="STRANGER", expect=EVERYTHING)
    step = told(degraded, "move")
    assert (step.code, step.layer, step.severity) == ("A801", Layer.DIMSE, Severity.DEGRADED)
    assert "move destination unknown" in step.meaning
    assert (told(untried, "move").state, untried.grade) == (State.SKIPPED, Grade.OK)
    assert failed.grade is Grade.FAILED


async def test_a_destination_that_cannot_be_reached_fails_the_move(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path, remotes=[Remote("UMLINDI", free_port())]) as peer:
        result = await climbed(peer, expect=EVERYTHING)
    assert told(result, "move").state is State.FAILED
    assert told(result, "move").evidence["instances"] == 0
    assert told(result, "get").state is State.OK


async def test_a_worklist_provider_serves_its_items_and_an_empty_modality_is_told(tmp_path: Path) -> None:
    with start_wlmscpfs(
        tmp_path, "-dfr", items=[worklist_item("CT"), worklist_item("CT"), worklist_item("US")]
    ) as peer:
        result = await climbed(peer, expect=frozenset({"echo", "worklist"}))
        lacking = await climbed(peer, modalities=frozenset({"CT", "MR"}))
    assert result.grade is Grade.OK
    assert told(result, "worklist").evidence == {"items": 3, "by_modality": {"CT": 2, "US": 1}}
    step = told(lacking, "worklist")
    assert (step.code, step.severity, step.evidence["missing"]) == ("EMPTY", Severity.DEGRADED, ["MR"])


def worklist_item(modality: str) -> Dataset:
    item, step = Dataset(), Dataset()
    item.PatientName, item.PatientID = "DLAMINI^SIPHO", "UMLINDI-2"
    step.Modality, step.ScheduledStationAETitle = modality, f"{modality}1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = "20260810", "080000"
    item.ScheduledProcedureStepSequence = [step]
    return item


def scp(
    find: Callable[[Any], Iterator[tuple[int, Dataset | None]]] | None = None,
) -> AbstractContextManager[Served]:
    """A pynetdicom peer: Verification, CT storage and, with a handler, study root FIND."""
    if find is None:
        return start_pynetdicom([Verification, CTImageStorage])
    sop_classes = [Verification, CTImageStorage, StudyRootQueryRetrieveInformationModelFind]
    return start_pynetdicom(sop_classes, [(evt.EVT_C_FIND, find)])


def archive_of(days: int, limit: int, status: int = 0) -> Callable[[Any], Iterator[tuple[int, Dataset | None]]]:
    """A study a day from 1 January 2026; answers stop at `limit`, and end in `status` where they were cut."""

    def handle(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        first, last = span(str(event.identifier.StudyDate))
        all_days = [date(2026, 1, 1) + timedelta(days=n) for n in range(days)]
        wanted = [day for day in all_days if first <= day <= last]
        for day in wanted[:limit]:
            match = Dataset()
            match.QueryRetrieveLevel = "STUDY"
            match.StudyDate, match.StudyInstanceUID = f"{day:%Y%m%d}", f"1.2.{day:%Y%m%d}"
            yield 0xFF00, match
        if status and len(wanted) > limit:
            yield status, None

    return handle


def span(text: str) -> tuple[date, date]:
    first, _, last = text.partition("-")
    begin = date.fromisoformat(first) if first else date.min
    return begin, date.fromisoformat(last) if last else date.max


@pytest.mark.parametrize(
    ("days", "limit", "status", "cap"),
    [
        (250, 100, 0, {"cap": 100, "silent": True}),
        (250, 100, 0xB001, {"cap": 100, "silent": False}),
        (250, 77, 0xA700, {"cap": 77, "silent": False}),
        (100, 500, 0, None),
        (99, 500, 0, None),
    ],
)
async def test_a_cap_is_found_whether_the_peer_tells_or_not(
    days: int, limit: int, status: int, cap: dict[str, Any] | None
) -> None:
    with scp(archive_of(days, limit, status)) as peer:
        result = await climbed(peer, canary=False)
    step = told(result, "find")
    assert step.state is State.OK
    assert step.evidence["matches"] == min(days, limit)
    assert {name: step.evidence[name] for name in ("cap", "silent") if name in step.evidence} == (cap or {})
    assert result.facts.get("find_cap") == (cap["cap"] if cap else None)


async def test_orthancs_own_limit_is_found(tmp_path: Path) -> None:
    with start_orthanc(tmp_path, LimitFindResults=10) as peer:
        await fill(peer, 15)
        result = await climbed(peer, canary=False)
    assert result.facts["find_cap"] == 10


async def fill(peer: Peer, studies: int) -> None:
    """One instance of as many studies, each on a day of its own."""
    store = (uids.SECONDARY_CAPTURE, uids.UNCOMPRESSED)
    async with associate(Endpoint(peer.host, peer.port, peer.ae, "UMLINDI"), [store]) as association:
        for number in range(studies):
            dataset = Canary(f"STUDY{number}").datasets()[0]
            dataset.StudyDate = f"202601{number + 1:02}"
            await association.store(dataset)


async def test_a_round_number_of_studies_is_not_a_cap(tmp_path: Path) -> None:
    with start_orthanc(tmp_path) as peer:
        await fill(peer, 10)
        result = await climbed(peer, canary=False)
    assert told(result, "find").evidence == {"matches": 10, "cancelled": False}


async def test_a_peer_that_refuses_open_queries_but_answers_narrow_ones_is_well() -> None:
    def handle(event: Any) -> Iterator[tuple[int, Dataset | None]]:
        if not event.identifier.StudyInstanceUID:
            yield 0xA700, None

    with scp(handle) as peer:
        result = await climbed(peer, canary=False, expect=frozenset({"echo", "find"}))
    assert result.grade is Grade.OK
    assert told(result, "find").evidence == {"open_query": "refused"}


async def test_a_peer_that_refuses_every_query_keeps_its_status() -> None:
    def handle(_event: Any) -> Iterator[tuple[int, Dataset | None]]:
        yield 0xC001, None

    with scp(handle) as peer:
        result = await climbed(peer, canary=False, expect=frozenset({"echo", "find"}))
    assert told(result, "find").code == "C001"
    assert result.grade is Grade.FAILED


async def test_echo_is_green_while_find_is_refused_and_find_is_named() -> None:
    with scp() as peer:
        result = await climbed(peer, canary=False, expect=frozenset({"echo", "find"}))
    assert told(result, "echo").state is State.OK
    failure = result.first_failure()
    assert failure is not None
    assert (failure.step, failure.code) == ("find", "PC 3")


def test_limits_that_people_set_look_like_caps() -> None:
    assert [count for count in (0, 5, 10, 64, 77, 100, 128, 256, 500, 999, 1000, 1024) if looks_capped(count)] == [
        10,
        64,
        100,
        128,
        256,
        500,
        1000,
        1024,
    ]


async def test_many_probes_run_side_by_side(tmp_path: Path) -> None:
    """Twice as many as watch sends to one peer. Orthanc queues few connections: more would show its losses."""
    with start_orthanc(tmp_path) as peer:
        results = await asyncio.gather(*(climbed(peer, 60, canary=False) for _ in range(4)))
    assert {result.grade for result in results} == {Grade.OK}


async def test_a_peer_without_tcp_nodelay_shows_the_40_ms_signature(tmp_path: Path) -> None:
    with start_dcmqrscp(tmp_path, nodelay=False) as peer:
        slow = await climbed(peer)
    with start_dcmqrscp(tmp_path / "again") as peer:
        quick = await climbed(peer)
    assert min(told(slow, "store").evidence["per_object_ms"]) > 35
    assert min(told(quick, "store").evidence["per_object_ms"]) < 35


def test_the_capabilities_fit_one_association() -> None:
    contexts = capability_contexts()
    assert len(contexts) <= 128
    assert len({(abstract, tuple(syntaxes)) for abstract, syntaxes in contexts}) == len(contexts)
    assert all(uid in uids.NAMES for abstract, syntaxes in contexts for uid in (abstract, *syntaxes))
