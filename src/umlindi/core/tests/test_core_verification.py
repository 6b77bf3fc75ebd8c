"""`audit verify` against somebody with the database's superuser password."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from umlindi.core.actors import Actor
from umlindi.core.audit import Subject, record
from umlindi.core.models import AuditEvent
from umlindi.core.queries import last_verification
from umlindi.core.services import verify_trail
from umlindi.core.verification import Anchor, Verdict, verify
from umlindi.house.testing import superuser_url

pytestmark = pytest.mark.django_db(transaction=True)

ACTOR = Actor.house("test")
ABOUT = Subject("estate.system", "7", "Komani archive", 3)
REST = ", ".join(field.attname for field in AuditEvent._meta.concrete_fields if field.attname != "seq")
CUT = "the event verified earlier is gone or differs: the trail was cut"
Attack = Callable[..., None]


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Path:
    settings.UMLINDI_HOME = tmp_path
    return tmp_path


@pytest.fixture
def attack() -> Iterator[Attack]:
    """Runs statements as the superuser, with the trail's trigger switched off."""
    name = str(connection.settings_dict["NAME"])

    def run(*statements: str, values: dict[str, Any] | None = None) -> None:
        with psycopg.connect(superuser_url(name)) as intruder:
            intruder.execute("ALTER TABLE core_auditevent DISABLE TRIGGER audit_is_never_changed")
            for statement in statements:
                intruder.execute(statement, values)
            intruder.execute("ALTER TABLE core_auditevent ENABLE TRIGGER audit_is_never_changed")

    yield run


@pytest.fixture
def trail() -> list[AuditEvent]:
    return [_event(f"step {number}") for number in range(1, 8)]


def _event(reason: str) -> AuditEvent:
    with transaction.atomic():
        return record(ACTOR, "system.changed", ABOUT, before={"port": 104}, after={"port": 11112}, reason=reason)


def _told(verdict: Verdict) -> list[tuple[int, str]]:
    return [(each.seq, each.what) for each in verdict.breaks]


@pytest.mark.usefixtures("trail")
def test_an_untouched_trail_is_whole() -> None:
    verdict = verify()
    assert (verdict.events, verdict.breaks) == (7, ())
    assert verdict.newest
    assert verdict.newest.seq == 7


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize(
    "change",
    [
        "reason = 'nothing happened'",
        "actor_name = 'somebody else'",
        "at = at - interval '1 day'",
        "before = '{\"port\": 105}'",
        "organisation_id = NULL",
        "user_id = 5",
        "hash = repeat('0', 64)",
    ],
)
def test_a_changed_event_is_found(attack: Attack, change: str) -> None:
    attack(f"UPDATE core_auditevent SET {change} WHERE seq = 4")
    assert 4 in {seq for seq, _ in _told(verify())}


@pytest.mark.usefixtures("trail")
def test_a_removed_event_is_found(attack: Attack) -> None:
    attack("DELETE FROM core_auditevent WHERE seq = 4")
    assert _told(verify()) == [(4, "event 4 was removed")]


@pytest.mark.usefixtures("trail")
def test_a_removed_event_is_found_where_the_later_ones_were_renumbered(attack: Attack) -> None:
    attack(
        "DELETE FROM core_auditevent WHERE seq = 4",
        *(f"UPDATE core_auditevent SET seq = seq - 1 WHERE seq = {seq}" for seq in (5, 6, 7)),
        "UPDATE core_audithead SET seq = 6",
    )
    assert {4, 5, 6} <= {seq for seq, _ in _told(verify())}


@pytest.mark.usefixtures("trail")
def test_an_inserted_event_is_found(attack: Attack) -> None:
    attack(f"INSERT INTO core_auditevent (seq, {REST}) SELECT 8, {REST} FROM core_auditevent WHERE seq = 7")
    assert _told(verify()) == [
        (8, "this event does not follow the one before it: one of the two was put in its place"),
        (8, "this event was changed, or was not written by Umlindi"),
        (8, "the head row does not name the newest event"),
    ]


