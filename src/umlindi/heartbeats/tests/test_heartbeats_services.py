"""Pings, ticks and people's verbs on a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent, Beat
from umlindi.estate.models import System
from umlindi.heartbeats import services
from umlindi.heartbeats.models import Heartbeat, Ping
from umlindi.heartbeats.rules.states import Signal
from umlindi.heartbeats.services import Given, Report
from umlindi.heartbeats.services.pinging import BODY_KEPT, KEPT, cleaned
from umlindi.testing.estate import make_organisation, make_site, make_system
from umlindi.watch.models import Outage

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OK, START, FAIL = Report(Signal.SUCCESS), Report(Signal.START), Report(Signal.FAIL, 3)


def given_(name: str = "Nightly backup", system: System | None = None, **told: object) -> Given:
    values = {
        "name": name,
        "system": system,
        "period": HOUR,
        "cron": "",
        "timezone": "Africa/Johannesburg",
        "grace": 10 * MINUTE,
        "starts": None,
        "condition": "down",
        "next_step": "Ring the person who keeps the backups.",
    }
    return Given(**(values | told))  # type: ignore[arg-type]


def beat(organisation: Organisation | None = None, now: datetime = NOON, **told: object) -> Heartbeat:
    return services.add(HOUSE, organisation or make_organisation(), given_(**told), now)  # type: ignore[arg-type]


def outages(heartbeat: Heartbeat) -> list[Outage]:
    return list(Outage.objects.filter(key=heartbeat.key).order_by("since"))


def test_one_that_reports_in_time_makes_no_outage() -> None:
    heartbeat = beat()
    for number in range(5):
        assert services.ping(heartbeat.secret, OK, NOON + number * HOUR)
        services.tick(NOON + number * HOUR + 59 * MINUTE)
    heartbeat.refresh_from_db()
    assert (heartbeat.state, heartbeat.pings) == ("up", 5)
    assert outages(heartbeat) == []


def test_one_that_is_missed_is_an_outage_from_when_it_was_too_late_until_the_next_good_ping() -> None:
    system = make_system()
    heartbeat = beat(system.site.organisation, system=system)
    services.ping(heartbeat.secret, OK, NOON)
    services.tick(NOON + HOUR + 5 * MINUTE)
    heartbeat.refresh_from_db()
    assert heartbeat.state == "late"
    services.tick(NOON + HOUR + 11 * MINUTE)
    services.tick(NOON + HOUR + 12 * MINUTE)
    (outage,) = outages(heartbeat)
    assert (outage.kind, outage.system, outage.site, outage.until) == ("heartbeat", system, system.site, None)
    assert outage.since == NOON + HOUR + 10 * MINUTE
    assert str(outage) == (
        f"Nightly backup of {system.name} has not reported since 24 Nov 12:00; expected by 24 Nov 13:10, every hour"
    )
    assert outage.fix == "Ring the person who keeps the backups."
    assert outage.first["steps"][0]["code"] == "MISSING"
    services.ping(heartbeat.secret, OK, NOON + 3 * HOUR)
    (outage,) = outages(heartbeat)
    assert outage.until == NOON + 3 * HOUR


def test_several_days_without_anybody_looking_are_one_outage_with_the_right_since() -> None:
    looked, pinged = beat(), beat()
    for heartbeat in (looked, pinged):
        services.ping(heartbeat.secret, OK, NOON)
    services.tick(NOON + 5 * DAY)
    services.ping(pinged.secret, OK, NOON + 5 * DAY)
    for heartbeat in (looked, pinged):
        (outage,) = outages(heartbeat)
        assert outage.since == NOON + HOUR + 10 * MINUTE


def test_a_ping_that_comes_before_anybody_looked_leaves_the_outage_that_was() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, OK, NOON)
    services.ping(heartbeat.secret, OK, NOON + DAY)
    (outage,) = outages(heartbeat)
    assert (outage.since, outage.until) == (NOON + HOUR + 10 * MINUTE, NOON + DAY)


def test_a_failure_is_an_outage_at_once_and_success_ends_it() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, OK, NOON)
    services.ping(heartbeat.secret, FAIL, NOON + 30 * MINUTE)
    services.ping(heartbeat.secret, FAIL, NOON + 40 * MINUTE)
    (outage,) = outages(heartbeat)
    assert outage.headline == "reported a failure with exit code 3 at 24 Nov 12:30"
    assert outage.first["steps"][0]["code"] == "EXIT 3"
    services.ping(heartbeat.secret, START, NOON + 50 * MINUTE)
    assert outages(heartbeat)[0].until is None
    services.ping(heartbeat.secret, OK, NOON + 55 * MINUTE)
    assert outages(heartbeat)[0].until == NOON + 55 * MINUTE


def test_a_run_is_measured_from_start_to_success_and_too_long_a_one_is_an_outage() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, START, NOON)
    services.ping(heartbeat.secret, OK, NOON + 90 * timedelta(seconds=1))
    assert Ping.objects.get(heartbeat=heartbeat, signal="success").runtime == timedelta(seconds=90)
    services.ping(heartbeat.secret, START, NOON + 20 * MINUTE)
    services.tick(NOON + 31 * MINUTE)
    (outage,) = outages(heartbeat)
    assert outage.headline.startswith("started at 24 Nov 12:20 and has not finished; expected by 24 Nov 12:30")


def test_a_clock_set_back_ends_no_outage_and_measures_no_negative_run() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, START, NOON)
    services.ping(heartbeat.secret, OK, NOON - HOUR)
    assert Ping.objects.get(heartbeat=heartbeat, signal="success").runtime is None
    services.tick(NOON + 11 * MINUTE)
    services.tick(NOON - 2 * HOUR)
    (outage,) = outages(heartbeat)
    assert outage.until is None
    services.ping(heartbeat.secret, OK, NOON - 2 * HOUR)
    (outage,) = outages(heartbeat)
    assert outage.until is not None


def test_what_never_reported_is_left_alone_unless_it_has_a_start_date() -> None:
    quiet, awaited = beat(), beat(starts=NOON + DAY)
    services.tick(NOON + 9 * DAY)
    assert outages(quiet) == []
    assert [outage.since for outage in outages(awaited)] == [NOON + DAY + 10 * MINUTE]


def test_a_log_line_is_kept_and_changes_nothing() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, Report(Signal.LOG, body=b"halfway"), NOON)
    heartbeat.refresh_from_db()
    assert (heartbeat.state, heartbeat.good_at) == ("new", None)
    assert Ping.objects.get().body == "halfway"


def test_an_unknown_link_is_unknown_and_a_ping_takes_a_handful_of_queries() -> None:
    assert not services.ping(uuid4(), OK, NOON)
    heartbeat = beat()
    services.ping(heartbeat.secret, OK, NOON)
    with CaptureQueriesContext(
        connection,
    ) as taken:
        services.ping(heartbeat.secret, OK, NOON + MINUTE)
    assert [query["sql"].split()[0] for query in taken if "SAVEPOINT" not in query["sql"]] == [
        "SELECT",
        "UPDATE",
        "INSERT",
    ]


def test_a_tick_with_nothing_due_is_cheap_whatever_the_number_of_heartbeats() -> None:
    organisation = make_organisation()
    far = NOON + DAY
    Heartbeat.objects.bulk_create(
        [
            Heartbeat(organisation=organisation, name=f"{n}", period=DAY, state="up", good_at=NOON, judge_at=far)
            for n in range(2000)
        ]
    )
    services.tick(NOON)
    with CaptureQueriesContext(connection) as taken:
        services.tick(NOON + timedelta(seconds=5))
    assert len([query for query in taken if "SAVEPOINT" not in query["sql"]]) < 12


def test_many_that_are_missed_at_once_are_each_told() -> None:
    organisation = make_organisation()
    Heartbeat.objects.bulk_create(
        [
            Heartbeat(
                organisation=organisation, name=f"{n}", period=HOUR, state="up", good_at=NOON, judge_at=NOON + HOUR
            )
            for n in range(450)
        ]
    )
    services.tick(NOON + DAY)
    assert Outage.objects.filter(kind="heartbeat", until=None).count() == 450
    assert Heartbeat.objects.filter(state="down", judge_at=None).count() == 450


def test_only_the_newest_hundred_reports_are_kept() -> None:
    heartbeat = beat()
    for second in range(250):
        services.ping(heartbeat.secret, OK, NOON + timedelta(seconds=second))
    assert KEPT <= Ping.objects.count() < KEPT + 20
    assert Ping.objects.latest("number").number == 250


def test_pausing_ends_an_outage_and_resuming_awaits_the_next() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, FAIL, NOON)
    services.pause(HOUSE, heartbeat, NOON + MINUTE)
    assert (outages(heartbeat)[0].until, outages(heartbeat)[0].ended) == (NOON + MINUTE, "it was paused")
    services.tick(NOON + 9 * DAY)
    services.resume(HOUSE, heartbeat, NOON + 9 * DAY)
    services.tick(NOON + 9 * DAY + HOUR)
    assert len(outages(heartbeat)) == 1
    services.tick(NOON + 9 * DAY + 71 * MINUTE)
    assert outages(heartbeat)[1].since == NOON + 9 * DAY + 70 * MINUTE


def test_a_longer_grace_mends_at_once_what_it_makes_right() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, OK, NOON)
    services.tick(NOON + 2 * HOUR)
    services.change(HOUSE, heartbeat, given_(grace=5 * HOUR), NOON + 2 * HOUR)
    assert outages(heartbeat)[0].until == NOON + 2 * HOUR


def test_a_new_link_makes_the_old_one_unknown_and_neither_is_in_the_trail() -> None:
    heartbeat = beat()
    old = heartbeat.secret
    new = services.rotate(HOUSE, heartbeat).secret
    assert not services.ping(old, OK, NOON)
    assert services.ping(new, OK, NOON)
    trail = str(list(AuditEvent.objects.values()))
    assert str(old) not in trail
    assert str(new) not in trail


def test_what_is_removed_ends_its_outage_which_stays() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, FAIL, NOON)
    key = heartbeat.key
    services.remove(HOUSE, heartbeat, NOON + MINUTE)
    assert Outage.objects.get(key=key).until == NOON + MINUTE
    assert not Heartbeat.objects.exists()


def test_every_verb_leaves_an_event_and_asks_for_the_right() -> None:
    heartbeat = beat()
    stranger = Actor("stranger", rights={heartbeat.organisation_id + 1: frozenset({"*"})})
    for verb in (services.pause, services.resume, services.remove):
        with pytest.raises(Forbidden):
            verb(stranger, heartbeat, NOON)
    with pytest.raises(Forbidden):
        services.rotate(stranger, heartbeat)
    services.change(HOUSE, heartbeat, given_(name="Other"), NOON)
    services.pause(HOUSE, heartbeat, NOON)
    services.resume(HOUSE, heartbeat, NOON)
    services.rotate(HOUSE, heartbeat)
    services.remove(HOUSE, heartbeat, NOON)
    told = AuditEvent.objects.filter(organisation_id=heartbeat.organisation_id).order_by("seq")
    assert list(told.values_list("verb", flat=True)) == [
        "heartbeat.added",
        "heartbeat.changed",
        "heartbeat.paused",
        "heartbeat.resumed",
        "heartbeat.link_renewed",
        "heartbeat.removed",
    ]


def test_two_of_one_name_are_refused_in_one_organisation_only() -> None:
    heartbeat = beat()
    with pytest.raises(services.NameTaken):
        beat(heartbeat.organisation)
    assert beat(make_organisation()).name == heartbeat.name


def test_what_a_program_says_is_kept_without_what_looks_like_a_patient() -> None:
    said = b"stored 12 studies\r\nPatientName: Mokoena^Thabo\nID 8001015009087\n\x00\x1b[31mdone\xff"
    kept = cleaned(said)
    assert kept.startswith("stored 12 studies\n")
    assert not {"Mokoena", "Thabo", "8001015009087", "\x00", "\x1b"} & set(kept.replace("\n", " ").split(" "))
    assert "Mokoena" not in kept
    assert kept.endswith("[31mdone\N{REPLACEMENT CHARACTER}")


def test_a_name_that_is_cut_is_removed_first() -> None:
    long = b"x" * (BODY_KEPT - 20) + b"\nPatientName: Mokoena^Thabo"
    assert "Mok" not in cleaned(long)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.binary(max_size=3000))
def test_any_bytes_can_be_said(body: bytes) -> None:
    heartbeat = Heartbeat.objects.first() or beat()
    assert services.ping(heartbeat.secret, Report(Signal.SUCCESS, body=body), NOON)


def test_a_site_of_the_system_is_the_outages() -> None:
    site = make_site()
    heartbeat = beat(site.organisation, system=make_system(site))
    services.ping(heartbeat.secret, FAIL, NOON)
    assert outages(heartbeat)[0].site == site


def web(started: datetime, at: datetime, *, ended: bool = False) -> None:
    about = {"name": "web", "host": "h", "pid": 1, "version": "1", "started_at": started, "at": at}
    Beat.objects.create(**about, ended_at=at if ended else None)


@pytest.mark.parametrize("ended", [True, False])
def test_what_may_have_reported_while_nobody_could_hear_is_unknown_and_down_when_the_next_is_missed(
    ended: bool,
) -> None:
    heartbeat = beat(period=DAY)
    services.ping(heartbeat.secret, OK, NOON)
    back = NOON + DAY + 5 * HOUR
    web(NOON - DAY, NOON + DAY - HOUR, ended=ended)
    web(back, NOON + 3 * DAY)
    services.tick(back + MINUTE)
    (outage,) = outages(heartbeat)
    assert (outage.condition, outage.since) == ("unknown", NOON + DAY + 10 * MINUTE)
    assert outage.cause == "It may have reported: Umlindi could not be reached from 25 Nov 11:00 to 25 Nov 17:00"
    services.tick(back + DAY)
    assert outages(heartbeat)[0].condition == "unknown"
    services.tick(back + DAY + 12 * MINUTE)
    (outage,) = outages(heartbeat)
    assert (outage.condition, outage.cause, outage.until) == ("down", "", None)
    services.tick(back + DAY + 13 * MINUTE)
    heartbeat.refresh_from_db()
    assert (heartbeat.judge_at, heartbeat.doubtful) == (None, False)
    services.ping(heartbeat.secret, OK, NOON + 3 * DAY)
    assert outages(heartbeat)[0].until == NOON + 3 * DAY


def test_what_could_be_heard_all_the_time_is_down() -> None:
    heartbeat = beat()
    services.ping(heartbeat.secret, OK, NOON)
    web(NOON - DAY, NOON + 30 * MINUTE)
    web(NOON + 30 * MINUTE + timedelta(seconds=20), NOON + 3 * HOUR)
    services.tick(NOON + 3 * HOUR)
    assert outages(heartbeat)[0].condition == "down"
