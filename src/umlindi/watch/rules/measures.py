"""Which figures of a result are kept as readings, and what in it counts as its evidence. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from umlindi.probes import ProbeResult, State, Step

TOTAL = "total"
LONGEST_EVIDENCE = 200

_SHARES = {("cpu", "busy_share"): "cpu_share", ("memory", "used_share"): "memory_share"}
_FIGURES = ("offset_s", "delay_s", "runtime_s", "charge", "studies", "instances", "disk_bytes")
_DISK = "disk:"


def measures_of(result: ProbeResult) -> dict[str, float]:
    """Each step that went well by its name, in milliseconds; `total`, the milliseconds of all of them, where every
    tried step went well; and what a machine told of itself, well or not: shares from 0 to 1, seconds, bytes, counts,
    and a charge in percent."""
    values = {step.step: step.ms for step in result.steps if _is_timed(step) and step.ms is not None}
    if values and not any(step.state is State.FAILED for step in result.steps):
        values[TOTAL] = result.ms
    for step in result.steps:
        values.update(_told(step))
    return values


def _is_timed(step: Step) -> bool:
    """A disk is judged from what was read before: its own milliseconds say nothing."""
    return step.state is State.OK and not step.step.startswith(_DISK)


def _told(step: Step) -> Iterator[tuple[str, float]]:
    for name, value in step.evidence.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if step.step.startswith(_DISK) and name == "used_share":
            yield f"disk_used_share:{step.step.removeprefix(_DISK)}", value
        elif measure := _SHARES.get((step.step, name)) or (name if name in _FIGURES else None):
            yield measure, value


def evidence_of(result: ProbeResult) -> str:
    """The step and the code that a person should look at first; empty where every tried step went well."""
    failure = result.first_failure()
    return "" if failure is None else f"{failure.step} {failure.code}"[:LONGEST_EVIDENCE]


def code_of(result: ProbeResult) -> str:
    """The code of the step that failed first, or nothing."""
    failure = result.first_failure()
    return "" if failure is None else failure.code
