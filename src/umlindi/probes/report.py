"""How a result is told: to a person, to a monitoring system, and as an exit code."""

from __future__ import annotations

import re

from umlindi.probes.results import Cause, Grade, ProbeResult, State, Step

EXIT_CODES = {Grade.OK: 0, Grade.DEGRADED: 1, Grade.FAILED: 2}
EXIT_UNKNOWN = 3
_NAGIOS_WORDS = {Grade.OK: "OK", Grade.DEGRADED: "WARNING", Grade.FAILED: "CRITICAL"}
_MARKS = {State.OK: "ok     ", State.FAILED: "FAILED ", State.SKIPPED: "skipped"}


def exit_code(result: ProbeResult) -> int:
    """0 ok, 1 degraded, 2 failed (3, unknown, is for a call that could not be made at all)."""
    return EXIT_CODES[result.grade]


def nagios(result: ProbeResult) -> str:
    """One line with performance data, as the Monitoring Plugins guidelines have it."""
    failure = result.first_failure()
    said = f"{failure.step} {failure.code}: {failure.meaning}" if failure else f"{len(result.steps)} steps"
    perfdata = " ".join(f"{_label(step)}={step.ms:.1f}ms" for step in result.steps if step.ms is not None)
    line = f"{result.probe.upper()} {_NAGIOS_WORDS[result.grade]} - {result.target} {said}"
    return f"{' '.join(line.replace('|', '/').split())} | {perfdata}"


def _label(step: Step) -> str:
    return re.sub(r"[^a-z0-9_]", "_", step.step.lower())


def text(result: ProbeResult) -> str:
    """The ladder for a person: a line a step, then what is likely wrong and what to do."""
    lines = [f"{result.target}: {result.grade}"]
    lines += [_step_line(step) for step in result.steps]
    for cause in result.diagnosis:
        lines += ["", *_cause_lines(cause)]
    return "\n".join(lines)


def _step_line(step: Step) -> str:
    mark = "degraded" if step.severity and step.severity.value == "degraded" else _MARKS[step.state]
    ms = "" if step.ms is None else f"{step.ms:.1f} ms"
    said = f"{step.code} {step.meaning}".strip()
    return f"  {mark:<9}{step.step:<14}{ms:>11}  {said}".rstrip()


def _cause_lines(cause: Cause) -> list[str]:
    return [
        f"  {cause.title} ({cause.confidence:.0%}, rule {cause.rule})",
        f"    cause    {cause.cause}",
        f"    confirm  {cause.confirm}",
        f"    fix      {cause.fix}",
    ]
