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
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Manager, Model

from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent, AuditHead

GENESIS = "0" * 64
SECRET_FIELDS = frozenset({"password", "digest", "secret"})
# What authentication writes by itself at each sign-in or request; the sign-in is an event of its own.
UNRECORDED_FIELDS = SECRET_FIELDS | {"last_login", "last_used_at"}
CHAINED = tuple(field.attname for field in AuditEvent._meta.concrete_fields if field.attname != "hash")

Fields = dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about. `organisation_id` None is what belongs to the whole installation."""

    kind: str
    id: str
    name: str
    organisation_id: int | None = None

    @classmethod
    def of(cls, row: Model) -> Subject:
        return cls(row._meta.label_lower, str(row.pk), str(row), _organisation_of(row))


@contextmanager
def audited(actor: Actor, verb: str, row: Model, reason: str = "") -> Iterator[None]:
    """Run a change of `row` and record it, both or neither. For a new row, save it inside the block; a row may also
    be deleted in it."""
    with transaction.atomic():
        before = _stored(row)
        subject = Subject.of(row) if before else None
        yield
        after = _stored(row)
        old, new = _changed(before, after)
        record(actor, verb, Subject.of(row) if after or not subject else subject, before=old, after=new, reason=reason)


def record(
    actor: Actor,
    verb: str,
    about: Model | Subject,
    *,
    before: Fields = None,
    after: Fields = None,
    reason: str = "",
) -> AuditEvent:
    """Append one event. Must run inside the transaction of what it records; writers queue for the chain's head
    until that transaction ends, so record last and end soon."""
    if not connection.in_atomic_block:
        raise RuntimeError(f"{verb} was recorded outside a transaction")
    subject = about if isinstance(about, Subject) else Subject.of(about)
    head = _lock_head()
    event = AuditEvent(
        seq=head.seq + 1,
        at=datetime.now(UTC),
        actor_kind=actor.kind,
        actor_name=_storable(actor.name)[:200],
        user_id=actor.user_id,
        token_id=actor.token_id,
        organisation_id=subject.organisation_id,
        verb=verb,
        object_kind=subject.kind,
        object_id=subject.id,
        object_name=_storable(subject.name)[:300],
        before=_plain(before),
        after=_plain(after),
        reason=_storable(reason),
        previous=head.hash,
    )
    event.hash = digest({name: getattr(event, name) for name in CHAINED})
    event.save(force_insert=True)
    AuditHead.objects.filter(id=1).update(seq=event.seq, hash=event.hash)
    return event


def digest(values: Mapping[str, Any]) -> str:
    """The chained hash of an event's values, over their canonical JSON (keys sorted, times in UTC)."""
    at = values["at"].astimezone(UTC).isoformat(timespec="microseconds")
    canonical = json.dumps({**values, "at": at}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(_key(), canonical.encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    if not settings.AUDIT_KEY:
        raise ImproperlyConfigured("The audit key is missing: an event hashed without it would prove nothing.")
    key: str = settings.AUDIT_KEY
    return key.encode()


def _lock_head() -> AuditHead:
    """The chain's newest event, locked until the transaction ends. Two writers at once would fork the chain."""
    head = AuditHead.objects.select_for_update().filter(id=1).first()
    if head is not None:
        return head
    AuditHead.objects.bulk_create([AuditHead(id=1, seq=0, hash=GENESIS)], ignore_conflicts=True)
    return AuditHead.objects.select_for_update().get(id=1)


def _plain(values: Fields) -> Fields:
    """As PostgreSQL will give it back, so that the hash is the same before and after."""
    return None if values is None else _canonical(json.loads(json.dumps(values, cls=DjangoJSONEncoder)))


def _canonical(value: Any) -> Any:
    """jsonb keeps numbers as decimals: 1e22 comes back as a whole number, so a whole number it is from the start."""
    match value:
        case dict():
            return {_storable(key): _canonical(each) for key, each in value.items()}
        case list():
            return [_canonical(each) for each in value]
        case str():
            return _storable(value)
        case float() if value.is_integer():
            return int(value)
        case float() if not math.isfinite(value):
            return str(value)
    return value


def _storable(text: str) -> str:
    """PostgreSQL stores neither NUL nor half a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _stored(row: Model) -> Fields:
    """The row's fields as they stand in the database, secrets left out, and what its model names `unrecorded`: the
    trail keeps for ever what it is told. None where it is not there."""
    if row.pk is None:
        return None
    left_out = UNRECORDED_FIELDS | getattr(row, "unrecorded", frozenset())
    fields = [field.attname for field in row._meta.concrete_fields if field.name not in left_out]
    return row._meta.model._base_manager.filter(pk=row.pk).values(*fields).first()


def _changed(before: Fields, after: Fields) -> tuple[Fields, Fields]:
    """For a change, only what changed; for a new or removed row, all of it."""
    if before is None or after is None:
        return before, after
    keys = [key for key in after if before.get(key) != after[key]]
    return {key: before.get(key) for key in keys}, {key: after[key] for key in keys}


def _organisation_of(row: Model) -> int | None:
    """The organisation a row belongs to, by its `scope_path`; None where it is none, or more than one."""
    path = getattr(row, "scope_path", "")
    if not path or row.pk is None:
        return None
    value: Any = row
    names = path.split("__")
    for position, name in enumerate(names):
        value = getattr(value, name, None)
        if isinstance(value, Manager):
            return _only_one(value, "__".join(names[position + 1 :]))
    organisation_id: int | None = value.pk if isinstance(value, Model) else value
    return organisation_id


def _only_one(rows: Manager[Any], path: str) -> int | None:
    found = set(rows.values_list(path, flat=True))
    return found.pop() if len(found) == 1 else None
