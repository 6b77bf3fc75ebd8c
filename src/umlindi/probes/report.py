"""How a result is told: to a person, to a monitoring system, and as an exit code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from umlindi.probes.results import Cause, Grade, ProbeResult, Severity, State, Step

EXIT_CODES = {Grade.OK: 0, Grade.DEGRADED: 1, Grade.FAILED: 2}
EXIT_UNKNOWN = 3
_NAGIOS_WORDS = {Grade.OK: "OK", Grade.DEGRADED: "WARNING", Grade.FAILED: "CRITICAL"}
_MARKS = {State.OK: "ok", State.FAILED: "FAILED", State.SKIPPED: "skipped"}
_ACRONYMS = {"ae": "AE", "dicom": "DICOM", "pdu": "PDU", "uid": "UID"}
# Facts that the caller gave, and the target says already.
_OURS = frozenset({"called", "calling"})
WIDTH = 100


def exit_code(result: ProbeResult) -> int:
    """0 ok, 1 degraded, 2 failed (3, unknown, is for a call that could not be made at all)."""
    return EXIT_CODES[result.grade]


def nagios(result: ProbeResult) -> str:
    """One line with performance data, as the Monitoring Plugins guidelines have it."""
    failure = result.first_failure()
    said = f"{failure.step} {failure.code}: {failure.meaning}" if failure else f"{_ok(result)} steps ok"
    perfdata = " ".join(f"{_label(step)}={step.ms:.1f}ms" for step in result.steps if step.ms is not None)
    line = f"{result.probe.upper()} {_NAGIOS_WORDS[result.grade]} - {result.target} {said}"
    return f"{' '.join(line.replace('|', '/').split())} | {perfdata}"


def _ok(result: ProbeResult) -> int:
    return sum(step.state is State.OK for step in result.steps)


def _label(step: Step) -> str:
    return re.sub(r"[^a-z0-9_]", "_", step.step.lower())


def text(result: ProbeResult) -> str:
    """The ladder for a person: a line a step, then what is likely wrong and what to do, then what the peer told."""
    runs = _runs(result.steps)
    width = max((len(_run_name(run)) for run in runs), default=0)
    lines = [f"{result.target}{_caller(result)}: {result.grade}"]
    lines += [_run_line(run, width) for run in runs]
    if result.diagnosis:
        lines += ["", "worth knowing" if result.grade is Grade.OK else "likely causes"]
    for number, cause in enumerate(result.diagnosis, 1):
        lines += ["", f"{number}. {cause.title} ({cause.confidence:.0%}, rule {cause.rule})", *cause_lines(cause)]
    return "\n".join([*lines, *_facts_lines(result)])


def _caller(result: ProbeResult) -> str:
    """The AE title we called with: half of what an archive decides by."""
    calling = result.facts.get("calling")
    return f" as {calling}" if calling else ""


def _runs(steps: Sequence[Step]) -> list[list[Step]]:
    """The steps in order; neighbours skipped for the same reason stand together."""
    runs: list[list[Step]] = []
    for step in steps:
        if runs and step.state is State.SKIPPED and _alike(runs[-1][0], step):
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _alike(one: Step, other: Step) -> bool:
    return (one.state, one.meaning) == (other.state, other.meaning)


def _run_name(run: Sequence[Step]) -> str:
    return run[0].step if len(run) == 1 else f"{run[0].step} … {run[-1].step}"


def _run_line(run: Sequence[Step], width: int) -> str:
    step = run[0]
    mark = "degraded" if step.severity is Severity.DEGRADED else _MARKS[step.state]
    ms = "" if step.ms is None else f"{step.ms:.1f} ms"
    said = f"{step.code} {step.meaning}".strip()
    return f"  {mark:<8}  {_run_name(run):<{width}}  {ms:>10}  {said}".rstrip()


def cause_lines(cause: Cause) -> list[str]:
    """What to know and do about a cause, wrapped, in the order a person needs it."""
    said = (
        ("what", cause.cause),
        ("confirm", cause.confirm),
        ("fix", cause.fix),
        ("don't", cause.unsafe),
        ("ask", cause.escalate),
    )
    return [_paragraph(label, told) for label, told in said if told]


def _paragraph(label: str, told: str) -> str:
    return textwrap.fill(told, WIDTH, initial_indent=f"   {label:<8} ", subsequent_indent=" " * 12)


def _facts_lines(result: ProbeResult) -> list[str]:
    """What the peer told of itself, and the last day of its certificate. Nothing where nothing is known."""
    ends = next((step.evidence["not_after"] for step in result.steps if "not_after" in step.evidence), None)
    known = {**result.facts, "certificate_until": ends}
    shown = {name: value for name, value in known.items() if value not in (None, "") and name not in _OURS}
    told = [f"{_fact_name(name)} {value}" for name, value in shown.items()]
    if not told:
        return []
    return ["", textwrap.fill(", ".join(told), WIDTH, initial_indent="facts  ", subsequent_indent=" " * 7)]


def _fact_name(name: str) -> str:
    return " ".join(_ACRONYMS.get(word, word) for word in name.split("_"))
