"""What a client's people are told follows from what is measured, and claims no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.status.rules import SAID, Day, Word, days_of, word_of
from umlindi.status.wording import sentence
from umlindi.uptime.rules.availability import Piece
from umlindi.uptime.rules.timeline import Span
from umlindi.watch.rules.conditions import Condition

UP, DEGRADED, DOWN, UNKNOWN = Condition.UP, Condition.DEGRADED, Condition.DOWN, Condition.UNKNOWN
START = datetime(2026, 11, 1, tzinfo=UTC)
CONDITIONS = st.sampled_from(list(Condition))
PARTS = st.lists(st.tuples(st.sampled_from(["dicom", "hl7", "host", "tls"]), CONDITIONS), max_size=6)


@pytest.mark.parametrize(
    ("parts", "planned", "word"),
    [
        ([("dicom", UP)], False, Word.WORKS),
        ([("dicom", DOWN)], False, Word.DOWN),
        ([("dicom", DOWN), ("hl7", UP)], False, Word.PARTLY),
        ([("dicom", DEGRADED)], False, Word.PARTLY),
        ([("dicom", UNKNOWN)], False, Word.UNKNOWN),
        ([("dicom", UP), ("host", DOWN)], False, Word.WORKS),
        ([("dicom", DOWN), ("host", UP)], False, Word.DOWN),
        ([("host", DOWN)], False, Word.DOWN),
        ([("dicom", DOWN)], True, Word.PLANNED),
        ([("dicom", UP)], True, Word.WORKS),
        ([], False, Word.UNKNOWN),
    ],
)
def test_a_system_in_one_word(parts: list[tuple[str, Condition]], planned: bool, word: Word) -> None:
    assert word_of(parts, planned) is word


@given(PARTS, st.booleans())
def test_works_is_said_only_of_what_is_known_to_work(parts: list[tuple[str, Condition]], planned: bool) -> None:
    if word_of(parts, planned) is Word.WORKS:
        serving = [condition for kind, condition in parts if kind in {"dicom", "hl7"}]
        assert set(serving or [condition for _, condition in parts]) == {UP}


@given(PARTS)
def test_a_word_does_not_depend_on_the_order_of_interfaces(parts: list[tuple[str, Condition]]) -> None:
    assert word_of(parts, False) is word_of(list(reversed(parts)), False)


@given(st.lists(st.tuples(CONDITIONS, st.integers(1, 100_000), st.booleans()), max_size=40), st.integers(1, 12))
def test_no_second_of_a_history_is_lost_or_counted_twice(told: list[tuple[Condition, int, bool]], days: int) -> None:
    midnights = [START + timedelta(days=day) for day in range(days + 1)]
    pieces, at = [], START - timedelta(hours=30)
    for condition, seconds, agreed in told:
        pieces.append(Piece(Span(condition, at, at + timedelta(seconds=seconds)), agreed))
        at += timedelta(seconds=seconds)
    found = days_of(pieces, midnights)

    def inside(*wanted: Condition, agreed: bool | None = None) -> float:
        lasted = (
            min(one.span.end, midnights[-1]) - max(one.span.start, START)
            for one in pieces
            if one.span.condition in wanted and agreed in {None, one.agreed}
        )
        return sum(max(length.total_seconds(), 0) for length in lasted)

    assert len(found) == days
    assert sum(day.known for day in found) == pytest.approx(inside(UP, DEGRADED, DOWN))
    assert sum(day.down for day in found) == pytest.approx(inside(DOWN, agreed=False))
    assert sum(day.planned for day in found) == pytest.approx(inside(DOWN, DEGRADED, agreed=True))
    assert all(day.down + day.degraded + day.planned <= day.known + 0.001 <= 86400.002 for day in found)


def test_a_day_is_marked_by_its_worst_and_never_for_seconds() -> None:
    assert Day(known=100).word is Word.WORKS
    assert Day().word is Word.UNKNOWN
    assert Day(down=59, known=86400).word is Word.WORKS
    assert Day(down=60, degraded=900, known=86400).word is Word.DOWN
    assert Day(planned=900, known=86400).word is Word.PLANNED


@given(st.lists(st.sampled_from(list(Word)), min_size=1, max_size=9))
def test_the_sentence_claims_that_everything_works_only_where_it_does(words: list[Word]) -> None:
    assert (sentence(words) == "Everything works.") is (set(words) == {Word.WORKS})
    assert set(SAID) == set(Word)


def test_sentences() -> None:
    assert sentence([Word.DOWN, Word.WORKS, Word.PARTLY]) == "One of three does not work."
    assert sentence([Word.DOWN, Word.DOWN]) == "Nothing works."
    assert sentence([Word.PARTLY]) == "It works only in part."
    assert sentence([Word.PARTLY, Word.PARTLY, Word.WORKS]) == "Two of three work only in part."
    assert sentence([]) == "Nothing is shown here yet."
