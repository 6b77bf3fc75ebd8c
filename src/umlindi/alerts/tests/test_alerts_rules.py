"""Laws of alerts: loudness, the way through a policy, storms, A1's clock, words."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.alerts.rules.answering import BadDeadline, checked_deadline, usual_deadline
from umlindi.alerts.rules.clock import ANSWER_WITHIN, Verdict, verdict
from umlindi.alerts.rules.delivery import DIGEST_TIMES, MOST_TRIES, next_digest, pause_after
from umlindi.alerts.rules.escalation import Frozen, Place, Step, Target, beginning, following, rearmed
from umlindi.alerts.rules.grouping import EVERYWHERE, MORE_THAN, STORM_SPAN, Failure, storms
from umlindi.alerts.rules.grouping import Place as SitePlace
from umlindi.alerts.rules.severity import WORST_FIRST, is_worse, severity_of
from umlindi.alerts.rules.summing import WORST_CONDITION, leading, worsened
from umlindi.alerts.rules.wording import Told, page_subject, page_text
from umlindi.oncall.rules.severity import Severity

NIGHT = datetime(2026, 11, 24, 0, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
JOBURG = ZoneInfo("Africa/Johannesburg")
KINDS = ["pacs", "archive", "modality", "workstation", "host", "link", "ups", "other"]
moments = st.integers(-600, 600).map(lambda minutes: NIGHT + minutes * MINUTE)


@given(
    st.sampled_from(["interface", "heartbeat", "external", "budget", "house"]),
    st.sampled_from(KINDS),
    st.integers(0, 9),
)
def test_down_is_never_quieter_than_degraded_or_unknown(kind: str, system: str, affected: int) -> None:
    down, degraded, unknown = (severity_of(kind, each, system, affected) for each in ("down", "degraded", "unknown"))
    assert not is_worse(degraded, down)
    assert not is_worse(unknown, down)


@given(st.sampled_from(["down", "degraded", "unknown"]), st.sampled_from(KINDS), st.integers(0, 9))
def test_the_more_hangs_on_it_the_louder(condition: str, system: str, affected: int) -> None:
    less, more = (severity_of("interface", condition, system, number) for number in (affected, affected + 1))
    assert not is_worse(less, more)


@pytest.mark.parametrize(
    ("condition", "system", "affected", "severity"),
    [
        ("down", "pacs", 3, "critical"),
        ("down", "pacs", 0, "high"),
        ("down", "modality", 0, "high"),
        ("down", "workstation", 0, "medium"),
        ("down", "ups", 3, "high"),
        ("degraded", "archive", 1, "medium"),
        ("degraded", "modality", 1, "low"),
        ("unknown", "database", 1, "medium"),
    ],
)
def test_the_table_of_the_manual(condition: str, system: str, affected: int, severity: str) -> None:
    assert severity_of("interface", condition, system, affected) == severity


@given(
    moments,
    moments,
    st.sampled_from(["heartbeat", "external", "budget", "house"]),
    *[st.sampled_from(WORST_CONDITION)] * 2,
)
def test_our_own_diagnosis_leads_wherever_it_is_at_least_as_bad(
    ours: datetime, theirs: datetime, kind: str, condition: str, other: str
) -> None:
    is_worse_there = worsened(condition, other)
    assert (leading("interface", condition, ours) < leading(kind, other, theirs)) is not is_worse_there


afters = st.lists(st.integers(0, 120), min_size=1, max_size=5, unique=True).map(sorted)
policies = st.builds(
    lambda minutes, repeats, again: Frozen(
        "", repeats, again * MINUTE, [Step(after * MINUTE, [Target("user", 1, "Naledi")]) for after in minutes]
    ),
    afters,
    st.integers(0, 3),
    st.integers(1, 240),
)


@given(policies, st.lists(st.integers(0, 500), min_size=30, max_size=30))
def test_every_step_of_every_run_comes_once_in_order_and_never_sooner_than_the_policy_says(
    policy: Frozen, lateness: list[int]
) -> None:
    place, now, told = beginning(policy, 0, NIGHT), NIGHT, []
    for late in lateness:
        if place.step >= len(policy.steps):
            break
        assert place.due is not None
        now = max(now, place.due) + late * timedelta(seconds=1)
        told.append((place.cycle, place.step, now))
        place = following(policy, place, now)
    expected = [(cycle, step) for cycle in range(policy.repeats + 1) for step in range(len(policy.steps))]
    assert [(cycle, step) for cycle, step, _ in told] == expected
    for (cycle, step, at), (_, following_step, later) in pairwise(told):
        if following_step == step + 1:
            assert later - at >= policy.steps[step + 1].after - policy.steps[step].after
        else:
            assert later - at >= MINUTE, cycle


@given(policies, st.integers(0, 4))
def test_a_step_that_reached_nobody_hands_on_at_once(policy: Frozen, step: int) -> None:
    place = Place(0, 0, min(step, len(policy.steps) - 1), NIGHT, NIGHT)
    after = following(policy, place, NIGHT, at_once=True)
    assert after.due is not None
    assert after.due == NIGHT or after.step == len(policy.steps) or after.cycle == 1


@given(moments, st.integers(0, 300), moments)
def test_a_clock_set_back_makes_a_wait_at_most_twice_as_long(armed: datetime, wait: int, now: datetime) -> None:
    due = armed + wait * MINUTE
    again = rearmed(armed, due, now)
    left = (again or due) - now
    assert left <= wait * MINUTE + timedelta(seconds=30)


def failures(number: int, *, site: int = 1, organisation: int = 1, first: int = 0, apart: int = 1) -> list[Failure]:
    at = [NIGHT + each * apart * timedelta(seconds=1) for each in range(number)]
    return [Failure(first + each, site, organisation, at[each], is_root=True) for each in range(number)]


@given(st.integers(1, 20), st.integers(1, 60))
def test_a_storm_is_more_than_five_roots_of_a_site_within_two_minutes(number: int, apart: int) -> None:
    found = storms(
        failures(number, apart=apart), [one.at for one in failures(number, apart=apart)], {1: SitePlace(1, 90)}
    )
    close = min(number, int(STORM_SPAN.total_seconds()) // apart + 1)
    if close > MORE_THAN:
        assert set(found) == {"site:1"}
    elif close < MORE_THAN - 1:
        assert found == {}


def test_consequences_make_no_storm() -> None:
    parts = [Failure(each, 1, 1, NIGHT, is_root=each == 0) for each in range(20)]
    assert storms(parts, [NIGHT], {1: SitePlace(1, 90), 2: SitePlace(1, 3), 3: SitePlace(1, 3)}) == {}


def test_most_sites_of_all_are_everywhere_and_most_of_one_organisation_are_that() -> None:
    places = {site: SitePlace(site // 10, 3) for site in (10, 11, 20, 21, 30)}
    one = [*failures(3, site=10, organisation=1), *failures(3, site=11, organisation=1, first=10)]
    assert set(storms(one, [NIGHT], places)) == {"organisation:1"}
    both = [*one, *failures(3, site=20, organisation=2, first=20)]
    assert set(storms(both, [NIGHT], places)) == {EVERYWHERE}


@given(moments, st.none() | moments, st.none() | moments, moments)
def test_a_clock_is_met_only_by_an_answer_in_time_and_never_by_waiting(
    detected: datetime, answered: datetime | None, muted: datetime | None, now: datetime
) -> None:
    due = detected + ANSWER_WITHIN
    found = verdict(detected, due, now, answered=answered, muted=muted)
    assert (found is Verdict.MET) == (answered is not None and detected <= answered <= due)
    if answered is None and (muted is None or muted > due):
        assert found is (Verdict.MISSED if now > due else Verdict.OPEN)


@given(st.sampled_from(Severity), moments)
def test_the_usual_deadline_is_one_that_would_be_taken(severity: Severity, now: datetime) -> None:
    assert checked_deadline(usual_deadline(severity, now), now) > now
    with pytest.raises(BadDeadline):
        checked_deadline(now, now)


@given(st.integers(0, 365 * 24 * 60), st.sampled_from(["Africa/Johannesburg", "Europe/London"]))
def test_a_digest_is_always_ahead_at_most_a_night_and_at_its_time_of_day(minute: int, zone: str) -> None:
    now, where = NIGHT + minute * MINUTE, ZoneInfo(zone)
    slot = next_digest(now, where)
    assert timedelta() < slot - now <= timedelta(hours=17)
    assert slot.astimezone(where).time() in DIGEST_TIMES
    assert time(7, 30) in DIGEST_TIMES


def test_a_page_is_tried_for_a_quarter_of_an_hour_and_then_given_up() -> None:
    pauses = [pause_after(tries) for tries in range(1, MOST_TRIES + 1)]
    assert pauses[-1] is None
    known = [pause for pause in pauses if pause is not None]
    assert known == sorted(known)
    assert timedelta(minutes=10) < sum(known, timedelta()) < timedelta(minutes=25)


def test_the_worst_is_first() -> None:
    assert list(WORST_FIRST) == list(Severity)


def test_a_page_says_what_since_when_who_is_affected_what_first_and_who_else_knows() -> None:
    told = Told(
        severity="critical",
        title="Komani PACS refuses every retrieve",
        place="Komani, Frontier Hospital",
        since=NIGHT,
        cause="The archive does not know the viewers' AE titles",
        fix="Add VIEWER1 to the archive's list of nodes.",
        affected=[f"Reading room {number}" for number in range(8)],
        also=["Sipho Dlamini"],
        next_to=["Second line"],
        next_at=NIGHT + timedelta(minutes=15),
        unanswered_since=NIGHT + 2 * MINUTE,
        late=True,
        zone=JOBURG,
    )
    assert page_subject(told) == "[CRITICAL, LATE] Komani PACS refuses every retrieve"
    assert page_text(told, NIGHT + timedelta(minutes=7)).splitlines() == [
        "Komani PACS refuses every retrieve.",
        "Komani, Frontier Hospital. Since 24 Nov, 02:10, for 7 min.",
        "This message is late: it could not be sent before.",
        "Nobody has answered since 24 Nov, 02:12.",
        "Affects: Reading room 0, Reading room 1, Reading room 2, Reading room 3, Reading room 4 and 3 more.",
        "Likely: The archive does not know the viewers' AE titles.",
        "First: Add VIEWER1 to the archive's list of nodes.",
        "Also told: Sipho Dlamini.",
        "If nobody answers: Second line at 02:25.",
    ]
