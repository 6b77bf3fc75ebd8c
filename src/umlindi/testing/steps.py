"""Reading a probe's result in a test, where a step that is not there is a failure."""

from __future__ import annotations

from umlindi.probes import ProbeResult, Step


def step_of(result: ProbeResult, name: str) -> Step:
    found = result.step(name)
    assert found is not None, f"no step {name} among {[step.step for step in result.steps]}"
    return found


def codes(result: ProbeResult) -> dict[str, str]:
    """The code of every step, or its state where it has none."""
    return {step.step: step.code or step.state.value for step in result.steps}
