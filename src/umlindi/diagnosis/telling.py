"""How a log's findings are told to a person."""

from __future__ import annotations

from umlindi.diagnosis.logs import Finding, LogReport
from umlindi.probes.report import cause_lines

LONGEST_QUOTE = 160
_NOTHING = "Nothing here looks like a fault"


def told(report: LogReport) -> str:
    """What is wrong, why we think so, how to confirm it, what to do and what not to do."""
    if not report.findings:
        return f"{_NOTHING} ({_lines(report.lines)} read)."
    heading = f"{_count(report)} in {_lines(report.lines)}, likeliest first:"
    return "\n".join(
        [heading, *(part for number, finding in enumerate(report.findings, 1) for part in _told(number, finding))]
    )


def _count(report: LogReport) -> str:
    found = len(report.findings)
    return "1 likely cause" if found == 1 else f"{found} likely causes"


def _lines(number: int) -> str:
    return "1 line" if number == 1 else f"{number} lines"


def _told(number: int, finding: Finding) -> list[str]:
    cause = finding.cause
    overcome = " - overcome later in this log" if finding.recovered else ""
    return [
        "",
        f"{number}. {cause.title}",
        f"   {cause.confidence:.0%} sure, {finding.layer} layer, rule {cause.rule}{overcome}",
        *_why(finding),
        *cause_lines(cause),
    ]


def _why(finding: Finding) -> list[str]:
    labels = ("why", *("" for _ in finding.lines[1:]))
    quoted = [
        f"   {label:<8} line {number}: {_short(text)}"
        for label, (number, text) in zip(labels, finding.lines, strict=True)
    ]
    more = finding.count - len(finding.lines)
    rest = [f"   {'':<8} and {_lines(more)} more like these"] if more > 0 else []
    return quoted + rest


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1]}…"
