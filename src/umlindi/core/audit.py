"""Law 5: every change of state writes an audit event in the same transaction.

    with audited(actor, "system.changed", system, reason="vendor's letter of 3 May"):
        system.version = "1.12.5"
        system.save(update_fields=["version"])

Each event's hash is an HMAC-SHA-256, under a key that is not in the database, over the event and the hash before it:
who can write to the database can break the chain but not mend it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Model

from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent, AuditHead

GENESIS = "0" * 64
SECRET_FIELDS = frozenset({"password", "digest", "secret"})
CHAIN_LOCK = 0x756D6C69
CHAINED = tuple(field.attname for field in AuditEvent._meta.concrete_fields if field.attname != "hash")


@contextmanager
def audited(actor: Actor, verb: str, row: Model, reason: str = "") -> Iterator[None]:
    """Run a change of `row` and record it, both or neither. For a new row, save it inside the block."""
    with transaction.atomic():
        before = _stored(row)
        yield
        after = _stored(row)
        changed = _changed(before, after)
        record(actor, verb, row, before=changed[0], after=changed[1], reason=reason)


def record(
    actor: Actor,
    verb: str,
    row: Model,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEvent:
    """Append one event. Must run inside the transaction of what it records; writers queue for the chain's lock."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{verb} was recorded outside a transaction")
    head = _lock_head()
    event = AuditEvent(
        seq=head.seq + 1,
        at=datetime.now(UTC),
        actor_kind=actor.kind,
        actor_name=actor.name,
        user_id=actor.user_id,
        token_id=actor.token_id,
        organisation_id=_organisation_of(row),
        verb=verb,
        object_kind=row._meta.label_lower,
        object_id=str(row.pk),
        object_name=str(row)[:300],
        before=_plain(before),
        after=_plain(after),
        reason=reason,
        previous=head.hash,
    )
    event.hash = digest(event)
    event.save(force_insert=True)
    AuditHead.objects.update_or_create(id=1, defaults={"seq": event.seq, "hash": event.hash})
    return event


def _lock_head() -> AuditHead:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    return AuditHead.objects.filter(id=1).first() or AuditHead(id=1, seq=0, hash=GENESIS)


def digest(event: AuditEvent) -> str:
    """The chained hash of an event, over its canonical JSON (keys sorted, times in UTC)."""
    body = {name: getattr(event, name) for name in CHAINED}
    body["at"] = event.at.astimezone(UTC).isoformat(timespec="microseconds")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(settings.AUDIT_KEY.encode(), canonical.encode(), hashlib.sha256).hexdigest()


def _plain(values: dict[str, Any] | None) -> dict[str, Any] | None:
    """As PostgreSQL will give it back, so that the hash is the same before and after."""
    if values is None:
        return None
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return plain


def _stored(row: Model) -> dict[str, Any] | None:
    """The row's fields as they stand in the database, secrets left out; None where it is not there."""
    if row.pk is None:
        return None
    fields = [field.attname for field in row._meta.concrete_fields if field.name not in SECRET_FIELDS]
    return type(row)._base_manager.filter(pk=row.pk).values(*fields).first()


Fields = dict[str, Any] | None


def _changed(before: Fields, after: Fields) -> tuple[Fields, Fields]:
    """For a change, only what changed; for a new or removed row, all of it."""
    if before is None or after is None:
        return before, after
    keys = [key for key in after if before.get(key) != after[key]]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}


def _organisation_of(row: Model) -> int | None:
    """The organisation a row belongs to, by its `scope_path`; None for what belongs to the whole installation."""
    path = getattr(row, "scope_path", "")
    if not path or row.pk is None:
        return None
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name, None)
    return value.pk if isinstance(value, Model) else value


@dataclass(frozen=True, slots=True)
class Break:
    """Where the trail does not hold. `seq` is the first event concerned."""

    seq: int
    what: str


def verify(anchor: tuple[int, str] | None = None) -> tuple[int, list[Break]]:
    """Walk the whole trail. Returns how many events were read and every break.

    `anchor` is a number and hash known from outside the database (an earlier verification): the event of that
    number must still have that hash, so that cutting the tail and the head row together shows too.
    """
    breaks: list[Break] = []
    expected_seq, previous, count = 1, GENESIS, 0
    for event in AuditEvent.objects.order_by("seq").iterator(chunk_size=2000):
        breaks += _check(event, expected_seq, previous)
        expected_seq, previous, count = event.seq + 1, event.hash, count + 1
    return count, breaks + _check_head(expected_seq - 1, previous) + _check_anchor(anchor)


def _check(event: AuditEvent, expected_seq: int, previous: str) -> list[Break]:
    found = []
    if event.seq != expected_seq:
        found.append(Break(expected_seq, f"events {expected_seq} to {event.seq - 1} were removed"))
    elif event.previous != previous:
        found.append(Break(event.seq, "this event does not follow the one before it: it was inserted or replaced"))
    if not hmac.compare_digest(digest(event), event.hash):
        found.append(Break(event.seq, "this event was changed, or was not written by Umlindi"))
    return found


def _check_head(last: int, last_hash: str) -> list[Break]:
    head = AuditHead.objects.filter(id=1).first()
    if head is None:
        return [] if last == 0 else [Break(last, "the head row was removed")]
    if head.seq > last:
        return [Break(last + 1, f"events {last + 1} to {head.seq} were removed from the end")]
    if (head.seq, head.hash) != (last, last_hash):
        return [Break(last, "the head row does not name the newest event")]
    return []


def _check_anchor(anchor: tuple[int, str] | None) -> list[Break]:
    if anchor is None:
        return []
    seq, known = anchor
    found = AuditEvent.objects.filter(seq=seq).values_list("hash", flat=True).first()
    if found == known:
        return []
    return [Break(seq, "the event verified earlier is gone or differs: the trail was cut and written again")]
