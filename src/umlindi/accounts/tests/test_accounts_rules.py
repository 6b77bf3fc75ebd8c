"""Laws of roles and sessions, without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from umlindi.accounts.rules import (
    ALL_RIGHTS,
    IDLE_LIMIT,
    RIGHT_WORDS,
    RIGHTS,
    SESSION_LIMIT,
    Role,
    may_grant,
    may_manage,
    rights_of,
    session_over,
)
from umlindi.core.actors import EVERYWHERE, Actor

ORGANISATIONS = st.integers(1, 4)
PLACES = st.just(EVERYWHERE) | ORGANISATIONS
HELD = st.dictionaries(PLACES, st.frozensets(st.sampled_from(Role), min_size=1), max_size=4)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def _actor(held: dict[int, frozenset[Role]]) -> Actor:
    return Actor(name="somebody", rights=_rights(held))


def _rights(held: dict[int, frozenset[Role]]) -> dict[int, frozenset[str]]:
    return {where: rights_of(roles) for where, roles in held.items()}


def test_every_right_is_held_by_somebody_and_the_administrator_lacks_none() -> None:
    assert RIGHTS[Role.ADMINISTRATOR] == ALL_RIGHTS


def test_every_right_is_said_in_words() -> None:
    assert RIGHT_WORDS.keys() == ALL_RIGHTS
    assert len(set(RIGHT_WORDS.values())) == len(ALL_RIGHTS)


@given(held=HELD, role=st.sampled_from(Role), where=PLACES)
def test_nobody_grants_what_they_do_not_hold(held: dict[int, frozenset[Role]], role: Role, where: int) -> None:
    actor = _actor(held)
    if may_grant(actor, role, where):
        assert all(actor.may(right, where) for right in RIGHTS[role])


@given(mine=HELD, theirs=HELD)
def test_nobody_manages_a_person_who_may_do_more(
    mine: dict[int, frozenset[Role]], theirs: dict[int, frozenset[Role]]
) -> None:
    actor = _actor(mine)
    if may_manage(actor, _rights(theirs)):
        other = _actor(theirs)
        assert all(actor.may(right, place) for right in ALL_RIGHTS for place in range(5) if other.may(right, place))


@given(theirs=HELD)
def test_an_administrator_of_one_organisation_manages_nobody_of_another(theirs: dict[int, frozenset[Role]]) -> None:
    local = _actor({1: frozenset({Role.ADMINISTRATOR})})
    assert may_manage(local, _rights(theirs)) == (set(theirs) == {1})


@given(held=HELD)
def test_an_administrator_everywhere_manages_everybody(held: dict[int, frozenset[Role]]) -> None:
    assert may_manage(_actor({EVERYWHERE: frozenset({Role.ADMINISTRATOR})}), _rights(held))


@given(age=st.integers(-86400, 86400 * 3), idle=st.integers(-86400, 86400 * 3))
def test_a_session_ends_by_idleness_or_by_age_and_never_by_a_clock_set_back(age: int, idle: int) -> None:
    over = session_over(NOON, NOON - timedelta(seconds=age), NOON - timedelta(seconds=idle))
    assert over == (age > SESSION_LIMIT.total_seconds() or idle > IDLE_LIMIT.total_seconds())
