"""Escalation policies: changed by people, and frozen onto alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from umlindi.accounts.models import Organisation
from umlindi.alerts.models import Policy, PolicyStep, PolicyTarget
from umlindi.alerts.queries.people import may_be_told
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.audit import audited
from umlindi.oncall.rules.severity import Severity

KINDS = ("rota", "user", "channel")


class BadPolicy(Exception):
    """A policy has at least one step, each at its own minute, each telling somebody of that organisation or of the
    provider; its name and severity are free."""


@dataclass(frozen=True, slots=True)
class GivenStep:
    """`after` in minutes; `targets` as (kind, id), kind one of KINDS."""

    after: int
    targets: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class GivenPolicy:
    """What a person asks for."""

    name: str
    severity: str
    repeats: int
    repeat_after: int
    steps: Sequence[GivenStep]


def save_policy(
    actor: Actor, given: GivenPolicy, organisation: Organisation | None, policy: Policy | None = None
) -> Policy:
    """Add a policy, or change one. Alerts that are open keep what they opened with. Raises `BadPolicy`."""
    actor.require("oncall.edit", organisation.pk if organisation else EVERYWHERE)
    _check(given, organisation, policy)
    row = policy or Policy(organisation=organisation)
    with audited(actor, "policy.changed" if policy else "policy.added", row, reason=_told(given)):
        row.name, row.severity = given.name, given.severity
        row.repeats, row.repeat_after = given.repeats, given.repeat_after
        row.save()
        row.steps.all().delete()
        for step in given.steps:
            added = PolicyStep.objects.create(policy=row, after=step.after)
            PolicyTarget.objects.bulk_create(
                PolicyTarget(step=added, **{f"{kind}_id": pk}) for kind, pk in step.targets
            )
    return row


def remove_policy(actor: Actor, policy: Policy) -> None:
    """Take a policy away: its organisation has the provider's again."""
    actor.require("oncall.edit", policy.organisation_id or EVERYWHERE)
    with audited(actor, "policy.removed", policy):
        policy.delete()


def frozen_policies(organisations: Iterable[int | None]) -> dict[int | None, dict[str, Any]]:
    """For each organisation (None is the provider), the policy of each severity as JSON, as it stands now.

    The organisation's own for that severity, else its own for all, else the provider's in the same order.
    """
    wanted = set(organisations)
    rows = Policy.objects.filter(Q(organisation__in=wanted - {None}) | Q(organisation=None)).prefetch_related(
        "steps__targets__rota", "steps__targets__user", "steps__targets__channel"
    )
    found = {(row.organisation_id, row.severity): _frozen(row) for row in rows}
    return {one: _of_severities(found, one) for one in wanted}


def _of_severities(found: Mapping[tuple[int | None, str], Any], organisation: int | None) -> dict[str, Any]:
    chosen = {}
    for severity in Severity:
        for key in ((organisation, severity), (organisation, ""), (None, severity), (None, "")):
            if key in found:
                chosen[severity.value] = found[key]
                break
    return chosen


def _frozen(policy: Policy) -> dict[str, Any]:
    """As `rules.escalation.Frozen.from_json` reads it; times in seconds."""
    return {
        "policy": policy.pk,
        "name": policy.name,
        "repeats": policy.repeats,
        "repeat_after": policy.repeat_after * 60,
        "steps": [
            {"after": step.after * 60, "targets": [_target(target) for target in step.targets.all()]}
            for step in policy.steps.all()
        ],
    }


def _target(target: PolicyTarget) -> dict[str, Any]:
    for kind in KINDS:
        if (row := getattr(target, kind)) is not None:
            return {"kind": kind, "id": row.pk, "name": row.name if kind != "user" else str(row)}
    raise AssertionError("a constraint of the table keeps a target from being nothing")


def _check(given: GivenPolicy, organisation: Organisation | None, policy: Policy | None) -> None:
    minutes = [step.after for step in given.steps]
    if not given.name.strip() or not minutes or len(set(minutes)) < len(minutes):
        raise BadPolicy
    if given.severity and given.severity not in set(Severity):
        raise BadPolicy
    if not all(step.targets for step in given.steps):
        raise BadPolicy
    others = Policy.objects.filter(organisation=organisation, severity=given.severity)
    if any(other != policy for other in others):
        raise BadPolicy
    targets = {target for step in given.steps for target in step.targets}
    if not targets <= _possible(organisation):
        raise BadPolicy


def _possible(organisation: Organisation | None) -> set[tuple[str, int]]:
    """Whom a policy there may tell: its own organisation's and the provider's."""
    told = may_be_told(organisation)
    return {(kind, pk) for kind, rows in told.items() for pk in rows.values_list("pk", flat=True)}


def _told(given: GivenPolicy) -> str:
    """The steps in words, for the trail: they are rows of their own, which the event does not hold."""
    return "; ".join(
        f"{step.after} min: {', '.join(f'{kind} {pk}' for kind, pk in step.targets)}" for step in given.steps
    )
