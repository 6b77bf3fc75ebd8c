"""Agreed windows, late pages and set clocks: vectors 9 and 14."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from umlindi.accounts.queries import actor_of
from umlindi.alerts import queries, services
from umlindi.alerts.models import Alert, Page
from umlindi.alerts.rules.clock import Verdict
from umlindi.core.actors import Actor
from umlindi.estate.models import System
from umlindi.testing.alerts import fail, make_person, make_policy, mend, turn, turns
from umlindi.testing.estate import make_site, make_system
from umlindi.uptime.models import Window

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 24, 0, 10, tzinfo=UTC)
HOUSE = Actor.house("test")


def seconds(number: float) -> datetime:
    return NIGHT + timedelta(seconds=number)


def minutes(number: float) -> datetime:
    return NIGHT + timedelta(minutes=number)


def archive() -> System:
    return make_system(make_site(name="Komani"), name="Komani PACS", kind="pacs", serves="3 reading rooms")


def window(system: System, starts: datetime, ends: datetime) -> Window:
    row = Window.objects.create(
        organisation=system.site.organisation,
        title="Upgrade to 5.4",
        reason="Vendor's letter",
        agreed_by="Dr Mbeki",
        starts=starts,
        ends=ends,
        zone="Africa/Johannesburg",
        created_by="test",
    )
    row.systems.add(system)
    return row


def test_a_window_that_opens_in_an_outage_stops_every_step_and_at_its_end_pages_with_since() -> None:
    """Vector 9; IncidentRelay #40 muted the first page only."""
    make_policy((0, [make_person("Naledi")]), (5, [make_person("Sipho")]), repeats=5)
    system = archive()
    fail([system], NIGHT)
    turns(seconds(1), 2)
    window(system, minutes(3), minutes(60))
    turns(minutes(3), 56.9, every=60)
    assert len(mail.outbox) == 1
    assert (Alert.objects.get().state, Alert.objects.get().muted_by) == ("firing", "Upgrade to 5.4")
    turns(minutes(60), 1)
    assert len(mail.outbox) == 2
    assert "Since 24 Nov, 02:09, for 60 min" in str(mail.outbox[1].body)


def test_a_page_that_waits_when_a_window_opens_is_not_sent() -> None:
    make_policy((0, [make_person("Naledi")]))
    system = archive()
    fail([system], NIGHT)
    turn(seconds(1))
    for alert in services.due_alerts(seconds(17)):
        services.advance(alert, seconds(17))
    window(system, seconds(18), minutes(60))
    turn(seconds(19))
    assert mail.outbox == []
    assert Page.objects.get().state == "cancelled"


def test_an_outage_of_a_window_pages_nobody_and_does_not_count_against_the_quarter_of_an_hour() -> None:
    make_policy((0, [make_person("Naledi")]))
    system = archive()
    window(system, minutes(-5), minutes(60))
    fail([system], NIGHT)
    turns(seconds(1), 30, every=60)
    mend([system], minutes(40))
    turn(minutes(40))
    assert mail.outbox == []
    figures = queries.answer_figures(HOUSE, NIGHT, minutes(60), minutes(60))
    assert (figures.count(Verdict.MUTED), figures.judged, figures.share) == (1, 0, None)


def figures_at(now: datetime) -> queries.Figures:
    return queries.answer_figures(HOUSE, minutes(-60), minutes(600), now)


@pytest.mark.parametrize(("answered", "verdict"), [(70, Verdict.MET), (80, Verdict.MISSED)])
def test_what_still_stands_at_a_windows_end_is_to_be_answered_within_a_quarter_of_an_hour_from_there(
    answered: int, verdict: Verdict
) -> None:
    naledi = make_person("Naledi")
    make_policy((0, [naledi]))
    system = archive()
    window(system, minutes(-5), minutes(60))
    fail([system], NIGHT)
    turns(seconds(1), 59, every=60)
    assert figures_at(minutes(59)).count(Verdict.MUTED) == 1
    turn(minutes(60))
    card = queries.open_alerts(HOUSE, minutes(62))[0]
    assert (card.left, card.verdict) == (timedelta(minutes=13), Verdict.OPEN)
    fail([system], minutes(62), degraded=True)
    turn(minutes(63))
    assert figures_at(minutes(76)).count(Verdict.MISSED) == 1
    services.acknowledge(actor_of(naledi), card.alert, "driving there", minutes(answered))
    figures = figures_at(minutes(answered))
    assert (figures.count(verdict), figures.judged, figures.slowest) == (1, 1, timedelta(minutes=answered - 60))


