"""Laws of how times and numbers are said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.web import wording
from umlindi.web.templatetags import look

HOME = ZoneInfo("Africa/Johannesburg")
NOW = datetime(2026, 11, 24, 6, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Piece:
    condition: str
    share: float


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (datetime(2026, 11, 24, 6, 20, tzinfo=UTC), "08:20"),
        (datetime(2026, 11, 23, 22, 0, tzinfo=UTC), "00:00"),
        (datetime(2026, 11, 23, 21, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 11, 22, 14, 51, tzinfo=UTC), "22 Nov 16:51"),
        (datetime(2025, 11, 24, 6, 20, tzinfo=UTC), "24 Nov 2025 08:20"),
        (datetime(2026, 11, 25, 6, 20, tzinfo=UTC), "25 Nov 08:20"),
    ],
)
def test_a_moment_is_said_as_short_as_it_is_clear(moment: datetime, said: str) -> None:
    assert wording.clock(moment, NOW, HOME, HOME) == said


def test_a_zone_is_named_only_where_its_clock_differs() -> None:
    assert wording.clock(NOW, NOW, ZoneInfo("Africa/Harare"), HOME) == "08:20"
    assert wording.clock(NOW, NOW, ZoneInfo("Europe/London"), HOME) == "06:20 GMT"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (4920, "1 h 22 min"),
        (86399, "23 h 59 min"),
        (86400, "1 d"),
        (3 * 86400 + 4 * 3600 + 59, "3 d 4 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, said: str) -> None:
    assert wording.duration(seconds) == said


@given(st.integers(0, 10**8), st.integers(0, 10**8))
def test_a_longer_time_never_reads_shorter(one: int, other: int) -> None:
    short, long = sorted((one, other))
    assert _seconds(wording.duration(short)) <= _seconds(wording.duration(long))
    assert _seconds(wording.duration(long)) <= long


def _seconds(said: str) -> int:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    parts = said.split()
    return sum(int(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize(
    ("ms", "said"), [(None, "–"), (0.42, "0.4 ms"), (12.4, "12 ms"), (999, "999 ms"), (2134, "2.1 s")]
)
def test_what_was_measured_has_as_many_figures_as_mean_something(ms: float | None, said: str) -> None:
    assert wording.milliseconds(ms) == said


def test_numbers_are_words_up_to_twelve() -> None:
    assert [wording.number(count) for count in (0, 1, 12, 13)] == ["no", "one", "twelve", "13"]


def test_a_trace_is_told_in_words_and_ends_with_now() -> None:
    assert wording.trace_in_words([("up", 1.0)]) == "Last 24 hours: up throughout"
    assert wording.trace_in_words([("up", 0.5), ("down", 0.25), ("up", 0.25)]) == (
        "Last 24 hours: up 18 h, down 6 h; now up"
    )
    assert wording.trace_in_words([], timedelta(hours=1)) == "Last 24 hours: unknown"


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=40))
def test_a_trace_draws_every_piece_in_order_within_its_width(weights: list[float]) -> None:
    whole = sum(weights)
    spans = [("down" if index % 2 else "up", weight / whole) for index, weight in enumerate(weights)]
    pieces = list(look._pieces(spans))
    lefts = [float(left) for _, left, _ in pieces]
    assert lefts == sorted(lefts)
    assert len(pieces) == len(weights)
    assert lefts[-1] <= look.DAY_WIDTH - look.SHORTEST


def test_a_trace_escapes_nothing_and_styles_nothing_inline() -> None:
    drawn = look.trace([Piece("up", 0.9), Piece("down", 0.1)])
    assert "style" not in drawn
    assert "<title>Last 24 hours: up 21 h 36 min, down 2 h 24 min; now down</title>" in drawn


def test_backticks_make_code_and_nothing_else_is_markup() -> None:
    assert look.coded("ask `ss -ltn` & <b>") == "ask <code>ss -ltn</code> &amp; &lt;b&gt;"
    assert look.coded("plain") == "plain"


@pytest.mark.parametrize(("share", "tone"), [(0.5, ""), (0.75, "warn"), (0.85, "fail"), (1.2, "fail")])
def test_a_meter_turns_at_the_contracts_limit(share: float, tone: str) -> None:
    assert f'class="meter {tone}"' in look.meter(share)
