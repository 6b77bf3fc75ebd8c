"""Answers become readings, standings, spells and outages: many at once, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, connection, transaction

from umlindi.estate.models import Interface
from umlindi.probes import Grade, ProbeResult
from umlindi.readings.services import Reading, append
from umlindi.watch.context import explained_in_context
from umlindi.watch.rules.measures import code_of, measures_of
from umlindi.watch.services.outages import Turned, follow
from umlindi.watch.services.spells import turn_spells, waves
from umlindi.watch.services.standings import Recorded, Standings, Turn

logger = logging.getLogger("umlindi.watch")

AWAY = (DatabaseError, InterfaceError)
"""What is raised when the database is away, restarts, has no room or is being changed: trying again later may help."""

POISON = (DataError, IntegrityError, ValueError, TypeError)
"""What one answer may do that no later attempt would mend."""

LATE_AFTER = timedelta(seconds=15)
"""What could have been told so much sooner, is told late."""

FIRST_TIME = """
INSERT INTO watch_watcher AS watcher (id, host, pid, at, batch, begun, lag_s, waiting)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET at = excluded.at, batch = excluded.batch, begun = excluded.begun,
    lag_s = excluded.lag_s, waiting = excluded.waiting
WHERE watcher.batch < excluded.batch
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Whose answers, and which of its batches: the same one is never recorded twice. The rest is told of the writer, as
    `models.Watcher` has it."""

    writer: UUID
    number: int
    host: str
    pid: int
    begun: int = 0
    lag_s: float = 0.0
    waiting: int = 0


def record(answers: Sequence[Recorded], now: datetime, batch: Batch | None = None) -> None:
    """File each answer at its time as a reading, and judge it where it is the newest of its probe.

    An answer of a probe that is no longer configured is left out. One that the database refuses is told in the log and
    left out, so that it keeps nobody else's back. Raises what is in AWAY; then nothing of the batch is recorded.
    """
    with transaction.atomic():
        if batch is not None and not _first_time(batch, now):
            return
        try:
            _record_together(answers, now, batch is not None)
        except POISON:
            for answer in answers:
                _record_alone(answer, now, batch is not None)


def _first_time(batch: Batch, now: datetime) -> bool:
    told = (batch.writer, batch.host, batch.pid, now, batch.number, batch.begun, batch.lag_s, batch.waiting)
    with connection.cursor() as cursor:
        cursor.execute(FIRST_TIME, told)
        return bool(cursor.rowcount)


def _record_alone(answer: Recorded, now: datetime, live: bool) -> None:
    try:
        _record_together([answer], now, live)
    except POISON:
        logger.exception("an answer of interface %s cannot be recorded and is left out", answer.interface)
        _put_off(answer)


def _put_off(answer: Recorded) -> None:
    """Its probe comes round again after its interval, like any other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE watch_probe SET claimed_until = NULL, due_at = %s + interval_s * interval '1 second' "
            "WHERE interface_id = %s AND plan = %s",
            [answer.at, answer.interface, answer.plan],
        )


@transaction.atomic
def _record_together(answers: Sequence[Recorded], now: datetime, live: bool) -> None:
    """`live`: from a process that asks all the time, by whose clock a row from the future was written before the clock
    was set back."""
    standings = Standings.load(answer.interface for answer in answers)
    known = sorted(filter(standings.knows, answers), key=lambda answer: answer.at)
    append([_reading(answer) for answer in known])
    turns = [turn for answer in known for turn in standings.hear(answer, now if live else None)]
    wanted = {turn.interface for turn in turns} | {answer.interface for answer in standings.unexplained()}
    interfaces = Interface.objects.select_related("system__site__organisation").in_bulk(wanted)
    explained = _explained([turn.answer for turn in turns] + standings.unexplained(), interfaces)
    standings.save(explained)
    for wave in waves(turns):
        turn_spells(wave, explained)
        follow([_turned(turn, interfaces, explained, now) for turn in wave], now)


def _reading(answer: Recorded) -> Reading:
    return Reading(
        answer.interface,
        answer.plan.value,
        answer.at,
        answer.condition.value,
        code_of(answer.result),
        measures_of(answer.result),
    )


def _explained(answers: Sequence[Recorded], interfaces: Mapping[int, Interface]) -> dict[Recorded, ProbeResult]:
    """The bad ones among them with their causes; each once."""
    bad = [answer for answer in dict.fromkeys(answers) if answer.result.grade is not Grade.OK]
    results = explained_in_context([(interfaces[answer.interface], answer.result) for answer in bad])
    return dict(zip(bad, results, strict=True))


def _turned(
    turn: Turn, interfaces: Mapping[int, Interface], explained: Mapping[Recorded, ProbeResult], now: datetime
) -> Turned:
    return Turned(
        interface=interfaces[turn.interface],
        condition=turn.condition,
        since=turn.since,
        result=explained.get(turn.answer, turn.answer.result),
        flapping=turn.flapping,
        late=now - turn.answer.ended > LATE_AFTER,
    )
