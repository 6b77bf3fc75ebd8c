"""Agreeing on windows, changing them, their repetitions and their ends."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.accounts.rules import RIGHTS, Role
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Dependency, Interface, System
from umlindi.testing.estate import make_interface, make_site, make_system
from umlindi.uptime import services
from umlindi.uptime.models import Window
from umlindi.uptime.rules import windows as rules
from umlindi.uptime.rules.timeline import Period
from umlindi.uptime.services import History, Invalid, Wanted
from umlindi.watch.models import Spell

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Africa/Johannesburg")
HOUSE = Actor.house("test")


@pytest.fixture
def system(db: None) -> System:
    return make_system()


def wanted(system: System, **given: Any) -> Wanted:
    usual = Wanted(
        title="Upgrade",
        reason="Security fixes",
        agreed_by="S. Gxowa",
        starts=NOW + HOUR,
        ends=NOW + 3 * HOUR,
        systems=frozenset({system}),
        sites=frozenset(),
    )
    return replace(usual, **given)


def plan(system: System, times: int = 1, **given: Any) -> list[Window]:
    return services.plan(HOUSE, system.site.organisation, wanted(system, **given), ZONE, NOW, times=times)


def test_a_window_is_agreed_and_the_trail_says_what_it_covers(system: System) -> None:
    (window,) = plan(system)
    event = AuditEvent.objects.latest("seq")
    assert (event.verb, event.organisation_id) == ("window.planned", system.site.organisation_id)
    assert event.after is not None
    assert event.after["systems"] == [system.name]
    assert window.state_at(NOW) == "planned"


@pytest.mark.parametrize(
    ("times", "field"),
    [
        ((-1, 1), "starts"),
        ((2, 2), "ends"),
        ((2, 1), "ends"),
        ((1, 24 * 40), "ends"),
    ],
)
def test_a_window_is_agreed_beforehand_and_ends_after_it_starts(
    system: System, times: tuple[int, int], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        plan(system, starts=NOW + times[0] * HOUR, ends=NOW + times[1] * HOUR)
    assert set(caught.value.complaints) == {field}


def test_a_window_covers_something_of_its_own_organisation(system: System) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"systems": frozenset()},
        {"sites": frozenset({make_site()})},
        {"systems": frozenset({make_system()})},
    )
    for covers in wrong:
        with pytest.raises(Invalid) as caught:
            plan(system, **covers)
        assert set(caught.value.complaints) == {"systems"}


def test_only_who_may_agrees(system: System) -> None:
    viewer = Actor("v", rights={system.site.organisation_id: RIGHTS[Role.VIEWER]})
    (window,) = plan(system)
    for verb in (
        lambda: services.plan(viewer, system.site.organisation, wanted(system), ZONE, NOW),
        lambda: services.change(viewer, window, wanted(system), "", NOW),
        lambda: services.cancel(viewer, window, "", NOW),
        lambda: services.end(viewer, window, "", NOW),
    ):
        with pytest.raises(Forbidden):
            verb()


def test_before_it_begins_anything_changes(system: System) -> None:
    (window,) = plan(system)
    other = make_system(system.site)
    services.change(HOUSE, window, wanted(other, starts=NOW + 5 * HOUR, ends=NOW + 6 * HOUR), "vendor is late", NOW)
    window.refresh_from_db()
    assert (window.starts, [*window.systems.all()]) == (NOW + 5 * HOUR, [other])
    event = AuditEvent.objects.latest("seq")
    assert event.after is not None
    assert event.before is not None
    assert (event.before["systems"], event.after["systems"]) == ([system.name], [other.name])
    assert (event.verb, event.reason) == ("window.changed", "vendor is late")


def test_once_begun_only_its_end_moves_and_with_a_reason(system: System) -> None:
    (window,) = plan(system)
    during = NOW + 2 * HOUR
    longer = wanted(make_system(system.site), title="Other", ends=NOW + 5 * HOUR)
    with pytest.raises(Invalid) as caught:
        services.change(HOUSE, window, longer, " ", during)
    assert set(caught.value.complaints) == {"change_reason"}
    services.change(HOUSE, window, longer, "index rebuild", during)
    window.refresh_from_db()
    assert (window.title, window.ends, [*window.systems.all()]) == ("Upgrade", NOW + 5 * HOUR, [system])
    with pytest.raises(Invalid):
        services.change(HOUSE, window, replace(longer, ends=during - HOUR / 2), "no", during)
    with pytest.raises(Invalid):
        services.cancel(HOUSE, window, "no", during)


def test_ended_by_hand_it_is_history_with_the_systems_it_covered(system: System) -> None:
    ris = make_system(system.site)
    Dependency.objects.create(system=ris, needs=system)
    (window,) = plan(system)
    with pytest.raises(Invalid):
        services.end(HOUSE, window, "", NOW)
    ended = services.end(HOUSE, window, "done", NOW + 2 * HOUR)
    assert (ended.state, ended.ends, ended.covered) == ("closed", NOW + 2 * HOUR, sorted([system.pk, ris.pk]))
    Dependency.objects.all().delete()
    ended.refresh_from_db()
    assert ended.covered == sorted([system.pk, ris.pk])
    for verb in (
        lambda: services.end(HOUSE, window, "", NOW + 2 * HOUR),
        lambda: services.cancel(HOUSE, window, "", NOW + 2 * HOUR),
        lambda: services.change(HOUSE, window, wanted(system), "x", NOW + 2 * HOUR),
    ):
        with pytest.raises(History):
            verb()


def test_a_window_that_is_over_is_history_before_any_job_has_noted_it(system: System) -> None:
    (window,) = plan(system)
    with pytest.raises(History):
        services.change(HOUSE, window, wanted(system), "x", NOW + 4 * HOUR)


def test_a_series_is_cancelled_one_by_one_or_all_that_is_left(system: System) -> None:
    weeks = plan(system, times=4)
    assert [week.starts - weeks[0].starts for week in weeks] == [timedelta(weeks=n) for n in range(4)]
    assert len({week.series for week in weeks}) == 1
    services.cancel(HOUSE, weeks[0], "holiday", NOW)
    assert [*Window.objects.values_list("state", flat=True)] == ["cancelled", *["planned"] * 3]
    assert len(services.cancel(HOUSE, weeks[2], "no longer", NOW, rest=True)) == 2
    assert [*Window.objects.values_list("state", flat=True)] == ["cancelled", "planned", "cancelled", "cancelled"]


@given(st.integers(0, 365 * 24 * 60), st.integers(1, 600), st.sampled_from(["Europe/Berlin", "America/New_York"]))
def test_a_series_keeps_the_time_on_the_wall_where_the_clocks_change(start: int, length: int, name: str) -> None:
    zone, starts = ZoneInfo(name), NOW + timedelta(minutes=start)
    ends = starts + timedelta(minutes=length)
    weeks = list(rules.weekly(starts, ends, zone, 53))
    assert weeks[0] == (starts, ends)
    assert {end - begin for begin, end in weeks} == {ends - starts}
    walls = [begin.astimezone(zone).time() for begin, _ in weeks]
    assert sum(wall != walls[0] for wall in walls) <= 1, "at most the night that has no such hour"
    assert all(later > earlier for (earlier, _), (later, _) in itertools.pairwise(weeks))


def test_the_job_notes_what_began_and_what_is_over(system: System) -> None:
    (_window,) = plan(system)
    assert services.keep_up(HOUSE, NOW) == []
    assert [one.state for one in services.keep_up(HOUSE, NOW + HOUR)] == ["active"]
    assert services.keep_up(HOUSE, NOW + 2 * HOUR) == []
    (closed,) = services.keep_up(HOUSE, NOW + 9 * HOUR)
    assert (closed.state, closed.ends, closed.covered) == ("closed", NOW + 3 * HOUR, [system.pk])
    verbs = AuditEvent.objects.order_by("seq").values_list("verb", flat=True)
    assert [*verbs] == ["window.planned", "window.opened", "window.closed"]


def test_a_clock_that_jumps_back_reopens_nothing(system: System) -> None:
    (window,) = plan(system)
    services.keep_up(HOUSE, NOW + 4 * HOUR)
    window.refresh_from_db()
    assert window.state_at(NOW + 2 * HOUR) == "closed"
    assert services.keep_up(HOUSE, NOW + 2 * HOUR) == []


# Ending on recovery

WINDOW = Period(NOW, NOW + 4 * HOUR)
GRACE = timedelta(minutes=15)


def at(*minutes: float) -> Period:
    return Period(NOW + timedelta(minutes=minutes[0]), NOW + timedelta(minutes=minutes[1]))


@pytest.mark.parametrize(
    ("outs", "now", "ends"),
    [
        ([], 120, None),
        ([(-30, -5)], 120, None),
        ([(10, 40)], 50, None),
        ([(10, 40)], 55, 55),
        ([(10, 40)], 200, 55),
        ([(10, 40), (50, 60)], 70, None),
        ([(10, 40), (50, 60)], 80, 75),
        ([(10, 40), (56, 60)], 80, 55),
        ([(10, 30), (20, 40)], 55, 55),
        ([(10, 230)], 240, None),
        ([(10, 60)], 60, None),
    ],
)
def test_it_ends_a_grace_after_all_it_covers_is_up_again(
    outs: list[tuple[float, float]], now: float, ends: float | None
) -> None:
    expected = None if ends is None else NOW + timedelta(minutes=ends)
    assert rules.recovered_at([at(*out) for out in outs], WINDOW, GRACE, NOW + timedelta(minutes=now)) == expected


def spells(interface: Interface, *edges: tuple[str, float, float | None]) -> None:
    for condition, since, until in edges:
        Spell.objects.create(
            interface=interface,
            condition=condition,
            since=NOW + timedelta(minutes=since),
            until=None if until is None else NOW + timedelta(minutes=until),
            probed_at=NOW + timedelta(minutes=until if until is not None else 200),
        )


def test_the_job_ends_it_where_it_recovered_however_late_it_runs(system: System) -> None:
    spells(make_interface(system), ("up", -60, 70), ("down", 70, 100), ("up", 100, None))
    (window,) = plan(system, ends_on_recovery=True)
    services.keep_up(HOUSE, NOW + timedelta(minutes=110))
    window.refresh_from_db()
    assert window.state == "active"
    services.keep_up(HOUSE, NOW + timedelta(minutes=170))
    window.refresh_from_db()
    assert (window.state, window.ends) == ("closed", NOW + timedelta(minutes=115))
    assert AuditEvent.objects.latest("seq").reason == "everything it covers is up again"


def test_what_is_not_heard_from_has_not_recovered(system: System) -> None:
    interface = make_interface(system)
    spells(interface, ("down", 70, 80), ("unknown", 80, None))
    (window,) = plan(system, ends_on_recovery=True)
    services.keep_up(HOUSE, NOW + timedelta(minutes=170))
    window.refresh_from_db()
    assert window.state == "active"
