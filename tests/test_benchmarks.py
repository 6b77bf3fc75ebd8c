"""How a benchmark ends: its targets decide the exit code, and its last line is JSON with every figure."""

from __future__ import annotations

import json

import pytest
from benchmarks import report
from hypothesis import given
from hypothesis import strategies as st

FIGURES = {"per_cpu_second": 1500.0, "endpoints": 200}
PEERS = {"echoscu_per_cpu_second": 50.0}
RATIOS = {"throughput": 30.0}
NUMBERS = st.integers(-(10**6), 10**6)


@given(NUMBERS, NUMBERS)
def test_a_bound_is_kept_on_its_side_and_at_its_edge(value: int, limit: int) -> None:
    assert report.is_met(value, f">= {limit}") == (value >= limit)
    assert report.is_met(value, f"<= {limit}") == (value <= limit)
    assert report.is_met(value, f"> {limit}") != report.is_met(value, f"<= {limit}")
    assert report.is_met(value, f"< {limit}") != report.is_met(value, f">= {limit}")


def test_a_bound_of_another_form_is_a_mistake_and_not_a_pass() -> None:
    with pytest.raises(KeyError):
        report.is_met(1, "about 20")
    with pytest.raises(ValueError, match="unpack"):
        report.is_met(1, ">=20")


@pytest.mark.parametrize(
    ("targets", "met", "code"),
    [
        ({}, {}, 0),
        ({"throughput": ">= 20"}, {"throughput": True}, 0),
        ({"throughput": ">= 20", "endpoints": "< 200"}, {"throughput": True, "endpoints": False}, 1),
        ({"per_cpu_second": "> 1500"}, {"per_cpu_second": False}, 1),
    ],
)
def test_the_exit_code_and_the_last_line_say_whether_targets_are_met(
    capsys: pytest.CaptureFixture[str], targets: dict[str, str], met: dict[str, bool], code: int
) -> None:
    with pytest.raises(SystemExit) as end:
        report.finish("probe", figures=FIGURES, peers=PEERS, ratios=RATIOS, targets=targets)
    *table, last = capsys.readouterr().out.splitlines()
    told = json.loads(last)
    assert end.value.code == code
    assert list(told) == ["bench", "machine", "figures", "peers", "ratios", "targets", "met"]
    assert (told["bench"], told["targets"], told["met"]) == ("probe", targets, met)
    assert (told["figures"], told["peers"], told["ratios"]) == (FIGURES, PEERS, RATIOS)
    assert told["machine"]["cores"] > 0
    assert all(any(name in line for line in table) for name in (*FIGURES, *PEERS, *RATIOS, *targets))
    assert sum("MISSED" in line for line in table) == list(met.values()).count(False)


def test_a_target_that_names_no_figure_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        report.finish("probe", figures=FIGURES, peers=PEERS, ratios=RATIOS, targets={"speed": "> 1"})