@pytest.mark.usefixtures("trail")
def test_an_event_put_in_the_place_of_another_is_found(attack: Attack) -> None:
    attack(
        "DELETE FROM core_auditevent WHERE seq = 4",
        f"INSERT INTO core_auditevent (seq, {REST}) SELECT 4, {REST} FROM core_auditevent WHERE seq = 3",
    )
    assert {4, 5} <= {seq for seq, _ in _told(verify())}


@pytest.mark.usefixtures("trail")
def test_a_cut_tail_is_found_by_the_head(attack: Attack) -> None:
    attack("DELETE FROM core_auditevent WHERE seq > 5")
    assert _told(verify()) == [(6, "events 6 to 7 were removed from the end")]


@pytest.mark.usefixtures("trail")
def test_a_removed_head_and_an_emptied_trail_are_found(attack: Attack) -> None:
    attack("DELETE FROM core_auditevent")
    assert _told(verify()) == [(1, "events 1 to 7 were removed from the end")]
    attack("DELETE FROM core_audithead")
    assert verify().whole
    assert _told(verify(Anchor(7, "f" * 64))) == [
        (7, "the event verified earlier is gone or differs: the trail was cut")
    ]


@pytest.mark.usefixtures("home")
def test_a_tail_cut_together_with_the_head_row_is_found_by_the_anchor(attack: Attack, trail: list[AuditEvent]) -> None:
    assert verify_trail(ACTOR, timezone.now()).whole
    keep = trail[4]
    attack(
        "DELETE FROM core_auditevent WHERE seq > 5",
        "UPDATE core_audithead SET seq = 5, hash = %(hash)s",
        values={"hash": keep.hash},
    )
    assert verify().whole
    found = verify_trail(ACTOR, timezone.now())
    assert _told(found) == [(7, CUT)]


@pytest.mark.usefixtures("trail")
def test_each_verification_is_an_event_and_a_whole_trail_is_the_next_anchor(home: Path, attack: Attack) -> None:
    verify_trail(ACTOR, timezone.now())
    verify_trail(ACTOR, timezone.now())
    lines = [json.loads(line) for line in (home / "audit-anchor.json").read_text().splitlines()]
    assert [line["seq"] for line in lines] == [7, 8]
    assert (home / "audit-anchor.json").stat().st_mode & 0o777 == 0o600
    attack("UPDATE core_auditevent SET reason = 'x' WHERE seq = 2")
    verify_trail(ACTOR, timezone.now())
    last = last_verification()
    assert last
    assert (last.whole, last.breaks[0]["seq"]) == (False, 2)
    assert len((home / "audit-anchor.json").read_text().splitlines()) == 2


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize("damage", ["", "not json\n", '{"seq": 7}\n', "[1]\n"])
def test_a_damaged_anchor_file_is_a_break_and_not_a_crash(home: Path, damage: str) -> None:
    (home / "audit-anchor.json").write_text(damage)
    verdict = verify_trail(ACTOR, timezone.now())
    assert not verdict.whole
    assert "is not what an earlier verification wrote" in verdict.breaks[0].what


def test_writers_at_once_make_one_chain() -> None:
    def write() -> None:
        for _ in range(15):
            _event("at once")
        connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert verify().whole
    for writer in writers:
        writer.join()
    assert verify() == Verdict(60, (), verify().newest)


def test_a_hundred_thousand_events_are_verified_in_less_than_ten_seconds() -> None:
    seed = _event("seed")
    copies = 20_000
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO core_auditevent (seq, {REST})"
            f" SELECT 1 + n, {REST} FROM core_auditevent, generate_series(1, %s) n WHERE seq = %s",
            [copies, seed.seq],
        )
    started = time.perf_counter()
    assert verify().events == copies + 1
    assert time.perf_counter() - started < 10 * copies / 100_000
