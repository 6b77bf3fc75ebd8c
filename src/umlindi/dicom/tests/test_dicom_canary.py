"""The canary study, and the words for statuses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import UID

from umlindi.dicom.canary import INSTANCES, SIDE, Canary, pixel_hash
from umlindi.dicom.dimse import status as statuses
from umlindi.dicom.dimse.status import Service

TITLES = st.from_regex(r"\A[A-Z0-9_]{1,16}\Z")


@given(calling=TITLES)
def test_the_same_caller_has_the_same_study_for_ever(calling: str) -> None:
    first, second = Canary(calling), Canary(calling)
    assert (first.study_uid, first.series_uid) == (second.study_uid, second.series_uid)
    assert [first.instance_uid(n) for n in (1, 2, 3)] == [second.instance_uid(n) for n in (1, 2, 3)]


@given(one=TITLES, other=TITLES)
def test_different_callers_never_share_a_uid_and_every_uid_is_valid(one: str, other: str) -> None:
    found = {uid for title in {one, other} for uid in _uids(Canary(title))}
    assert len(found) == 5 * len({one, other})
    assert all(UID(uid).is_valid for uid in found)


def _uids(canary: Canary) -> list[str]:
    return [canary.study_uid, canary.series_uid, *(canary.instance_uid(n) for n in range(1, INSTANCES + 1))]


def test_its_images_differ_and_are_those_that_are_hashed() -> None:
    canary = Canary("UMLINDI")
    datasets = canary.datasets()
    hashed = {str(dataset.SOPInstanceUID): pixel_hash(dataset.PixelData) for dataset in datasets}
    assert hashed == canary.hashes()
    assert len(set(hashed.values())) == INSTANCES
    assert all(len(dataset.PixelData) == SIDE * SIDE for dataset in datasets)


def test_its_patient_is_nobody() -> None:
    dataset = Canary("UMLINDI").datasets()[0]
    assert (str(dataset.PatientName), dataset.PatientID) == ("UMLINDI^CANARY", "UMLINDI-CANARY")
    assert dataset.PatientBirthDate == dataset.PatientSex == ""


def test_statuses_mean_what_the_standard_says_for_each_service() -> None:
    assert statuses.code(0xA801) == "A801"
    assert statuses.meaning(Service.MOVE, 0xA801) == "refused: move destination unknown"
    assert statuses.meaning(Service.STORE, 0xA7FF) == "refused: out of resources"
    assert statuses.meaning(Service.STORE, 0xA911) == "error: data set does not match SOP class"
    assert statuses.meaning(Service.STORE, 0xC123) == "error: cannot understand"
    assert statuses.meaning(Service.FIND, 0xC123) == "failed: unable to process"
    assert statuses.meaning(Service.FIND, 0xB001) == "the matching reached a response limit (warning)"
    assert statuses.meaning(Service.ECHO, 0x0122) == "refused: SOP class not supported"
    assert statuses.meaning(Service.ECHO, 0x1234) == "a status of the peer's own"


@given(status=st.integers(0, 0xFFFF))
def test_every_status_is_exactly_one_of_success_pending_cancelled_warning_failure(status: int) -> None:
    kinds = [
        status == statuses.SUCCESS,
        status == statuses.CANCELLED,
        statuses.is_pending(status),
        statuses.is_warning(status),
        statuses.is_failure(status),
    ]
    assert kinds.count(True) == 1
