"""The rows of probes while a batch of answers goes through them: read once, judged in memory, written once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from umlindi.probes import ProbeResult
from umlindi.watch.rules.clocks import backed_off, rewound
from umlindi.watch.rules.conditions import BAD, Condition, condition_of, silence_allowed
from umlindi.watch.rules.measures import evidence_of
from umlindi.watch.rules.plans import Plan, Thresholds, next_due, thresholds_of
from umlindi.watch.rules.standing import Standing, combined, judge, standing_at

AHEAD = timedelta(seconds=2)
"""A row written further in the future than this was written before the clock was set back."""

READ = """
SELECT probe.id, probe.interface_id, probe.plan, probe.interval_s, probe.evidence, probe.condition, probe.since,
       probe.turning, probe.turning_since, probe.turning_count, probe.recent, probe.recent_count, probe.flapping,
       probe.probed_at, interface.settings ->> 'fail_after', interface.settings ->> 'recover_after'
FROM watch_probe AS probe JOIN estate_interface AS interface ON interface.id = probe.interface_id
WHERE probe.interface_id = ANY(%s) ORDER BY probe.id FOR UPDATE OF probe
"""
WRITE = """
UPDATE watch_probe AS probe SET
    due_at = new.due_at, claimed_until = NULL, claimed_by = '', probed_at = new.probed_at, ms = new.ms,
    condition = new.condition, since = new.since, turning = new.turning, turning_since = new.turning_since,
    turning_count = new.turning_count, recent = new.recent, recent_count = new.recent_count, flapping = new.flapping,
    evidence = new.evidence,
    result = CASE WHEN new.keeps_diagnosis
        THEN jsonb_set(new.result::jsonb, '{diagnosis}', coalesce(probe.result -> 'diagnosis', '[]'))
        ELSE new.result::jsonb END
FROM unnest(
    %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::text[], %s::timestamptz[], %s::text[],
    %s::timestamptz[], %s::smallint[], %s::bigint[], %s::smallint[], %s::boolean[], %s::text[], %s::boolean[],
    %s::text[]
) AS new (
    id, due_at, probed_at, ms, condition, since, turning, turning_since, turning_count, recent, recent_count, flapping,
    evidence, keeps_diagnosis, result
)
WHERE probe.id = new.id
"""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One answer on its way into the rows, itself and no other. `at` is when its probe began.

    `watched` says that whoever asked has asked without a break, by a clock that nobody can set: then the rows' times
    tell no silence, however far apart they are.
    """

    interface: int
    plan: Plan
    at: datetime
    result: ProbeResult
    watched: bool = False

    @property
    def condition(self) -> Condition:
        return condition_of(self.result)

    @property
    def ended(self) -> datetime:
        """When the answer was there."""
        return self.at + timedelta(milliseconds=self.result.ms)


@dataclass(frozen=True, slots=True)
class Turn:
    """With this answer an interface's confirmed state or its evidence changed. `since` is when the state began."""

    interface: int
    condition: Condition
    since: datetime
    flapping: bool
    answer: Recorded


@dataclass(slots=True)
class Row:
    """One probe: as it was read, and what has become of it. `newest` is the answer that moved it last."""

    id: int
    interval: timedelta
    thresholds: Thresholds
    standing: Standing
    evidence: str
    newest: Recorded | None = None
    is_explained_anew: bool = False

    def due_after(self, at: datetime) -> datetime:
        """When to ask again after an answer to a probe that began then."""
        turning, troubled = self.standing.turning is not None, self.standing.troubled
        spread = random.random()  # noqa: S311 (a spread, not a secret)
        due = next_due(at, self.interval, turning=turning, troubled=troubled, spread=spread)
        return backed_off(due, self.standing, at, self.interval)


