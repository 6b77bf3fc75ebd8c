"""What a rule of the catalogue is, and whether one of its signs shows in a step or in a line.

Values and pure functions only. `loading` makes these records from the files in `catalogue/`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache

from umlindi.probes import Layer, ProbeResult, State, Step


@dataclass(frozen=True, slots=True)
class Metric:
    """A bound on a figure in a step's evidence; `ms` is the step's own time.

    `of` is `value` (one number) or `each` (of a list with at least `count` numbers). A figure that is missing, or is
    no number, never holds.
    """

    name: str
    of: str = "value"
    at_least: float = -math.inf
    at_most: float = math.inf
    count: int = 1

    def holds(self, step: Step) -> bool:
        found = step.ms if self.name == "ms" else step.evidence.get(self.name)
        figures = numbers(found) if self.of == "each" else numbers([found])
        return len(figures) >= self.count and all(self.at_least <= figure <= self.at_most for figure in figures)


@dataclass(frozen=True, slots=True)
class Condition:
    """What one step must look like. `steps` are names or globs (`disk:*`); `code` matches whole, in any case.

    `says` is searched in the step's meaning and in the text of its evidence. `probe` restricts the condition
    to results of that kind, which may come from the context (the host of an archive).
    """

    steps: tuple[str, ...]
    states: tuple[State, ...] = (State.FAILED,)
    code: str = ""
    says: str = ""
    metrics: tuple[Metric, ...] = ()
    probe: str = ""

    def holds(self, step: Step) -> bool:
        return (
            step.state in self.states
            and any(fnmatchcase(step.step, name) for name in self.steps)
            and (not self.code or compiled(self.code).fullmatch(step.code) is not None)
            and (not self.says or any(compiled(self.says).search(text) for text in spoken(step)))
            and all(metric.holds(step) for metric in self.metrics)
        )

    def found_in(self, result: ProbeResult) -> Step | None:
        """The lowest step of that result it holds for."""
        if self.probe and self.probe != result.probe:
            return None
        return next((step for step in result.steps if self.holds(step)), None)


@dataclass(frozen=True, slots=True)
class Sign:
    """A condition, and further ones that must hold with it, in this result or in its context.

    `weight` is how much of the rule's prior this sign alone earns, from 0 to 1.
    """

    condition: Condition
    also: tuple[Condition, ...] = ()
    weight: float = 1.0

    def found_in(self, result: ProbeResult, context: Sequence[ProbeResult]) -> Step | None:
        """The step that shows it, or None."""
        step = self.condition.found_in(result)
        if step is None:
            return None
        seen = (result, *context)
        together = all(any(other.found_in(one) for one in seen) for other in self.also)
        return step if together else None


@dataclass(frozen=True, slots=True)
class LogSign:
    """Text that shows a fault. `has` and `lacks` are lower-case substrings of the squeezed line, cheap to test first.

    `pattern` is then searched in any case; its named groups fill placeholders. `after` must stand in one of the
    few lines before (an HL7 MSA belongs to the MSH above it).
    """

    has: tuple[str, ...]
    pattern: str = ""
    lacks: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    weight: float = 1.0

    @property
    def needle(self) -> str:
        """The part of `has` that the fewest lines hold: one with a figure in it, or else the longest."""
        return max(self.has, key=lambda part: (any(character.isdigit() for character in part), len(part)))

    def found_in(self, squeezed: str, lowered: str, before: Sequence[str] = ()) -> bool:
        return (
            all(part in lowered for part in self.has)
            and not any(part in lowered for part in self.lacks)
            and (not self.pattern or compiled(self.pattern).search(squeezed) is not None)
            and all(any(part in line for line in (*before, lowered)) for part in self.after)
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause of the ticket catalogue. Its texts may hold placeholders such as `{called}`; see `wording`."""

    id: str
    ticket: int
    layer: Layer
    title: str
    confidence: float
    cause: str
    confirm: str
    fix: str
    unsafe: str
    escalate: str
    source: str
    since: str
    signs: tuple[Sign, ...] = ()
    log: tuple[LogSign, ...] = ()
    competes: frozenset[str] = frozenset()
    supersedes: frozenset[str] = frozenset()

    @property
    def steps(self) -> frozenset[str]:
        """Names and globs of the steps it is about: what a later success must be of, to have mended it."""
        return frozenset(name for sign in self.signs for name in sign.condition.steps)


@dataclass(frozen=True, slots=True)
class Success:
    """Text that shows a step going well: a fault of the same step before it was overcome."""

    steps: frozenset[str]
    sign: LogSign


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every rule, in the order of the files; what success looks like; which lines name titles and addresses."""

    rules: tuple[Rule, ...]
    successes: tuple[Success, ...] = ()
    contexts: tuple[LogSign, ...] = ()

    def rule(self, rule_id: str) -> Rule:
        return next(rule for rule in self.rules if rule.id == rule_id)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiled on first use: most patterns of the catalogue are not needed for one result."""
    return re.compile(pattern, re.IGNORECASE)


def spoken(step: Step) -> list[str]:
    """The texts of a step: what it means, and what its evidence says in words."""
    return [step.meaning, *(value for value in step.evidence.values() if isinstance(value, str))]


def number(found: object) -> float | None:
    """A finite number, or None; a bool is not one."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if abs(found) < 1e300 else None


def numbers(found: object) -> list[float]:
    """The numbers of a list; none where it is no list."""
    if not isinstance(found, list | tuple):
        return []
    return [figure for item in found if (figure := number(item)) is not None]


def evidence_of(weights: Sequence[float]) -> float:
    """Independent signs together: 1 − Π(1 − weight), never less than the strongest of them."""
    return 1.0 - math.prod(1.0 - weight for weight in weights)
