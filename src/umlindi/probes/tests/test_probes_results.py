from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis.strategies import builds, dictionaries, floats, lists, none, sampled_from, text

from umlindi.probes import Cause, Fault, Grade, Ladder, Layer, Permanent, ProbeResult, Retriable, Severity, State, Step
from umlindi.probes.report import exit_code, nagios
from umlindi.probes.report import text as told

words = text(max_size=20)
steps = builds(
    Step,
    words,
    sampled_from(State),
    none() | floats(0, 1e6).map(lambda ms: round(ms, 3)),
    sampled_from(Layer),
    words,
    words,
    dictionaries(words, words, max_size=3),
    none() | sampled_from(Severity),
)
causes = builds(Cause, words, words, floats(0, 1).map(lambda share: round(share, 2)), *[words] * 5)
results = builds(
    ProbeResult,
    sampled_from(["dicom", "hl7"]),
    words,
    lists(steps, max_size=6).map(tuple),
    dictionaries(words, words, max_size=3),
    lists(causes, max_size=3).map(tuple),
)


@given(results)
def test_a_result_comes_back_from_its_json_as_it_was(result: ProbeResult) -> None:
    assert ProbeResult.from_json(json.loads(json.dumps(result.to_json()))) == result


@given(results)
def test_the_grade_is_the_worst_failed_step_and_the_exit_code_follows(result: ProbeResult) -> None:
    failed = {step.severity for step in result.steps if step.state is State.FAILED}
    assert (result.grade is Grade.FAILED) == (Severity.FAILED in failed)
    assert (result.grade is Grade.OK) == (not failed)
    assert exit_code(result) == {Grade.OK: 0, Grade.DEGRADED: 1, Grade.FAILED: 2}[result.grade]


@given(results)
def test_nagios_gets_one_line_with_one_bar(result: ProbeResult) -> None:
    line = nagios(result)
    assert "\n" not in line
    assert line.count("|") == 1
    assert told(result)


def test_a_fault_becomes_a_failed_step_and_what_stands_on_it_is_skipped() -> None:
    ladder = Ladder("dicom", "ARCHIVE@host:104")
    with ladder.step("association", Layer.ASSOCIATION) as rung:
        rung.evidence["tried"] = 1
        raise Permanent(Layer.ASSOCIATION, "RJ 1/1/7", "called AE title not recognised", called="ARCHIVE")
    ladder.skip("echo", Layer.DIMSE, f"{ladder.broken} failed")
    association, echo = ladder.result().steps
    assert (association.state, association.code) == (State.FAILED, "RJ 1/1/7")
    assert association.evidence == {"tried": 1, "called": "ARCHIVE"}
    assert (echo.state, echo.ms, echo.meaning) == (State.SKIPPED, None, "association failed")


def test_a_bug_in_a_step_is_not_taken_for_a_fault_of_the_peer() -> None:
    ladder = Ladder("dicom", "ARCHIVE@host:104")
    with pytest.raises(ZeroDivisionError), ladder.step("echo", Layer.DIMSE):
        _ = 1 / 0
    assert not issubclass(ZeroDivisionError, Fault)
    assert ladder.result().steps == ()


def test_a_complaint_degrades_and_does_not_break_the_ladder() -> None:
    ladder = Ladder("tls", "host:443")
    with ladder.step("expiry", Layer.TLS) as rung:
        rung.complains("expires-soon", "ends in 10 days", days_left=10)
    assert ladder.result().grade is Grade.DEGRADED
    assert ladder.broken is None
    assert ladder.failed("expiry")


def cause(title: str) -> Cause:
    return Cause("a-rule", title, 0.8, "because " * 30, "look", "mend", "somebody", "break")


def ladder(severity: Severity | None, name: str = "hazard:default-credentials") -> ProbeResult:
    last = Step(name, State.OK if severity is None else State.FAILED, 4.0, Layer.APPLICATION, "X", "y", {}, severity)
    first = Step("tcp", State.OK, 0.1, Layer.TRANSPORT, "", "median of 3")
    return ProbeResult("orthanc", "http://pacs", (first, last), {"max_pdu": 16384, "silent": None}, (cause("C"),))


@pytest.mark.parametrize("name", ["x", "hazard:default-credentials", "disk:/var/lib/orthanc/db-v6/a/long/way/down"])
def test_a_person_reads_columns_whatever_the_longest_name_is(name: str) -> None:
    _, first, last = told(ladder(None, name)).splitlines()[:3]
    assert first.index(" ms") == last.index(" ms")


@pytest.mark.parametrize(
    ("severity", "heading"),
    [(None, "worth knowing"), (Severity.DEGRADED, "likely causes"), (Severity.FAILED, "likely causes")],
)
def test_hints_on_a_healthy_peer_are_told_apart_from_causes(severity: Severity | None, heading: str) -> None:
    lines = told(ladder(severity)).splitlines()
    assert heading in lines
    assert "1. C (80%, rule a-rule)" in lines
    assert max(map(len, lines)) <= 100


def test_what_the_peer_told_of_itself_ends_the_text() -> None:
    assert told(ladder(None)).splitlines()[-1] == "facts  max PDU 16384"
    bare = ProbeResult("tls", "pacs:443", (Step("expiry", State.OK, 1.0, Layer.TLS, evidence={"not_after": "2027"}),))
    assert told(bare).splitlines()[-1] == "facts  certificate until 2027"
    assert "facts" not in told(ProbeResult("tls", "pacs:443", ()))


def test_steps_skipped_for_one_reason_are_one_line() -> None:
    climbed = Ladder("dicom", "A@pacs:104")
    with climbed.step("tcp", Layer.TRANSPORT):
        raise Retriable(Layer.TRANSPORT, "ECONNREFUSED", "nothing listens")
    for name in ("association", "echo", "find"):
        climbed.skip(name, Layer.DIMSE, "tcp failed")
    climbed.skip("remove", Layer.APPLICATION, "read-only, as asked")
    lines = told(climbed.result()).splitlines()
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "skipped association … find tcp failed",
        "skipped remove read-only, as asked",
    ]
