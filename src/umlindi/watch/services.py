"""The verbs of watch: record an answer, run and sign a morning check, ask for a probe now."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from umlindi.accounts.models import Organisation, User
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited
from umlindi.estate.models import Interface
from umlindi.probes import ProbeResult
from umlindi.watch.affected import Affected
from umlindi.watch.context import explained_in_context
from umlindi.watch.history import History
from umlindi.watch.models import Check, CheckLine, Spell, Turn
from umlindi.watch.rules import (
    Advance,
    Condition,
    Interval,
    Present,
    advance,
    bad_since,
    change_since,
    condition_of,
    next_due,
    silence_allowed,
)
from umlindi.watch.runner import Answer
from umlindi.watch.targets import deadline_of, interval_of

SLACK = timedelta(minutes=1)
"""What a claimed probe may wait for its turn among others, beyond its own deadline."""


class AlreadySigned(Exception):
    """A signed check is evidence: it is not signed again."""


class NotFinished(Exception):
    """A check that is still running cannot be signed."""


class Unnamed(Exception):
    """A named person signs: who has not said their name cannot."""


def observe(interface: Interface, result: ProbeResult, at: datetime) -> Spell | None:
    """Put one answer into the interface's history, a bad one with its causes. None where a newer answer is there.

    No audit event: an answer is a measurement, and the spell is its record. What people decide upon it is audited.
    """
    condition = condition_of(result)
    result = explained_in_context(interface, result)
    with transaction.atomic():
        spell = Spell.objects.select_for_update().filter(interface=interface, until=None).first()
        step = advance(_present(spell), condition, at, silence_allowed(interval_of(interface)))
        if step is Advance.LATE:
            return None
        if spell is not None and step is Advance.EXTEND:
            return _extend(spell, result, at)
        if spell is not None:
            _end(spell, step, at)
        return Spell.objects.create(
            interface=interface, condition=condition, since=at, probed_at=at, result=result.to_json()
        )


def _present(spell: Spell | None) -> Present | None:
    return None if spell is None else Present(Condition(spell.condition), spell.since, spell.probed_at)


def _extend(spell: Spell, result: ProbeResult, at: datetime) -> Spell:
    spell.probed_at = at
    spell.probes += 1
    spell.result = result.to_json()
    spell.save(update_fields=["probed_at", "probes", "result"])
    return spell


def _end(spell: Spell, step: Advance, at: datetime) -> None:
    """Close a spell; after a gap it ends where it was last confirmed, and what followed is unknown."""
    spell.until = spell.probed_at if step is Advance.GAP else at
    spell.save(update_fields=["until"])
    if step is Advance.GAP:
        Spell.objects.create(
            interface_id=spell.interface_id,
            condition=Condition.UNKNOWN,
            since=spell.probed_at,
            until=at,
            probed_at=spell.probed_at,
            probes=0,
        )


def give_turns(now: datetime) -> int:
    """See that every enabled interface has a turn. Returns how many got one."""
    without = Interface.objects.filter(enabled=True, turn=None).values_list("pk", flat=True)
    made = Turn.objects.bulk_create(
        [Turn(interface_id=pk, due_at=now) for pk in without.iterator()], ignore_conflicts=True
    )
    return len(made)


def claim_due(now: datetime, at_most: int) -> list[Interface]:
    """Take interfaces whose turn it is, each for this process alone until a probe of it must have ended.

    SKIP LOCKED: any number of processes share the work. A claim of a process that died runs out by itself.
    """
    with transaction.atomic():
        turns = list(
            Turn.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due_at__lte=now, interface__enabled=True)
            .exclude(claimed_until__gt=now)
            .select_related("interface__system__site__organisation")
            .order_by("due_at")[:at_most]
        )
        for turn in turns:
            turn.claimed_until = now + deadline_of(turn.interface) + SLACK
        Turn.objects.bulk_update(turns, ["claimed_until"])
    return [turn.interface for turn in turns]


def finish_turn(interface: Interface, answer: Answer) -> None:
    """Record the answer and hand the turn back, both or neither."""
    due = next_due(answer.began, interval_of(interface), random.random())  # noqa: S311 (a spread, not a secret)
    with transaction.atomic():
        observe(interface, answer.result, answer.began)
        Turn.objects.filter(interface=interface).update(due_at=due, claimed_until=None)


def ask_now(actor: Actor, interface: Interface, now: datetime) -> None:
    """Put an interface first in line: the watch loop probes it within a second or two."""
    actor.require("probe.run", interface.system.site.organisation_id)
    with audited(actor, "probe.asked", interface):
        Turn.objects.update_or_create(interface=interface, defaults={"due_at": now})


def start_check(actor: Actor, organisation: Organisation, now: datetime) -> Check:
    """Open a morning check. Whoever calls this runs it, or defers `jobs.run_check`, in the same transaction."""
    actor.require("check.run", organisation.pk)
    check = Check(organisation=organisation, started_at=now, started_by=actor.name)
    with audited(actor, "check.started", check):
        check.save(force_insert=True)
    return check


def lines_of(
    answers: Iterable[tuple[Interface, Answer]], reference: datetime, check: Check | None = None
) -> list[CheckLine]:
    """Record answers in their interfaces' history and tell each as a line, not saved.

    `reference` is the moment to compare with: the check before, or this time yesterday.
    """
    batch = list(answers)
    spells = {interface.pk: observe(interface, answer.result, answer.began) for interface, answer in batch}
    affected = Affected.load(Actor.house("watch"))
    history = History.load([interface.pk for interface, _ in batch], reference)
    lines = []
    for interface, answer in batch:
        line = _line(interface, answer, history.of(interface.pk), reference)
        if check is not None:
            line.check_run = check
        if (spell := spells[interface.pk]) is not None:
            line.result = spell.result
        line.affected = affected.names(interface.system)
        lines.append(line)
    return lines


def add_lines(check: Check, answers: Iterable[tuple[Interface, Answer]], reference: datetime) -> list[CheckLine]:
    """Record answers as lines of a check."""
    with transaction.atomic():
        return CheckLine.objects.bulk_create(lines_of(answers, reference, check))


def _line(interface: Interface, answer: Answer, intervals: Sequence[Interval], reference: datetime) -> CheckLine:
    return CheckLine(
        interface=interface,
        site_name=interface.system.site.name,
        system_name=interface.system.name,
        interface_name=interface.name,
        address=interface.address,
        condition=condition_of(answer.result),
        change=change_since(reference, intervals),
        since=bad_since(intervals) or intervals[-1].since,
        result=answer.result.to_json(),
    )


def finish_check(actor: Actor, check: Check, now: datetime) -> Check:
    """Close a check: from here its lines stand."""
    with audited(actor, "check.finished", check):
        check.finished_at = now
        check.save(update_fields=["finished_at"])
    return check


def sign(actor: Actor, check: Check, remarks: str, now: datetime) -> Check:
    """A named person signs a finished check: the evidence for A1. Raises `NotFinished`, `AlreadySigned`, `Unnamed`."""
    actor.require("check.sign", check.organisation_id)
    with transaction.atomic():
        held = Check.objects.select_for_update().get(pk=check.pk)
        if held.finished_at is None:
            raise NotFinished
        if held.signed_at is not None:
            raise AlreadySigned
        with audited(actor, "check.signed", held, reason=remarks):
            held.signed_at, held.signed_name, held.remarks = now, actor.name, remarks
            held.signed_by = _person(actor)
            held.save(update_fields=["signed_at", "signed_name", "signed_by", "remarks"])
    return held


def _person(actor: Actor) -> User:
    """Only a person with a name signs. Raises `Forbidden` for a token and for the house."""
    if actor.kind != "user" or actor.user_id is None:
        raise Forbidden(actor, "check.sign")
    user = User.objects.get(pk=actor.user_id)
    if not user.get_full_name():
        raise Unnamed
    return user
