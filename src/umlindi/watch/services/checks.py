"""The morning check: run, told line by line, finished, signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from umlindi.accounts.models import Organisation, User
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.audit import audited
from umlindi.estate.models import Interface
from umlindi.probes import Grade
from umlindi.watch.affected import Affected
from umlindi.watch.context import explained_in_context
from umlindi.watch.history import History
from umlindi.watch.models import Check, CheckLine
from umlindi.watch.rules.conditions import Interval, bad_since, change_since, condition_of, with_answer
from umlindi.watch.runner import Answer
from umlindi.watch.services.observing import observe_all

Batch = Sequence[tuple[Interface, Answer]]


class AlreadySigned(Exception):
    """A signed check is evidence: it is not signed again."""


class NotFinished(Exception):
    """A check that is still running cannot be signed."""


class Unnamed(Exception):
    """A named person signs: who has not said their name cannot."""


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
    observe_all(batch)
    organisations = {interface.system.site.organisation_id for interface, _ in batch}
    affected = Affected.load(Actor.house("watch"), *organisations)
    history = History.load([interface.pk for interface, _ in batch], reference)
    lines = []
    for interface, answer in _explained(batch):
        line = _line(interface, answer, history.of(interface.pk), reference)
        if check is not None:
            line.check_run = check
        line.affected = affected.names(interface.system)
        lines.append(line)
    return lines


def _explained(batch: Batch) -> Iterator[tuple[Interface, Answer]]:
    """The batch, the bad answers in it with their causes."""
    bad = [(interface, answer) for interface, answer in batch if answer.result.grade is not Grade.OK]
    told = explained_in_context([(interface, answer.result) for interface, answer in bad])
    results = {interface.pk: result for (interface, _), result in zip(bad, told, strict=True)}
    for interface, answer in batch:
        yield interface, replace(answer, result=results.get(interface.pk, answer.result))


def add_lines(check: Check, answers: Iterable[tuple[Interface, Answer]], reference: datetime) -> list[CheckLine]:
    """Record answers as lines of a check."""
    with transaction.atomic():
        return CheckLine.objects.bulk_create(lines_of(answers, reference, check))


def _line(interface: Interface, answer: Answer, known: Sequence[Interval], reference: datetime) -> CheckLine:
    """What a person is told of one answer: it counts for its line even where it takes another to be believed."""
    condition = condition_of(answer.result)
    intervals = with_answer(known, condition, answer.began)
    return CheckLine(
        interface=interface,
        site_name=interface.system.site.name,
        system_name=interface.system.name,
        interface_name=interface.name,
        address=interface.address,
        condition=condition,
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
