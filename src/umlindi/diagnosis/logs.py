"""Ranks causes from the lines of a log, in one pass and bounded memory, whatever the text."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from umlindi.diagnosis.loading import load_catalogue
from umlindi.diagnosis.ranking import Claim, cause_of, rank
from umlindi.diagnosis.redaction import RECORD_START, Redactor, stable
from umlindi.diagnosis.rules import Catalogue, LogSign, Rule, compiled
from umlindi.diagnosis.wording import shown
from umlindi.probes import Cause, Layer

LONGEST_LINE = 8192
LINES_SHOWN = 5
# How far apart, in lines, two signs still speak of one event.
NEARNESS = 12
# A fault that the same log shows to be overcome is half as urgent to explain.
OVERCOME = 0.5
# Below this a cause stands after the likelier ones, whatever its layer.
LIKELY = 0.5

_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Narrower than any terminal or mail program wraps.
_WRAPPED_FROM = 40
_LAYERS = {layer: height for height, layer in enumerate(Layer)}


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause and what made it: how many lines, the first of them (number from 1, redacted text), and whether a
    later success of the same step shows that the fault was overcome."""

    cause: Cause
    layer: Layer
    count: int
    lines: tuple[tuple[int, str], ...]
    recovered: bool = False

    def to_json(self) -> dict[str, Any]:
        shown_lines = [{"line": number, "text": text} for number, text in self.lines]
        said = {"layer": self.layer.value, "count": self.count, "recovered": self.recovered, "lines": shown_lines}
        return {**self.cause.to_json(), **said}


@dataclass(frozen=True, slots=True)
class LogReport:
    """How many lines were read, and the findings, likeliest and lowest layer first."""

    lines: int
    findings: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"lines": self.lines, "findings": [finding.to_json() for finding in self.findings]}


@dataclass(slots=True)
class _Hit:
    line: int
    rule: Rule
    sign: LogSign
    text: str
    around: dict[str, str]


@dataclass(slots=True)
class _Seen:
    """What one rule collected so far."""

    count: int = 0
    last: int = 0
    lines: list[tuple[int, str]] = field(default_factory=list)
    signs: set[LogSign] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)

    def add(self, hit: _Hit) -> None:
        self.signs.add(hit.sign)
        self.values = {**hit.around, **named_values(hit.sign, hit.text), **self.values}
        if hit.line == self.last:
            return
        self.count += 1
        self.last = hit.line
        if len(self.lines) < LINES_SHOWN:
            self.lines.append((hit.line, hit.text))


@dataclass(frozen=True, slots=True)
class _Line:
    """A cleaned line: squeezed to single spaces, and the same in lower case for the cheap tests."""

    number: int
    squeezed: str
    lowered: str
    prepared: str

    @property
    def redacted(self) -> str:
        """Costs more than all the tests together: only for lines that are shown."""
        return clean(stable(self.prepared))


def diagnose_log(lines: Iterable[str]) -> LogReport:
    """Findings of a log of DCMTK, pynetdicom, Orthanc, dcm4che, HL7 engines or OpenSSL; never raises on any text."""
    reader = _Reader(load_catalogue())
    for line in lines:
        reader.read(line)
    return reader.report()


def clean(line: str) -> str:
    """Without colours and control characters, white space squeezed, cut to `LONGEST_LINE` characters."""
    return " ".join(_CONTROL.sub(" ", _ANSI.sub("", line[:LONGEST_LINE])).split())


def named_values(sign: LogSign, text: str) -> dict[str, str]:
    """What the pattern's named groups hold in redacted text, for the placeholders."""
    found = compiled(sign.pattern).search(text) if sign.pattern else None
    groups = found.groupdict() if found else {}
    return {name: shown(value) for name, value in groups.items() if value}


def by_needle(signs: Iterable[tuple[Rule, LogSign]]) -> list[tuple[str, list[tuple[Rule, LogSign]]]]:
    """Signs under the text that is looked for first, so that a line without any of these texts is soon done with."""
    grouped: dict[str, list[tuple[Rule, LogSign]]] = {}
    for rule, sign in signs:
        grouped.setdefault(sign.needle, []).append((rule, sign))
    return list(grouped.items())


