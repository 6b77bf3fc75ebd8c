"""Laws of what is kept of a peer's words."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from umlindi.probes import Ladder, Layer, Permanent
from umlindi.probes.cleaning import DEEPEST, ITEMS_AT_MOST, TEXT_AT_MOST, clean, clean_text
from umlindi.probes.report import text as told

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
said = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.frozensets(scalars))


def texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for name, each in value.items() for text in [name, *texts(each)]]
        case list():
            return [text for each in value for text in texts(each)]
    return []


@given(said)
def test_whatever_a_peer_says_becomes_plain_json_that_can_be_shown(value: object) -> None:
    kept = clean(value)
    assert json.loads(json.dumps(kept, allow_nan=False).encode("utf-8")) == kept
    assert all(text.isprintable() and len(text) <= TEXT_AT_MOST for text in texts(kept))


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=100))
def test_words_of_people_stay_as_they_are(text: str) -> None:
    assert clean_text(text) == text


def test_size_and_depth_are_bounded() -> None:
    deep: object = "x" * 10_000
    for _ in range(DEEPEST * 3):
        deep = [deep] * 3
    assert len(json.dumps(clean(deep))) < 100_000
    assert len(clean(range(10 * ITEMS_AT_MOST))) == ITEMS_AT_MOST
    assert clean_text("x" * 10_000).endswith("…")


def test_a_ladder_keeps_neither_escape_sequences_nor_nul_nor_marks_that_turn_text_around() -> None:
    ladder = Ladder("orthanc", "http://archive")
    ladder.facts["name"] = "ARCHIVE\0\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}"
    with ladder.step("disk:/\n", Layer.HOST) as rung:
        rung.evidence["disk"] = float("nan")
        raise Permanent(Layer.HOST, "\x1b[31m", "two\nlines", found={"Name": "\ud800"})
    result = ladder.result()
    assert "\x1b" not in told(result)
    assert json.loads(json.dumps(result.to_json(), allow_nan=False))["steps"][0]["meaning"] == "two lines"
