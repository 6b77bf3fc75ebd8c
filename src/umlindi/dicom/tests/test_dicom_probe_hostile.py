"""Peers that answer a probe with something else than was asked: told, bounded, and without anybody's name."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from pydicom.dataset import Dataset

from umlindi.dicom.probe.query import _modality
from umlindi.dicom.probe.web import _LARGEST_ANSWER, _remove_from_orthanc
from umlindi.probes import Permanent
from umlindi.testing import scripted


def item(vr: str, value: Any) -> Dataset:
    made = Dataset()
    made.add_new(0x00400100, vr, value)
    return made


def step(modality: str) -> Dataset:
    made = Dataset()
    made.Modality = modality
    return item("SQ", [made])


@pytest.mark.parametrize(
    ("answer", "counted"),
    [
        (step("CT"), "CT"),
        (step("MKHIZE^THANDI"), "other"),
        (step(""), "none"),
        (item("SQ", []), "none"),
        (item("LO", "MKHIZE^THANDI"), "none"),
        (Dataset(), "none"),
    ],
)
def test_a_worklist_item_is_counted_by_its_modality_and_by_nothing_else(answer: Dataset, counted: str) -> None:
    assert _modality(answer) == counted


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{}", "NOT-FOUND"),
        ("[1, null, []]", "NOT-FOUND"),
        ("[" * 100_000, "GARBAGE"),
        ('[{"Type": "Study", "ID": "x"}]', "NOT-CANARY"),
        (json.dumps(["x" * _LARGEST_ANSWER]), "TOO-LARGE"),
    ],
    ids=["object", "numbers", "deep", "list for study", "huge"],
)
async def test_an_orthanc_that_answers_nonsense_ends_in_a_fault(body: str, code: str) -> None:
    answer = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    async with scripted.listening(scripted.saying(answer.encode())) as port, httpx.AsyncClient(timeout=5) as client:
        with pytest.raises(Permanent) as told:
            await _remove_from_orthanc(client, f"http://127.0.0.1:{port}", "2.25.1")
    assert told.value.code == code