class _Reader:
    """Holds what is open: the last few lines and hits, until nothing nearby can supersede them any more."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._signs = by_needle((rule, sign) for rule in catalogue.rules for sign in rule.log)
        self._rules = {rule.id: rule for rule in catalogue.rules}
        self._successes = catalogue.successes
        self._contexts = catalogue.contexts
        self._around: dict[str, str] = {}
        self._redactor = Redactor()
        self._before: deque[str] = deque(maxlen=NEARNESS)
        self._recent: deque[_Hit] = deque()
        self._seen: dict[str, _Seen] = {}
        self._overcome: dict[str, int] = {}
        self._last: _Line | None = None
        self._number = 0

    def read(self, raw: str) -> None:
        self._number += 1
        squeezed = clean(raw)
        line = _Line(self._number, squeezed, squeezed.lower(), self._redactor.prepare(raw[:LONGEST_LINE]))
        self._settle(self._number - NEARNESS)
        self._look_around(line)
        for hit in (*self._hits(line), *self._wrapped_hits(line)):
            self._take(hit)
        self._note_success(line)
        self._before.append(line.lowered)
        self._last = line

    def report(self) -> LogReport:
        self._settle(self._number + 1)
        claims = [self._claim(self._rules[rule_id], seen) for rule_id, seen in self._seen.items()]
        ranked = sorted(rank(claims), key=lambda pair: _order(*pair))
        return LogReport(self._number, tuple(self._finding(claim, share) for claim, share in ranked))

    def _hits(self, line: _Line) -> list[_Hit]:
        if not line.squeezed:
            return []
        return [
            _Hit(line.number, rule, sign, line.redacted, self._around)
            for needle, signs in self._signs
            if needle in line.lowered
            for rule, sign in signs
            if sign.found_in(line.squeezed, line.lowered, self._before)
        ]

    def _wrapped_hits(self, line: _Line) -> list[_Hit]:
        """Signs that show only when this line is joined to the one it was wrapped from, with a space or without."""
        last = self._last
        if last is None or len(last.squeezed) < _WRAPPED_FROM or RECORD_START.match(line.squeezed):
            return []
        alone = {id(hit.sign) for part in (last, line) for hit in self._hits(part)}
        joined = (self._joined(last, line, glue) for glue in (" ", ""))
        fresh = (hit for whole in joined for hit in self._hits(whole) if id(hit.sign) not in alone)
        return list({id(hit.sign): hit for hit in fresh}.values())

    @staticmethod
    def _joined(last: _Line, line: _Line, glue: str) -> _Line:
        texts = (glue.join((getattr(last, name), getattr(line, name))) for name in ("squeezed", "lowered", "prepared"))
        return _Line(last.number, *texts)

    def _take(self, hit: _Hit) -> None:
        """Keep a hit, unless one nearby says the same more precisely; drop those it makes superfluous."""
        if any(hit.rule.id in other.rule.supersedes for other in self._recent):
            return
        self._recent = deque(other for other in self._recent if other.rule.id not in hit.rule.supersedes)
        self._recent.append(hit)

    def _settle(self, before: int) -> None:
        while self._recent and self._recent[0].line < before:
            hit = self._recent.popleft()
            self._seen.setdefault(hit.rule.id, _Seen()).add(hit)

    def _look_around(self, line: _Line) -> None:
        """Titles and addresses that lines before a fault name: they belong to the same exchange."""
        for sign in self._contexts:
            if sign.has[0] in line.lowered and sign.found_in(line.squeezed, line.lowered):
                self._around = {**self._around, **named_values(sign, line.redacted)}

    def _note_success(self, line: _Line) -> None:
        for success in self._successes:
            if success.sign.has[0] in line.lowered and success.sign.found_in(line.squeezed, line.lowered):
                self._overcome.update(dict.fromkeys(success.steps, line.number))

    def _claim(self, rule: Rule, seen: _Seen) -> Claim:
        doubt = OVERCOME if self._recovered(rule, seen) else 1.0
        weights = tuple(sorted(sign.weight for sign in seen.signs))
        return Claim(rule, weights, (_LAYERS[rule.layer],), seen.values, doubt)

    def _recovered(self, rule: Rule, seen: _Seen) -> bool:
        return any(self._overcome.get(step, 0) > seen.last for step in rule.steps)

    def _finding(self, claim: Claim, share: float) -> Finding:
        seen = self._seen[claim.rule.id]
        cause = cause_of(claim, share)
        return Finding(cause, claim.rule.layer, seen.count, tuple(seen.lines), self._recovered(claim.rule, seen))


def _order(claim: Claim, share: float) -> tuple[bool, bool, tuple[int, ...], float, str]:
    """What still stands before what was overcome, the likely before the doubtful, then from the lowest layer up."""
    return claim.doubt < 1.0, share < LIKELY, claim.place, -round(share, 6), claim.rule.id
