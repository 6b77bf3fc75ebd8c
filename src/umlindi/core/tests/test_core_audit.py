"""Law 5: a change and its event are one; the trail cannot be changed, and who can change it cannot hide it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from umlindi.accounts.models import Membership, Organisation, User
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor
from umlindi.core.audit import CHAINED, GENESIS, Subject, audited, digest, record
from umlindi.core.models import AuditEvent, AuditHead
from umlindi.core.verification import verify
from umlindi.testing.estate import make_organisation, make_site, make_system, make_user

pytestmark = pytest.mark.django_db

ACTOR = Actor.house("test")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_change_tells_what_was_before_and_after() -> None:
    system = make_system(version="1.12.4")
    with audited(ACTOR, "system.changed", system, reason="letter of 3 May"):
        system.version = "1.12.5"
        system.save()
    event = AuditEvent.objects.get()
    assert (event.before, event.after) == ({"version": "1.12.4"}, {"version": "1.12.5"})
    assert (event.actor_name, event.verb, event.reason) == ("test", "system.changed", "letter of 3 May")
    assert (event.object_kind, event.object_id) == ("estate.system", str(system.pk))
    assert event.organisation_id == system.site.organisation_id


def test_a_new_row_and_a_removed_one_are_told_whole_and_by_the_same_number() -> None:
    organisation = Organisation(slug="komani", name="Komani")
    with audited(ACTOR, "organisation.added", organisation):
        organisation.save()
    key = str(organisation.pk)
    with audited(ACTOR, "organisation.removed", organisation):
        organisation.delete()
    added, removed = AuditEvent.objects.order_by("seq")
    assert added.before is None
    assert added.after == removed.before
    assert removed.after is None
    assert (added.object_id, removed.object_id, removed.object_name) == (key, key, "Komani")
    assert added.organisation_id == removed.organisation_id == int(key)


def test_a_failed_change_leaves_neither_row_nor_event() -> None:
    site = make_site(name="Before")

    class Broken(Exception):
        pass

    with pytest.raises(Broken), audited(ACTOR, "site.changed", site):
        site.name = "After"
        site.save()
        raise Broken
    site.refresh_from_db()
    assert site.name == "Before"
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside a transaction"):
        record(ACTOR, "x", make_organisation())


def test_no_password_and_no_digest_is_ever_written_down() -> None:
    user = make_user()
    with audited(ACTOR, "person.changed", user):
        user.set_password("another-long-password")
        user.first_name = "Thandi"
        user.save()
    event = AuditEvent.objects.get()
    assert event.after == {"first_name": "Thandi"}
    assert "scrypt" not in str(AuditEvent.objects.values())


def test_an_event_about_a_person_belongs_to_their_organisation_only_where_they_have_just_one() -> None:
    here, there = make_organisation(), make_organisation()
    user = make_user(Role.VIEWER, here)
    assert Subject.of(user).organisation_id == here.pk
    Membership.objects.create(user=user, organisation=there, role=Role.VIEWER)
    assert Subject.of(User.objects.get(pk=user.pk)).organisation_id is None


@settings(max_examples=150, deadline=None)
@given(before=st.dictionaries(st.text(), JSON, max_size=3), name=st.text(), reason=st.text())
def test_whatever_is_recorded_comes_back_with_the_same_hash(before: dict[str, Any], name: str, reason: str) -> None:
    about = Subject("estate.system", "1", name)
    with transaction.atomic():
        seq = record(Actor(name=name), "x", about, before=before, reason=reason).seq
    stored = AuditEvent.objects.filter(seq=seq).values(*CHAINED, "hash").get()
    assert digest({key: stored[key] for key in CHAINED}) == stored["hash"]


def test_each_event_carries_the_hash_of_the_one_before() -> None:
    for _ in range(3):
        record(ACTOR, "x", make_organisation())
    first, second, third = AuditEvent.objects.order_by("seq")
    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert [first.previous, second.previous, third.previous] == [GENESIS, first.hash, second.hash]
    head = AuditHead.objects.get()
    assert (head.seq, head.hash) == (3, third.hash)
    assert verify().whole


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditevent SET reason = 'x'",
        "DELETE FROM core_auditevent",
        "ALTER TABLE core_auditevent ENABLE TRIGGER audit_is_never_emptied; TRUNCATE core_auditevent",
    ],
)
def test_the_database_refuses_to_change_the_trail(statement: str) -> None:
    record(ACTOR, "x", make_organisation())
    with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
        connection.cursor().execute(statement)
    assert AuditEvent.objects.count() == 1
