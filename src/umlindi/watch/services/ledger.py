"""The rows of outages while they are written: one writer at a time, many rows at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Max

from umlindi.core.actors import Actor
from umlindi.watch.affected import Affected
from umlindi.watch.models import Outage
from umlindi.watch.rules.outages import Told, drifts, worse
from umlindi.watch.services.causing import ask_beneath, settle_causes

LOCK = 0x6F757467
"""Of the advisory lock: who sees a cause and who sees its consequence at the same moment must see each other's."""
STOPS = (Outage.Kind.INTERFACE, Outage.Kind.EXTERNAL)
"""What stops those who stand on the system. A report that is missing stops nobody."""

_AT_ONCE = 1000
_RETELL = """
UPDATE watch_outage AS outage
SET condition = new.condition, headline = new.headline, cause_rule = new.cause_rule, cause = new.cause, fix = new.fix,
    last = new.last::jsonb, flapping = new.flapping, heard = new.heard
FROM unnest(
    %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::boolean[], %s::boolean[]
) AS new (id, condition, headline, cause_rule, cause, fix, last, flapping, heard)
WHERE outage.id = new.id
"""
_END = """
UPDATE watch_outage AS outage
SET until = new.until, closed_at = new.closed_at, ended = new.ended, flapping = false, heard = false
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::text[]) AS new (id, until, closed_at, ended)
WHERE outage.id = new.id
"""


@dataclass(slots=True)
class Ledger:
    """The open outages of some keys, locked until the transaction ends, and what becomes of them.

    `gone_down` are systems, `moved` the organisations in which one opened, worsened or ended: what stands on what is
    read of those alone.
    """

    held: dict[str, Outage]
    ended_at: dict[str, datetime]
    new: list[Outage] = field(default_factory=list)
    retold: dict[int, Outage] = field(default_factory=dict)
    ended: dict[int, Outage] = field(default_factory=dict)
    gone_down: set[int] = field(default_factory=set)
    moved: set[int] = field(default_factory=set)

    @classmethod
    def open(cls, keys: Sequence[str]) -> Ledger:
        """Whoever comes second waits until the first has committed."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        rows = Outage.objects.select_for_update(of=("self",)).filter(key__in=set(keys), until=None).order_by("pk")
        held = {outage.key: outage for outage in rows}
        closed = Outage.objects.filter(key__in=set(keys) - set(held), until__isnull=False).order_by()
        return cls(held, dict(closed.values_list("key").annotate(Max("until"))))

    def add(self, outage: Outage) -> Outage:
        """Open one, not before the last of its key has ended."""
        before = self.ended_at.get(outage.key)
        outage.since = max(outage.since, before) if before else outage.since
        self.held[outage.key] = outage
        self.new.append(outage)
        self._worsened(outage)
        return outage

    def retell(self, outage: Outage, condition: str, told: Told, evidence: Mapping[str, Any]) -> None:
        """Tell an open one anew. Only a worse condition and another cause are news."""
        if drifts(outage.cause_rule, told.rule):
            return
        if worse(condition, outage.condition):
            outage.condition, outage.headline, outage.heard = condition, told.headline[:300], False
            self._worsened(outage)
        if (told.rule or told.cause) != (outage.cause_rule or outage.cause):
            outage.heard = False
        outage.cause_rule, outage.cause, outage.fix = told.rule, told.cause[:300], told.fix
        outage.last = dict(evidence)
        self._keep(outage)

    def flap(self, outage: Outage, flapping: bool) -> None:
        """It has begun, or ceased, to come and go."""
        outage.flapping, outage.heard = flapping, False
        self._keep(outage)

    def end(self, outage: Outage, until: datetime, now: datetime, ended: str = "") -> None:
        """End one; `ended` says why where it did not mend."""
        outage.until, outage.closed_at, outage.ended = max(until, outage.since), now, ended
        outage.flapping, outage.heard = False, False
        self.ended_at[outage.key] = outage.until
        del self.held[outage.key]
        self._move(outage)
        if outage.pk is not None:
            self.ended[outage.pk] = outage

    def write(self, now: datetime) -> list[Outage]:
        """Write it all, and hang every open outage on its cause. One must have ended before the next is there."""
        _execute(_RETELL, [_as_retold(outage) for outage in self.retold.values()])
        _execute(_END, [(one.pk, one.until, one.closed_at, one.ended) for one in self.ended.values()])
        affected = Affected.load(Actor.house("watch"), *self.moved)
        for outage in self.new:
            if outage.system is not None and not outage.affected and outage.kind in STOPS:
                outage.affected = affected.names(outage.system)
        Outage.objects.bulk_create(self.new, batch_size=_AT_ONCE)
        touched = list({id(one): one for one in (*self.retold.values(), *self.ended.values(), *self.new)}.values())
        causes = settle_causes(self.moved, affected)
        ask_beneath(self.gone_down, affected, now)
        for outage in touched:
            if outage.pk in causes:
                outage.because_id = causes[outage.pk]
        return touched

    def _keep(self, outage: Outage) -> None:
        if outage.pk is not None:
            self.retold[outage.pk] = outage

    def _move(self, outage: Outage) -> None:
        if outage.organisation_id is not None:
            self.moved.add(outage.organisation_id)

    def _worsened(self, outage: Outage) -> None:
        self._move(outage)
        if outage.condition == Outage.Worst.DOWN and outage.system_id is not None:
            self.gone_down.add(outage.system_id)


def _as_retold(outage: Outage) -> tuple[object, ...]:
    """In the order of _RETELL."""
    cause = (outage.cause_rule, outage.cause, outage.fix)
    last = json.dumps(outage.last)
    return (outage.pk, outage.condition, outage.headline, *cause, last, outage.flapping, outage.heard)


def _execute(statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """One statement for all rows: an UPDATE through the ORM costs ten times as much where there are thousands."""
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