def test_a_window_that_begins_when_the_time_is_up_gives_no_second_quarter_of_an_hour() -> None:
    make_policy((0, [make_person("Naledi")]))
    system = archive()
    fail([system], NIGHT)
    turns(seconds(1), 19, every=60)
    window(system, minutes(20), minutes(60))
    turns(minutes(20), 41, every=60)
    assert figures_at(minutes(62)).count(Verdict.MISSED) == 1


def test_a_second_window_mutes_again_and_its_end_begins_the_time_anew() -> None:
    make_policy((0, [make_person("Naledi")]))
    system = archive()
    window(system, minutes(-5), minutes(30))
    window(system, minutes(40), minutes(50))
    fail([system], NIGHT)
    turns(seconds(1), 45, every=60)
    assert figures_at(minutes(45)).count(Verdict.MUTED) == 1
    turns(minutes(46), 5, every=60)
    assert queries.open_alerts(HOUSE, minutes(51))[0].alert.answer_due_at == minutes(65)


def test_what_arose_while_nothing_ran_is_paged_once_and_marked_late() -> None:
    """Vector 14: the pager was off for three days."""
    make_policy((0, [make_person("Naledi")]), (5, [make_person("Sipho")]))
    fail([archive()], NIGHT)
    turn(seconds(1))
    back = NIGHT + timedelta(days=3)
    turn(back)
    turn(back + timedelta(seconds=1))
    assert [message.to for message in mail.outbox] == [["naledi0@example.org"]]
    assert str(mail.outbox[0].subject).startswith("[CRITICAL, LATE]")
    assert "This message is late" in str(mail.outbox[0].body)
    turn(back + timedelta(minutes=5))
    assert len(mail.outbox) == 2


def test_an_outage_recorded_late_is_paged_and_marked_late() -> None:
    make_policy((0, [make_person("Naledi")]))
    fail([archive()], NIGHT, late=True)
    turns(seconds(1), 1)
    assert str(mail.outbox[0].subject).startswith("[CRITICAL, LATE]")


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_an_hour_neither_loses_nor_doubles_a_step(jump: int) -> None:
    make_policy((0, [make_person("Naledi")]), (5, [make_person("Sipho")]), (10, [make_person("Thandi")]))
    fail([archive()], NIGHT)
    turns(seconds(1), 2)
    assert len(mail.outbox) == 1
    after = minutes(2) + timedelta(seconds=jump)
    turns(after, 21, every=20)
    assert [message.to[0][:5] for message in mail.outbox] == ["naled", "sipho", "thand"]
    sent = [page.delivered_at for page in Page.objects.order_by("pk")]
    assert sent[2] - sent[1] >= timedelta(minutes=4, seconds=40)  # type: ignore[operator]


def test_the_quarter_of_an_hour_is_met_missed_open_or_over_by_itself_and_closed_ones_stay_as_they_are() -> None:
    naledi = actor_of(make_person("Naledi"))
    systems = [archive() for _ in range(4)]
    fail(systems, NIGHT)
    turn(seconds(1))
    alerts = [Alert.objects.get(key=f"system:{system.pk}") for system in systems]
    services.acknowledge(naledi, alerts[0], "driving there", minutes(10))
    services.acknowledge(naledi, alerts[1], "driving there", minutes(16))
    mend(systems[2:3], minutes(5))
    turn(minutes(5))

    def verdicts(now: datetime) -> list[Verdict]:
        figures = queries.answer_figures(HOUSE, NIGHT, minutes(60), now)
        return [next(each for each, found in figures.alerts.items() if alert in found) for alert in alerts]

    assert verdicts(minutes(14)) == [Verdict.MET, Verdict.MISSED, Verdict.RECOVERED, Verdict.OPEN]
    assert verdicts(minutes(20))[3] is Verdict.MISSED
    mend(systems, minutes(30))
    turn(minutes(30))
    Alert.objects.update(answer_due_at=minutes(500))
    assert verdicts(minutes(60)) == [Verdict.MET, Verdict.MISSED, Verdict.RECOVERED, Verdict.MISSED]
