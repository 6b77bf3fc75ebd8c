"""When a heartbeat is due, how it stands, and what it says: laws over all schedules, zones and clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.heartbeats.rules.schedules import EARLY, BadCron, Schedule, check_cron, length_of, spelled
from umlindi.heartbeats.rules.states import Fault, Heard, Signal, State, headline, judge, signal_of

ZONES = ["Africa/Johannesburg", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
CRONS = [
    "0 2 * * *",
    "30 1 * * *",
    "*/5 * * * *",
    "* * * * *",
    "15 3 * * 1-5",
    "0 6 1 * *",
    "59 23 * * 0",
    "0 */6 * * *",
]
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

moments = st.datetimes(START.replace(tzinfo=None), START.replace(year=2028, tzinfo=None), timezones=st.just(UTC))
graces = st.timedeltas(MINUTE, timedelta(days=3))
crons = st.builds(Schedule, graces, st.none(), st.sampled_from(CRONS), st.sampled_from(ZONES))
periods = st.builds(Schedule, graces, st.timedeltas(MINUTE, timedelta(days=40)))
schedules = st.one_of(crons, periods)


def nightly(zone: str = "Africa/Johannesburg") -> Schedule:
    return Schedule(15 * MINUTE, None, "0 2 * * *", zone)


@given(schedules, moments)
def test_the_next_report_is_always_due_later(schedule: Schedule, moment: datetime) -> None:
    assert schedule.due_after(moment) > moment
    assert schedule.due_from(moment) >= moment
    times = schedule.upcoming(moment, 5)
    assert all(earlier < later for earlier, later in pairwise([moment, *times]))


@given(crons, moments)
def test_a_cron_time_is_a_time_of_the_text_in_its_own_zone(schedule: Schedule, moment: datetime) -> None:
    """Where the clock leaves the hour out, Debian's cron runs right after it: only then is the minute another."""
    for due in schedule.upcoming(moment, 3):
        local = due.astimezone(ZoneInfo(schedule.zone))
        shifted = (due - DAY).astimezone(ZoneInfo(schedule.zone)).utcoffset() != local.utcoffset()
        fields = schedule.cron.split()
        assert shifted or fields[0].startswith("*") or local.minute == int(fields[0])
        assert shifted or fields[1].startswith("*") or local.hour == int(fields[1])


@given(moments, st.timedeltas(timedelta(0), EARLY))
def test_a_clock_a_little_ahead_of_ours_is_in_time(moment: datetime, ahead: timedelta) -> None:
    due = nightly().upcoming(moment, 1)[0]
    assert nightly().due_after(due - ahead) == nightly().due_after(due + MINUTE)


def test_every_minute_means_every_minute() -> None:
    schedule = Schedule(MINUTE, None, "* * * * *")
    assert schedule.due_after(START + timedelta(seconds=1)) == START + MINUTE


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Africa/Johannesburg", date(2026, 3, 29), "2026-03-29T00:00:00+00:00"),
        # 01:00 to 02:00 is left out in London on this day, and at 02:00 it is British summer time.
        ("Europe/London", date(2026, 3, 29), "2026-03-29T01:00:00+00:00"),
        ("Europe/London", date(2026, 10, 25), "2026-10-25T02:00:00+00:00"),
        ("America/New_York", date(2026, 3, 8), "2026-03-08T07:00:00+00:00"),
    ],
)
def test_two_in_the_night_across_summer_time(zone: str, day: date, expected: str) -> None:
    midnight = datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
    assert nightly(zone).upcoming(midnight - MINUTE, 1)[0].isoformat() == expected


@given(st.sampled_from(ZONES), st.integers(0, 23), st.integers(0, 59))
def test_a_daily_schedule_comes_once_a_day_whatever_the_clock_does(zone: str, hour: int, minute: int) -> None:
    schedule = Schedule(MINUTE, None, f"{minute} {hour} * * *", zone)
    days = [due.astimezone(ZoneInfo(zone)).date() for due in schedule.upcoming(START, 800)]
    assert all(later - earlier == DAY for earlier, later in pairwise(days))


@given(schedules, moments, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_in_time_is_never_down_and_too_late_always_is(schedule: Schedule, good: datetime, after: timedelta) -> None:
    verdict = judge(schedule, Heard(good_at=good), good + after)
    limit = schedule.due_after(good) + schedule.grace
    assert (verdict.state is State.DOWN) == (good + after > limit)
    if verdict.state is State.DOWN:
        assert (verdict.fault, verdict.since) == (Fault.MISSING, limit)


@given(schedules, moments, st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), min_size=1, max_size=8))
def test_however_rarely_one_looks_the_outage_begins_at_the_same_moment(
    schedule: Schedule, good: datetime, gaps: list[timedelta]
) -> None:
    now, seen = good, set()
    for gap in gaps:
        now += gap
        verdict = judge(schedule, Heard(good_at=good), now)
        if verdict.since:
            seen.add(verdict.since)
    assert seen <= {schedule.due_after(good) + schedule.grace}