class Standings:
    """Every probe of some interfaces, locked until the transaction ends."""

    def __init__(self, rows: Mapping[int, Mapping[Plan, Row]]) -> None:
        self._rows = rows

    @classmethod
    def load(cls, interfaces: Iterable[int]) -> Standings:
        """Locked in order of id, so that two processes never wait for each other here."""
        found: dict[int, dict[Plan, Row]] = {}
        with connection.cursor() as cursor:
            cursor.execute(READ, [sorted(set(interfaces))])
            for id_, interface, plan, interval_s, evidence, *told, fail_after, recover_after in cursor.fetchall():
                given = {"fail_after": fail_after, "recover_after": recover_after}
                thresholds = thresholds_of({name: int(value) for name, value in given.items() if value})
                row = Row(id_, timedelta(seconds=interval_s), thresholds, _standing(told), evidence)
                found.setdefault(interface, {})[Plan(plan)] = row
        return cls(found)

    def knows(self, answer: Recorded) -> bool:
        """Whether its probe is still configured."""
        return answer.plan in self._rows.get(answer.interface, {})

    def hear(self, answer: Recorded, clock: datetime | None) -> list[Turn]:
        """Judge one answer. The turns of its interface: two where a silence had to end first.

        Where the clock is told, a row from the time after it was written before the clock was set back.
        """
        row = self._rows[answer.interface][answer.plan]
        silence = timedelta.max if answer.watched else silence_allowed(row.interval)
        if clock is not None and row.standing.probed_at is not None and row.standing.probed_at > clock + AHEAD:
            row.standing = rewound(row.standing, answer.at)
        turns = self._moved(row, standing_at(row.standing, answer.at, silence), answer)
        after = judge(row.standing, answer.condition, answer.at, row.thresholds, silence)
        if after is not row.standing:
            turns += self._answered(row, after, answer)
        return turns

    def _answered(self, row: Row, after: Standing, answer: Recorded) -> list[Turn]:
        evidence = evidence_of(answer.result)
        is_news = evidence != row.evidence
        row.newest, row.evidence = answer, evidence
        turns = self._moved(row, after, answer)
        if is_news and not turns and _bears_out(answer.condition, after.condition):
            turns = [self._turn(row, answer)]
        row.is_explained_anew = bool(answer.condition is not Condition.UP and (is_news or turns))
        return turns

    def _moved(self, row: Row, after: Standing, answer: Recorded) -> list[Turn]:
        before = self._present(answer.interface)
        row.standing = after
        return [] if self._present(answer.interface) == before else [self._turn(row, answer)]

    def _turn(self, row: Row, answer: Recorded) -> Turn:
        condition, flapping = self._present(answer.interface)
        return Turn(answer.interface, condition, row.standing.since or answer.at, flapping, answer)

    def _present(self, interface: int) -> tuple[Condition, bool]:
        condition, _, flapping = combined({plan: row.standing for plan, row in self._rows[interface].items()})
        return condition, flapping

    @property
    def _moved_rows(self) -> list[Row]:
        return [row for plans in self._rows.values() for row in plans.values() if row.newest is not None]

    def unexplained(self) -> list[Recorded]:
        """The newest answers whose causes are not known from the row."""
        return [row.newest for row in self._moved_rows if row.newest is not None and row.is_explained_anew]

    def save(self, explained: Mapping[Recorded, ProbeResult]) -> None:
        """Write every row that moved, in one statement, and hand its turn back."""
        values = [_values(row, row.newest, explained) for row in self._moved_rows if row.newest is not None]
        if values:
            with connection.cursor() as cursor:
                cursor.execute(WRITE, [list(column) for column in zip(*values, strict=True)])


def _bears_out(answered: Condition, held: Condition) -> bool:
    """Whether an answer is evidence of a trouble that is held true."""
    return held is not Condition.UP and (answered is held or {answered, held} <= BAD)


def _standing(told: Sequence[Any]) -> Standing:
    condition, since, turning, turning_since, count, recent, recent_count, flapping, probed_at = told
    row = Condition(turning) if turning else None
    return Standing(Condition(condition), since, row, turning_since, count, recent, recent_count, flapping, probed_at)


def _values(row: Row, newest: Recorded, explained: Mapping[Recorded, ProbeResult]) -> tuple[object, ...]:
    """In the order of WRITE."""
    now = row.standing
    return (
        row.id,
        row.due_after(newest.at),
        now.probed_at,
        newest.result.ms,
        now.condition.value,
        now.since,
        now.turning.value if now.turning else "",
        now.turning_since,
        now.turning_count,
        now.recent,
        now.recent_count,
        now.flapping,
        row.evidence,
        newest not in explained and newest.condition is not Condition.UP,
        json.dumps(explained.get(newest, newest.result).to_json()),
    )
