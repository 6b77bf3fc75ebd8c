"""Who would be paged now, and when, if an alert opened under a policy at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from umlindi.accounts.models import User
from umlindi.alerts.models import Policy, PolicyTarget
from umlindi.oncall.queries import Way, on_call, ways
from umlindi.oncall.queries.plans import may_be_on_call
from umlindi.oncall.rules.severity import Severity


@dataclass(frozen=True, slots=True)
class Reached:
    """One target of a step. `person` None is a channel's own, or a rota with nobody on call, or somebody who has left:
    then `gap` is true."""

    target: PolicyTarget
    person: User | None
    ways: Sequence[Way]

    @property
    def gap(self) -> bool:
        return self.target.channel_id is None and self.person is None

    @property
    def unreachable(self) -> bool:
        """Somebody is named, and no channel of theirs is left."""
        return self.person is not None and not self.ways


@dataclass(frozen=True, slots=True)
class StepPreview:
    """A step at its moment."""

    at: datetime
    after: int
    reached: Sequence[Reached]


def preview(policy: Policy, severity: str, now: datetime) -> list[StepPreview]:
    """Every step of the first run. A policy for every severity is shown for `severity`."""
    wanted = policy.severity or severity
    whose = policy.organisation_id
    return [_step(step.targets.all(), step.after, wanted, whose, now) for step in policy.steps.all()]


def _step(targets: Iterable[PolicyTarget], after: int, severity: str, whose: int | None, now: datetime) -> StepPreview:
    at = now + timedelta(minutes=after)
    return StepPreview(at, after, [_reached(target, severity, whose, at) for target in targets])


def _reached(target: PolicyTarget, severity: str, whose: int | None, at: datetime) -> Reached:
    if target.channel is not None:
        return Reached(target, None, [Way(target.channel, timedelta(), None)])
    if target.user is None:
        person = on_call(target.rota, at) if target.rota else None
    else:
        person = User.objects.filter(may_be_on_call(whose), pk=target.user.pk).first()
    return Reached(target, person, ways(person, Severity(severity), at) if person else [])


def gaps(steps: Sequence[StepPreview]) -> bool:
    """Whether some step would reach nobody at all."""
    return any(all(one.gap or one.unreachable for one in step.reached) for step in steps)