@given(schedules, moments, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_nothing_changes_before_the_time_it_says_to_look_again(
    schedule: Schedule, good: datetime, after: timedelta
) -> None:
    heard = Heard(good_at=good)
    now = good + after
    first = judge(schedule, heard, now)
    if first.again_at is not None:
        assert first.again_at >= now
        assert judge(schedule, heard, first.again_at - (first.again_at - now) / 2).state is first.state
        assert judge(schedule, heard, first.again_at + timedelta(microseconds=1)).state is not first.state


@given(schedules, moments, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_a_clock_set_back_makes_nothing_late(schedule: Schedule, good: datetime, back: timedelta) -> None:
    assert judge(schedule, Heard(good_at=good), good - back).state is State.UP


@given(schedules, moments, graces)
def test_a_run_that_goes_on_too_long_is_a_fault(schedule: Schedule, started: datetime, good_before: timedelta) -> None:
    heard = Heard(good_at=started - MINUTE, started_at=started)
    limit = min(started + schedule.grace, schedule.due_after(started - MINUTE) + schedule.grace)
    assert judge(schedule, heard, limit).state is State.STARTED
    late = judge(schedule, heard, limit + timedelta(microseconds=1))
    assert (late.state, late.since) == (State.DOWN, limit)


@given(schedules, moments, st.lists(st.timedeltas(MINUTE, HOUR), min_size=2, max_size=30))
def test_one_that_starts_anew_for_ever_is_missed_all_the_same(
    schedule: Schedule, good: datetime, starts: list[timedelta]
) -> None:
    now = good
    for gap in starts:
        now += gap
        if now > schedule.due_after(good) + schedule.grace:
            assert judge(schedule, Heard(good_at=good, started_at=now), now).state is State.DOWN


@given(schedules, moments, st.integers(1, 255), st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_failure_stands_until_a_success(schedule: Schedule, at: datetime, code: int, after: timedelta) -> None:
    heard = Heard(good_at=at - DAY, failed_at=at, started_at=at + MINUTE, exit_code=code)
    verdict = judge(schedule, heard, at + after)
    assert (verdict.state, verdict.fault, verdict.since, verdict.again_at) == (State.DOWN, Fault.FAILED, at, None)
    assert f"exit code {code} " in headline(schedule, heard, verdict)


@given(schedules, moments)
def test_what_never_reported_is_new_until_its_start_date_has_passed(schedule: Schedule, starts: datetime) -> None:
    assert judge(schedule, Heard(), starts).state is State.NEW
    due = schedule.due_from(starts)
    assert judge(schedule, Heard(starts=starts), due - timedelta(microseconds=1)).state is State.NEW
    assert judge(schedule, Heard(starts=starts), due).state is State.LATE
    late = judge(schedule, Heard(starts=starts), due + schedule.grace + timedelta(microseconds=1))
    assert late.state is State.DOWN
    assert headline(schedule, Heard(starts=starts), late).startswith("has never reported; expected by ")


@given(schedules, moments, st.booleans())
def test_a_paused_one_is_paused_whatever_was_heard(schedule: Schedule, at: datetime, failed: bool) -> None:
    heard = Heard(paused=True, good_at=at, failed_at=at if failed else None)
    assert judge(schedule, heard, at + timedelta(days=99)).state is State.PAUSED


@given(st.integers(0, 255))
def test_exit_codes_are_the_shells(code: int) -> None:
    assert signal_of(code) is (Signal.FAIL if code else Signal.SUCCESS)


def test_the_sentence_says_since_when_by_when_and_how_often() -> None:
    good = datetime(2026, 11, 23, 0, 2, tzinfo=UTC)
    verdict = judge(nightly(), Heard(good_at=good), good + 3 * DAY)
    said = "has not reported since 23 Nov 02:02; expected by 24 Nov 02:15, at 02:00 every day (Africa/Johannesburg)"
    assert headline(nightly(), Heard(good_at=good), verdict) == said
    started = Heard(good_at=good, started_at=good + DAY)
    overrun = judge(nightly(), started, good + DAY + HOUR)
    assert (
        headline(nightly(), started, overrun)
        == "started at 24 Nov 02:02 and has not finished; expected by 24 Nov 02:15"
    )


@pytest.mark.parametrize(
    "text", ["", "0 2 * *", "0 2 * * * *", "61 2 * * *", "0 0 30 2 *", "@daily", "0 2 * * x", "0 0 31 2,4 *"]
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(BadCron):
        check_cron(text, "Africa/Johannesburg", START)


@given(st.text(max_size=30))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        check_cron(text, "Europe/London", START)
    except BadCron:
        return
    assert len(Schedule(MINUTE, None, text, "Europe/London").upcoming(START, 3)) == 3


def test_lengths_are_said_in_their_two_largest_units() -> None:
    assert [spelled(each) for each in (DAY + 12 * HOUR + MINUTE, 90 * MINUTE, timedelta(seconds=45))] == [
        "1 d 12 h",
        "1 h 30 min",
        "45 s",
    ]


@given(st.integers(1, 10**7))
def test_a_length_that_is_said_in_full_is_read_back(seconds: int) -> None:
    whole = timedelta(seconds=seconds)
    said = spelled(whole)
    assert length_of(said) <= whole
    assert spelled(length_of(said)) == said


@pytest.mark.parametrize("text", ["", "1", "soon", "1 week", "-1 d", "1.5 h", "٣ d", "1 d,"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a number"):
        length_of(text)
