from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import fixed_dictionaries, integers, permutations, sampled_from

from umlindi.probes import Cause, Layer, ProbeResult, Severity, State, Step
from umlindi.watch.rules.merging import Heard, merged
from umlindi.watch.rules.plans import Plan

START = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
LADDERS = {
    Plan.QUICK: ("tcp", "association", "echo"),
    Plan.FULL: ("tcp", "association", "echo", "find", "worklist"),
    Plan.CANARY: ("tcp", "association", "echo", "store", "move"),
}
WHOLE = ["tcp", "association", "echo", "find", "worklist", "store", "move"]


def heard(plan: Plan, minute: float, broken: str = "", severity: Severity = Severity.FAILED) -> Heard:
    """The result of a plan; above a `broken` step everything is skipped."""
    steps: list[Step] = []
    for name in LADDERS[plan]:
        if any(step.severity is Severity.FAILED for step in steps):
            steps.append(Step(name, State.SKIPPED, None, Layer.DIMSE, meaning=f"{broken} failed"))
        elif name == broken:
            steps.append(Step(name, State.FAILED, 2.0, Layer.DIMSE, "A801", "no", {}, severity))
        else:
            steps.append(Step(name, State.OK, minute, Layer.DIMSE))
    cause = Cause(f"{plan}-{broken}", "why", 0.9, "why", "how", "what") if broken else None
    result = ProbeResult("dicom", "A@b:1", tuple(steps), {"by": plan.value}, (cause,) if cause else ())
    return Heard(result, START + timedelta(minutes=minute))


def states(result: ProbeResult) -> dict[str, State]:
    return {step.step: step.state for step in result.steps}


def test_the_plans_make_one_ladder_of_which_each_step_is_the_newest() -> None:
    result = merged(
        {Plan.CANARY: heard(Plan.CANARY, 1), Plan.FULL: heard(Plan.FULL, 5), Plan.QUICK: heard(Plan.QUICK, 9)}
    )
    assert [(step.step, step.ms) for step in result.steps] == list(zip(WHOLE, [9, 9, 9, 5, 5, 1, 1], strict=True))
    assert result.facts == {"by": "quick"}


def test_a_broken_rung_leaves_no_green_above_it() -> None:
    result = merged(
        {
            Plan.QUICK: heard(Plan.QUICK, 9, "tcp"),
            Plan.FULL: heard(Plan.FULL, 5, "find"),
            Plan.CANARY: heard(Plan.CANARY, 1),
        }
    )
    assert states(result) == dict.fromkeys(WHOLE, State.SKIPPED) | {"tcp": State.FAILED}
    assert {step.meaning for step in result.steps[1:]} == {"tcp failed"}
    assert [cause.rule for cause in result.diagnosis] == ["quick-tcp"]


def test_a_failure_that_only_the_whole_ladder_sees_stays_until_that_is_climbed_again() -> None:
    quick, full = heard(Plan.QUICK, 9), heard(Plan.FULL, 5, "find")
    result = merged({Plan.QUICK: quick, Plan.FULL: full})
    assert states(result)["find"] is State.FAILED
    assert [cause.rule for cause in result.diagnosis] == ["full-find"]
    mended = merged({Plan.QUICK: quick, Plan.FULL: heard(Plan.FULL, 10)})
    assert set(states(mended).values()) == {State.OK}
    assert mended.diagnosis == ()


def test_a_failure_breaks_only_what_stands_on_it() -> None:
    result = merged({Plan.FULL: heard(Plan.FULL, 9, "find"), Plan.CANARY: heard(Plan.CANARY, 5)})
    assert states(result)["move"] is State.OK


def test_a_complaint_breaks_nothing() -> None:
    quick = heard(Plan.QUICK, 9, "tcp", Severity.DEGRADED)
    result = merged({Plan.QUICK: quick, Plan.FULL: heard(Plan.FULL, 5)})
    assert states(result)["find"] is State.OK


def test_nothing_heard_is_no_result() -> None:
    with pytest.raises(ValueError, match="nothing was heard"):
        merged({})


broken = fixed_dictionaries({plan: sampled_from(["", *names]) for plan, names in LADDERS.items()})


@given(broken, permutations(list(Plan)), integers(1, 3))
def test_no_step_is_green_that_a_newer_answer_could_not_reach(
    breaks: dict[Plan, str], order: list[Plan], count: int
) -> None:
    minutes = {plan: float(place + 1) for place, plan in enumerate(order[:count])}
    results = {plan: heard(plan, minute, breaks[plan]) for plan, minute in minutes.items()}
    whole = merged(results)
    assert [step.step for step in whole.steps] == [
        name for name in WHOLE if any(name in LADDERS[plan] for plan in results)
    ]
    for step in whole.steps:
        tried = [one for one in results.values() if one.result.step(step.step) is not None]
        newest = max(tried, key=lambda one: one.at).result.step(step.step)
        assert newest is not None
        assert step == newest or (step.state is State.SKIPPED and step.meaning.endswith(" failed"))
        if step.state is State.OK:
            assert newest.state is State.OK


@given(sampled_from(list(Plan)), sampled_from(["", "tcp", "echo"]))
def test_one_plan_alone_is_told_as_it_was_heard(plan: Plan, where: str) -> None:
    one = heard(plan, 3, where)
    assert merged({plan: one}) == one.result
