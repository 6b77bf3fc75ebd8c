"""From rules that fired to one list of causes without a repeated claim.

Confidence is prior × evidence: the prior is how often the cause is the true one where its signs show, the
evidence is the share of them that do. Rules that compete are hypotheses about the same signs, of which at most
one is true, so where their confidences add up to more than 1 they are scaled down to it. A rule that supersedes
another says the same thing more precisely, and the other is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from umlindi.diagnosis.rules import Rule, evidence_of
from umlindi.diagnosis.wording import fill
from umlindi.probes import Cause

MOST_CERTAIN = 0.99


@dataclass(frozen=True, slots=True)
class Claim:
    """A rule that fired: the weights of its signs, where it ranks (lower first), and what fills its texts."""

    rule: Rule
    weights: tuple[float, ...]
    place: tuple[int, ...]
    values: dict[str, str]
    doubt: float = 1.0

    @property
    def score(self) -> float:
        """Prior × evidence, before competition. `doubt` lowers it where the fault was overcome since."""
        return min(MOST_CERTAIN, self.rule.confidence * evidence_of(self.weights) * self.doubt)


def rank(claims: Sequence[Claim]) -> list[tuple[Claim, float]]:
    """Claims with their confidence, in the order a person should take them."""
    weighed = [(claim, confidence(claim, claims)) for claim in claims]
    return sorted(weighed, key=lambda pair: (pair[0].place, -round(pair[1], 6), pair[0].rule.id))


def without_superseded(claims: Sequence[Claim]) -> list[Claim]:
    """The claims of which no other says the same thing more precisely."""
    superseded = {other for claim in claims for other in claim.rule.supersedes}
    return [claim for claim in claims if claim.rule.id not in superseded]


def confidence(claim: Claim, standing: Sequence[Claim]) -> float:
    """Its score, scaled so that it and the claims it competes with do not exceed certainty together."""
    rivals = sum(other.score for other in standing if competing(claim.rule, other.rule))
    return claim.score / max(1.0, claim.score + rivals)


def competing(one: Rule, other: Rule) -> bool:
    """Competition is mutual, whichever of the two names it."""
    return one.id != other.id and (other.id in one.competes or one.id in other.competes)


def cause_of(claim: Claim, share: float) -> Cause:
    """The claim as a probe result carries it."""
    rule, values = claim.rule, claim.values
    return Cause(
        rule=rule.id,
        title=fill(rule.title, values),
        confidence=share,
        cause=fill(rule.cause, values),
        confirm=fill(rule.confirm, values),
        fix=fill(rule.fix, values),
        escalate=fill(rule.escalate, values),
        unsafe=fill(rule.unsafe, values),
    )
