"""Proves the audit trail whole, or says where it is not."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from umlindi.core.audit import CHAINED, GENESIS, digest
from umlindi.core.models import AuditEvent, AuditHead

CHUNK = 2000
# Who rewrote everything broke everything: the first breaks say enough.
BREAKS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event's number and hash as known from outside the database: an earlier verification."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where the trail does not hold. `seq` is the first event concerned."""

    seq: int
    what: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`newest` is the last event read, to anchor the next verification on; None for an empty trail."""

    events: int
    breaks: tuple[Break, ...]
    newest: Anchor | None

    @property
    def whole(self) -> bool:
        return not self.breaks


def verify(anchor: Anchor | None = None) -> Verdict:
    """Walk the whole trail, in constant memory.

    The event of the anchor's number must still have its hash: so cutting the tail and the head row together shows
    too. Events and head are read by one statement, so writers at work do not look like a break.
    """
    known = AuditHead.objects.filter(id=1).values_list("seq", "hash").first()
    breaks: list[Break] = []
    count, newest, anchored = 0, Anchor(0, GENESIS), anchor is None
    for values, stored, head in _walk():
        seq = values["seq"]
        if len(breaks) < BREAKS_KEPT:
            breaks += _check(values, stored, newest)
        anchored = anchored or (anchor is not None and (seq, stored) == (anchor.seq, anchor.hash))
        newest, known, count = Anchor(seq, stored), head, count + 1
    breaks += _check_head(known, newest)
    if anchor is not None and not anchored:
        breaks.append(Break(anchor.seq, "the event verified earlier is gone or differs: the trail was cut"))
    return Verdict(count, tuple(breaks), newest if count else None)


Head = tuple[int, str] | None


def _walk() -> Iterator[tuple[dict[str, Any], str, Head]]:
    for *values, stored, head_seq, head_hash in _rows().iterator(chunk_size=CHUNK):
        yield dict(zip(CHAINED, values, strict=True)), stored, None if head_seq is None else (head_seq, head_hash)


def _rows() -> QuerySet[AuditEvent, tuple[Any, ...]]:
    head = AuditHead.objects.filter(id=1)
    return (
        AuditEvent.objects.order_by("seq")
        .annotate(head_seq=head.values("seq"), head_hash=head.values("hash"))
        .values_list(*CHAINED, "hash", "head_seq", "head_hash")
    )


def _check(values: dict[str, Any], stored: str, before: Anchor) -> list[Break]:
    found = []
    seq = values["seq"]
    if seq < 1:
        found.append(Break(seq, "this event was put before the first"))
    elif seq != before.seq + 1:
        found.append(Break(before.seq + 1, f"{_events(before.seq + 1, seq - 1)} removed"))
    elif values["previous"] != before.hash:
        found.append(Break(seq, "this event does not follow the one before it: one of the two was put in its place"))
    if not hmac.compare_digest(digest(values), stored):
        found.append(Break(seq, "this event was changed, or was not written by Umlindi"))
    return found


def _check_head(head: Head, newest: Anchor) -> list[Break]:
    if head is None:
        return [Break(newest.seq, "the head row was removed")] if newest.seq else []
    seq, stored = head
    if seq > newest.seq:
        return [Break(newest.seq + 1, f"{_events(newest.seq + 1, seq)} removed from the end")]
    if (seq, stored) != (newest.seq, newest.hash):
        return [Break(newest.seq, "the head row does not name the newest event")]
    return []


def _events(first: int, last: int) -> str:
    return f"event {first} was" if first == last else f"events {first} to {last} were"
