"""The query rungs: study-level C-FIND with the detection of a cap, and the modality worklist."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from umlindi.dicom import uids
from umlindi.dicom.aio import Association, Found
from umlindi.dicom.canary import Canary
from umlindi.dicom.dimse import status as statuses
from umlindi.dicom.dimse.status import Service
from umlindi.dicom.probe.climb import Climb
from umlindi.probes.faults import Fault, Layer, Permanent
from umlindi.probes.ladder import Rung

_FIND = (uids.STUDY_ROOT_FIND, uids.UNCOMPRESSED)
_WORKLIST = (uids.MODALITY_WORKLIST_FIND, uids.UNCOMPRESSED)
# A code string (PS3.5 6.2) without the spaces that no Defined Term of Modality has (PS3.3 C.7.3.1.1.1).
_MODALITY = re.compile(r"[A-Z0-9_]{1,16}")
_HALF_DAYS = ("-115959.999999", "120000-")


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit to the number of matches. `silent`: the peer's status was success all the same."""

    matches: int
    silent: bool


def study_keys(study_date: str = "", study_time: str | None = None, study_uid: str = "") -> Dataset:
    """A study-level identifier that asks for nothing about the patient."""
    keys = Dataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyDate = study_date
    if study_time is not None:
        keys.StudyTime = study_time
    keys.StudyInstanceUID = study_uid
    return keys


async def find(climb: Climb, rung: Rung) -> None:
    """C-FIND of every study, cancelled once enough have come; then, where the number looks like a cap, prove it."""
    async with climb.associate([_FIND]) as association:
        began = time.perf_counter()
        found = await _open_query(climb, association)
        rung.ms = (time.perf_counter() - began) * 1000
        if found is None:
            rung.says("0000", "answers narrow queries; refuses open ones", open_query="refused")
            return
        cap = None if found.cut else await _cap(association, found)
        _say_found(climb, rung, found, cap)


async def _open_query(climb: Climb, association: Association) -> Found | None:
    """None where an open query is refused, but one for the canary study, which need not exist, is answered."""
    try:
        return await association.find(uids.STUDY_ROOT_FIND, study_keys(), climb.target.find_at_most)
    except Fault as refusal:
        if refusal.layer is not Layer.DIMSE or refusal.code == "GARBAGE":
            raise
        narrow = study_keys(study_uid=Canary(climb.target.calling).study_uid)
        try:
            await association.find(uids.STUDY_ROOT_FIND, narrow, 1)
        except Fault:
            raise refusal from None
        return None


def _say_found(climb: Climb, rung: Rung, found: Found, cap: Cap | None) -> None:
    count = len(found.matches)
    evidence: dict[str, object] = {"matches": count, "cancelled": found.cut}
    if found.status is None:
        rung.complains("NO-CANCEL", f"goes on after C-CANCEL; hung up after {count} matches", **evidence)
        return
    said = f"matches: {count}" + (", then cancelled" if found.cut else "")
    if cap:
        climb.ladder.facts["find_cap"] = cap.matches
        evidence |= {"cap": cap.matches, "silent": cap.silent}
        said = f"answers stop at {cap.matches} matches" + (", without a word" if cap.silent else "")
    rung.says(statuses.code(found.status), said, **evidence)


async def _cap(association: Association, found: Found) -> Cap | None:
    """Whether the peer holds back matches: it says so, or two halves of the time hold more than the whole."""
    count = len(found.matches)
    if count and (found.status == 0xB001 or statuses.is_failure(found.status or 0)):
        return Cap(count, silent=False)
    if not looks_capped(count):
        return None
    halves = _date_halves([str(match.get("StudyDate", "")) for match in found.matches])
    counts = await _counts(association, halves, count)
    if sum(counts) <= count and count in counts:
        counts = await _counts(association, [study_keys(study_time=span) for span in _HALF_DAYS], count)
    return Cap(count, silent=True) if sum(counts) > count else None


def looks_capped(count: int) -> bool:
    """Limits are set by people: tens, or powers of two from 64 on."""
    return count >= 10 and (count % 10 == 0 or (count >= 64 and count & (count - 1) == 0))


def _date_halves(dates: Sequence[str]) -> list[Dataset]:
    """Up to the median date, and after it. Without a readable date there is nothing to halve."""
    known = sorted(day for text in dates if (day := _date(text)))
    if not known:
        return []
    middle = known[(len(known) - 1) // 2]
    after = middle + timedelta(days=1)
    return [study_keys(f"-{middle:%Y%m%d}"), study_keys(f"{after:%Y%m%d}-")]


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date()  # noqa: DTZ007 - a DICOM date has no zone
    except ValueError:
        return None


async def _counts(association: Association, halves: Sequence[Dataset], count: int) -> list[int]:
    return [len((await association.find(uids.STUDY_ROOT_FIND, keys, count + 1)).matches) for keys in halves]


def worklist_keys() -> Dataset:
    """Every scheduled procedure step, by modality only."""
    step = Dataset()
    step.Modality = ""
    step.ScheduledStationAETitle = ""
    step.ScheduledProcedureStepStartDate = ""
    keys = Dataset()
    keys.ScheduledProcedureStepSequence = [step]
    return keys


async def worklist(climb: Climb, rung: Rung) -> None:
    """C-FIND on the modality worklist; the items are counted by modality."""
    async with climb.associate([_WORKLIST]) as association:
        began = time.perf_counter()
        found = await association.worklist(worklist_keys(), climb.target.find_at_most)
        rung.ms = (time.perf_counter() - began) * 1000
        by_modality = Counter(_modality(item) for item in found.matches)
        evidence = {"items": len(found.matches), "by_modality": dict(sorted(by_modality.items()))}
        if found.status and statuses.is_failure(found.status):
            said = statuses.meaning(Service.FIND, found.status)
            raise Permanent(Layer.DIMSE, statuses.code(found.status), f"{Service.FIND}: {said}", **evidence)
        missing = sorted(climb.target.modalities - set(by_modality))
        if missing:
            rung.complains("EMPTY", f"no worklist item for {', '.join(missing)}", missing=missing, **evidence)
        else:
            rung.says("0000", f"items: {len(found.matches)}", **evidence)


def _modality(item: Dataset) -> str:
    """Its Modality where that is one: a peer that puts something else there may have put a person there (law 6)."""
    steps = item.get("ScheduledProcedureStepSequence")
    told = str(steps[0].get("Modality", "")) if isinstance(steps, DicomSequence) and steps else ""
    return told if _MODALITY.fullmatch(told) else "other" if told else "none"
