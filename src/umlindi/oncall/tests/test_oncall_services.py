"""The verbs of on call, and who may use them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.oncall import calendar, queries, services
from umlindi.oncall.models import Channel, Holiday, Override, PersonalRule, Profile, Rota, Swap
from umlindi.oncall.queries.plans import candidates
from umlindi.oncall.rules.severity import Severity
from umlindi.oncall.services import LayerGiven, Refused
from umlindi.oncall.services.holes import AHEAD
from umlindi.oncall.services.holidays import by_law
from umlindi.probes.faults import Layer, Permanent
from umlindi.testing.estate import make_organisation, make_user
from umlindi.testing.oncall import make_answerer, make_layer, make_mailbox, make_rota
from umlindi.watch.models import Outage

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def hospital() -> Organisation:
    return make_organisation(name="Thusong Provincial Hospital")


@pytest.fixture
def thabo(hospital: Organisation) -> User:
    return make_answerer(hospital, first_name="Thabo", last_name="Mokoena")


@pytest.fixture
def lerato(hospital: Organisation) -> User:
    return make_answerer(hospital, first_name="Lerato", last_name="Khumalo")


@pytest.fixture
def rota(hospital: Organisation, thabo: User, lerato: User) -> Rota:
    """Weeks: 23 November 2026 begins one of Thabo's."""
    row = make_rota(hospital, thabo, lerato)
    row.layers.update(starts=date(2026, 11, 23))
    return row


@pytest.fixture
def admin(hospital: Organisation) -> Actor:
    return actor_of(make_user(Role.ADMINISTRATOR, hospital))


def events(verb: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(verb=verb))


def given(*people: User, **more: Any) -> LayerGiven:
    values: dict[str, Any] = {"starts": date(2026, 11, 23), "handover": time(8)} | more
    return LayerGiven(tuple(person.pk for person in people), **values)


# Who is on call


def test_the_one_whose_turn_it_is_is_on_call(rota: Rota, thabo: User, lerato: User) -> None:
    assert queries.on_call(rota, NOW) == thabo
    assert queries.on_call(rota, NOW + 7 * DAY) == lerato
    assert queries.on_call(rota, NOW - 7 * DAY) is None
    assert queries.gaps(rota, NOW, NOW + 90 * DAY) == []


@pytest.mark.parametrize("loss", ["left", "no right", "no channel", "channel off"])
def test_a_person_whom_nobody_can_page_is_a_hole(rota: Rota, thabo: User, loss: str) -> None:
    match loss:
        case "left":
            User.objects.filter(pk=thabo.pk).update(is_active=False)
        case "no right":
            thabo.memberships.update(role=Role.VIEWER)
        case "no channel":
            thabo.channels.all().delete()
        case "channel off":
            thabo.channels.update(enabled=False)
    assert queries.on_call(rota, NOW) is None
    assert [gap.meant for gap in queries.gaps(rota, NOW, NOW + DAY)] == [thabo.pk]


def test_only_who_may_answer_everywhere_is_on_call_for_the_provider(thabo: User) -> None:
    staff = make_answerer(None)
    provider = make_rota(None, thabo, name="Second line")
    make_layer(provider, staff)
    assert queries.on_call(provider, NOW) == staff
    assert [pk for pk, _ in candidates(None)] == [staff.pk]


def test_now_says_until_when_and_who_is_next(rota: Rota, admin: Actor, thabo: User, lerato: User) -> None:
    [now] = queries.on_call_now(admin, NOW)
    assert (now.person, now.next_person) == (thabo, lerato)
    assert now.until == now.next_from == datetime(2026, 11, 30, 6, tzinfo=UTC)
    assert now.hole is None
    stranger = actor_of(make_user(Role.ADMINISTRATOR, make_organisation()))
    assert queries.on_call_now(stranger, NOW) == []


# Rotas


def test_a_rota_is_made_changed_and_removed_on_the_record(
    hospital: Organisation, admin: Actor, thabo: User, lerato: User
) -> None:
    zone = "Africa/Johannesburg"
    made = services.save_rota(
        admin, None, organisation=hospital, name="Nights", timezone=zone, layers=[given(thabo, lerato)]
    )
    seen = services.fingerprint(made)
    layers = [given(lerato, hours="Sat-Sun 00:00-24:00"), given(thabo)]
    services.save_rota(admin, made, organisation=hospital, name="Nights", timezone=zone, layers=layers, seen=seen)
    assert [layer.hours for layer in made.layers.all()] == ["Sat-Sun 00:00-24:00", ""]
    [changed] = events("rota.changed")
    assert changed.organisation_id == hospital.pk
    assert changed.before
    assert [layer["people"] for layer in changed.before["layers"]] == [
        [f"{user} ({user.pk})" for user in (thabo, lerato)]
    ]
    with pytest.raises(Refused, match="meanwhile"):
        services.save_rota(admin, made, organisation=None, name="X", timezone=zone, layers=layers, seen=seen)
    services.remove_rota(admin, made, "no longer", NOW)
    assert events("rota.added")
    assert events("rota.removed")[0].reason == "no longer"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"timezone": "../etc/passwd"}, "no time zone"),
        ({"layers": []}, "at least"),
        ({"hours": "all night"}, "not hours"),
        ({"stranger": True}, "may not answer"),
    ],
)
def test_what_cannot_stand_is_refused_and_changes_nothing(
    hospital: Organisation, admin: Actor, thabo: User, wrong: dict[str, Any], why: str
) -> None:
    people = [make_answerer(make_organisation())] if wrong.pop("stranger", False) else [thabo]
    layer = given(*people, hours=wrong.pop("hours", ""))
    values = {"name": "Nights", "timezone": "Africa/Johannesburg", "layers": [layer]} | wrong
    with pytest.raises(Refused, match=why):
        services.save_rota(admin, None, organisation=hospital, **values)
    assert not Rota.objects.exists()
    assert not AuditEvent.objects.exists()


def test_who_edits_one_organisation_makes_no_rota_of_the_provider(admin: Actor, thabo: User) -> None:
    with pytest.raises(Forbidden):
        services.save_rota(admin, None, organisation=None, name="X", timezone="UTC", layers=[given(thabo)])


# Overrides and swaps


def test_an_override_wins_and_goes_again(rota: Rota, admin: Actor, lerato: User, thabo: User) -> None:
    made = services.put_on(admin, rota, lerato, NOW, NOW + DAY, reason="Leave", now=NOW)
    assert queries.on_call(rota, NOW) == lerato
    assert queries.on_call(rota, NOW + DAY) == thabo
    services.take_off(admin, made, "back early", NOW + DAY / 2)
    assert queries.on_call(rota, NOW + DAY / 2) == thabo
    assert queries.on_call(rota, NOW) == lerato, "what was, stays"
    assert [event.reason for event in events("override.ended")] == ["back early"]


def test_overrides_of_a_rota_never_overlap(rota: Rota, admin: Actor, lerato: User) -> None:
    services.put_on(admin, rota, lerato, NOW, NOW + DAY, reason="Leave", now=NOW)
    with pytest.raises(Refused, match="put on"):
        services.put_on(admin, rota, lerato, NOW + DAY / 2, NOW + 2 * DAY, reason="More", now=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Override.objects.create(rota=rota, user=lerato, starts=NOW, ends=NOW + DAY, reason="by hand")
    services.put_on(admin, rota, lerato, NOW + DAY, NOW + 2 * DAY, reason="touching is fine", now=NOW)


def test_who_serves_in_a_rota_takes_shifts_upon_themselves_and_puts_on_nobody_else(
    rota: Rota, lerato: User, thabo: User, hospital: Organisation
) -> None:
    services.put_on(actor_of(lerato), rota, lerato, NOW, NOW + DAY, reason="Taken over", now=NOW)
    with pytest.raises(Forbidden):
        services.put_on(actor_of(lerato), rota, thabo, NOW + DAY, NOW + 2 * DAY, reason="No", now=NOW)
    beside = make_answerer(hospital)
    with pytest.raises(Forbidden):
        services.put_on(actor_of(beside), rota, beside, NOW + DAY, NOW + 2 * DAY, reason="No", now=NOW)


def test_a_swap_changes_nothing_until_it_is_accepted_and_then_both_shifts(
    rota: Rota, thabo: User, lerato: User
) -> None:
    shift = (datetime(2026, 12, 7, 6, tzinfo=UTC), datetime(2026, 12, 8, 6, tzinfo=UTC))
    back = (datetime(2026, 12, 1, 6, tzinfo=UTC), datetime(2026, 12, 2, 6, tzinfo=UTC))
    swap = services.propose(actor_of(thabo), rota, lerato, shift, back=back, reason="A wedding", now=NOW)
    assert queries.on_call(rota, shift[0]) == thabo
    with pytest.raises(Refused, match="nobody else"):
        services.accept(actor_of(thabo), swap, NOW)
    services.accept(actor_of(lerato), swap, NOW)
    assert [queries.on_call(rota, start) for start, _ in (shift, back)] == [lerato, thabo]
    assert [queries.on_call(rota, end) for _, end in (shift, back)] == [thabo, lerato]
    with pytest.raises(Refused, match="accepted already"):
        services.accept(actor_of(lerato), swap, NOW)
    assert len(events("override.added")) == 2
    assert len(events("swap.accepted")) == 1


def test_a_swap_is_not_of_a_shift_that_is_not_ones_own(rota: Rota, thabo: User, lerato: User) -> None:
    theirs = (datetime(2026, 12, 1, 6, tzinfo=UTC), datetime(2026, 12, 2, 6, tzinfo=UTC))
    with pytest.raises(Refused, match="is not on call then"):
        services.propose(actor_of(thabo), rota, lerato, theirs, now=NOW)
    with pytest.raises(Refused, match="before it begins"):
        services.propose(actor_of(thabo), rota, lerato, (NOW - DAY, NOW + DAY), now=NOW)


def test_nobody_has_thousands_of_years_worked_out_by_a_swap(rota: Rota, thabo: User, lerato: User) -> None:
    with pytest.raises(Refused, match="three months"):
        services.propose(actor_of(thabo), rota, lerato, (NOW + DAY, datetime(9998, 1, 1, tzinfo=UTC)), now=NOW)


def test_a_swap_whose_ground_has_gone_is_refused(rota: Rota, admin: Actor, thabo: User, lerato: User) -> None:
    shift = (datetime(2026, 12, 7, 6, tzinfo=UTC), datetime(2026, 12, 8, 6, tzinfo=UTC))
    swap = services.propose(actor_of(thabo), rota, lerato, shift, now=NOW)
    services.put_on(admin, rota, lerato, *shift, reason="Leave", now=NOW)
    with pytest.raises(Refused):
        services.accept(actor_of(lerato), swap, NOW)
    assert Override.objects.count() == 1
    services.decline(actor_of(lerato), swap, NOW)
    swap.refresh_from_db()
    assert swap.state == Swap.State.DECLINED


# Holes


def test_a_hole_is_told_three_days_ahead_and_ends_when_it_is_filled(rota: Rota, admin: Actor, lerato: User) -> None:
    rota.layers.update(starts=date(2026, 11, 16))
    lerato.channels.update(enabled=False)
    begins = datetime(2026, 11, 30, 6, tzinfo=UTC)
    rota.layers.get().turns.filter(position=0).update(user=lerato)
    rota.layers.get().turns.filter(position=1).update(user=make_answerer(rota.organisation))
    assert services.watch_holes(begins - AHEAD - timedelta(minutes=1)) == 0
    assert not Outage.objects.exists()
    for minutes in (1, 2):
        assert services.watch_holes(begins - AHEAD + timedelta(minutes=minutes)) == 1
    outage = Outage.objects.get()
    assert (outage.key, outage.kind, outage.condition) == (f"house:rota:{rota.pk}", "house", "degraded")
    assert outage.organisation == rota.organisation
    assert "Lerato Khumalo cannot be paged" in outage.cause
    lerato.channels.update(enabled=True)
    assert services.watch_holes(begins - DAY) == 0
    outage.refresh_from_db()
    assert outage.until == begins - DAY


# How people are reached


def test_without_rules_the_worst_goes_every_way_and_the_rest_the_first(thabo: User) -> None:
    second = make_mailbox(thabo, name="Second")
    first = thabo.channels.exclude(pk=second.pk).get()
    assert [way.channel for way in queries.ways(thabo, "critical", NOW)] == [first, second]
    assert [way.channel for way in queries.ways(thabo, "low", NOW)] == [first]
    first.enabled = False
    first.save()
    assert [way.channel for way in queries.ways(thabo, "low", NOW)] == [second]


def test_rules_say_which_way_when_and_quiet_hours_hold_what_can_wait(thabo: User) -> None:
    second = make_mailbox(thabo, name="Second")
    actor, first = actor_of(thabo), thabo.channels.exclude(pk=second.pk).get()
    rules = {severity: {second.pk: 0, first.pk: 10} for severity in Severity}
    services.set_rules(actor, thabo, rules)
    services.set_profile(
        actor, thabo, phone="+27 82 555 0142", quiet="Mon-Sun 22:00-06:00", timezone="Africa/Johannesburg"
    )
    night, morning = datetime(2026, 11, 24, 21, 55, tzinfo=UTC), datetime(2026, 11, 25, 4, tzinfo=UTC)
    assert [(way.channel, way.after, way.not_before) for way in queries.ways(thabo, "medium", night)] == [
        (second, timedelta(), morning),
        (first, timedelta(minutes=10), morning),
    ]
    assert {way.not_before for way in queries.ways(thabo, "critical", night)} == {None}
    assert len(events("paging-rules.changed")) == 1


def test_a_rule_whose_channel_is_off_silences_nobody(thabo: User) -> None:
    second = make_mailbox(thabo, name="Second")
    services.set_rules(actor_of(thabo), thabo, {Severity.HIGH: {second.pk: 0}})
    services.set_enabled(actor_of(thabo), second, enabled=False)
    assert [way.channel.name for way in queries.ways(thabo, "high", NOW)] == ["Mail"]


def test_nobody_is_paged_by_a_strangers_channel(thabo: User, lerato: User) -> None:
    services.set_rules(actor_of(thabo), thabo, {Severity.HIGH: {lerato.channels.get().pk: 0}})
    assert not PersonalRule.objects.exists()


def test_an_administrator_of_one_organisation_does_not_redirect_what_others_send(
    thabo: User, admin: Actor, hospital: Organisation
) -> None:
    services.add_mail(admin, thabo, "Ward phone", "ward@thusong.example")
    both = make_answerer(hospital)
    make_answerer(make_organisation()).memberships.update(user=both)
    for person in (both, make_answerer(None)):
        with pytest.raises(Forbidden):
            services.add_mail(admin, person, "Mine", "mine@elsewhere.example")


def test_a_secret_stays_out_of_the_trail_the_row_and_the_pages(thabo: User, admin: Actor) -> None:
    services.add_service(actor_of(thabo), thabo, "Webhook", "json://user:hunter2@hooks.example/s3cret-path")
    channel = thabo.channels.get(name="Webhook")
    assert channel.shown == "JSON hooks.example/…"
    services.remove_channel(admin, channel)
    told = str([(event.before, event.after, event.object_name, event.reason) for event in AuditEvent.objects.all()])
    assert "hooks.example" in told
    assert not [word for word in ("hunter2", "s3cret", channel.secret) if word in told]
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(row)::text FROM oncall_channel row")
        assert "hunter2" not in str(cursor.fetchall())


def test_where_a_person_is_reached_stays_out_of_the_trail(thabo: User) -> None:
    channel = services.add_mail(actor_of(thabo), thabo, "Home", "thabo.mokoena@home.example")
    services.set_profile(actor_of(thabo), thabo, phone="082 123 4567", quiet="", timezone="Africa/Johannesburg")
    services.try_channel(actor_of(thabo), channel, NOW, "http://umlindi.example")
    services.remove_channel(actor_of(thabo), channel)
    verbs = ["channel.added", "on-call-profile.changed", "channel.tested", "channel.removed"]
    assert list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True)) == verbs
    told = str(list(AuditEvent.objects.values("before", "after", "object_name", "reason")))
    assert "Home (t…@home.example)" in told
    assert not [word for word in ("thabo.mokoena@", "123 4567") if word in told]


@pytest.mark.parametrize(
    "url", ["json://127.0.0.1/x", "json://localhost/x", "json://169.254.169.254/latest", "json://0.0.0.0/x"]
)
def test_only_staff_names_an_address_within_the_server(thabo: User, url: str) -> None:
    with pytest.raises(Refused, match="within the server"):
        services.add_service(actor_of(thabo), thabo, "Hook", url)
    staff = make_user(Role.ADMINISTRATOR, None)
    assert services.add_service(actor_of(staff), staff, "Hook", url).within
    assert not services.add_service(actor_of(thabo), thabo, "Hook", "json://hooks.example/x").within


def test_a_test_says_what_came_of_it_and_is_kept(thabo: User) -> None:
    channel = thabo.channels.get()
    tested = services.try_channel(actor_of(thabo), channel, NOW, "http://umlindi.example")
    assert tested.ok
    assert outbox.outbox[0].to == [channel.address]
    assert outbox.outbox[0].subject.startswith("Test")
    channel.refresh_from_db()
    assert channel.verified_at == NOW
    services.note(channel, Permanent(Layer.APPLICATION, "SMTP 550", "no such mailbox"), NOW + DAY)
    channel.refresh_from_db()
    assert (channel.failed_at, channel.failure) == (NOW + DAY, "application SMTP 550: no such mailbox")
    services.note(channel, None, NOW + 2 * DAY)
    channel.refresh_from_db()
    assert (channel.failed_at, channel.failure) == (None, "")
    assert events("channel.tested")[0].after == {"taken": True, "said": tested.said}


# Holidays


def test_a_holiday_on_a_sunday_makes_the_monday_one_too_and_a_proclaimed_day_is_there() -> None:
    found = by_law(2026)
    assert {date(2026, 8, 9), date(2026, 8, 10), date(2026, 11, 4)} <= set(found)
    for year in range(2024, 2040):
        days = by_law(year)
        sundays = [
            day
            for day in days
            if day.weekday() == 6 and day + DAY not in by_law(year + (day.month == 12 and day.day == 31))
        ]
        assert sundays == []


def test_a_year_is_made_once_and_the_next_from_october() -> None:
    assert services.ensure_years(HOUSE, datetime(2030, 9, 30, 12, tzinfo=UTC)) == [2030]
    Holiday.objects.get(day=date(2030, 12, 16)).delete()
    assert services.ensure_years(HOUSE, datetime(2030, 10, 1, tzinfo=UTC)) == [2031]
    assert services.ensure_years(HOUSE, datetime(2030, 10, 2, tzinfo=UTC)) == []
    assert not Holiday.objects.filter(day=date(2030, 12, 16)).exists()
    assert len(events("holidays.made")) == 2


def test_an_organisations_own_day_is_its_own(admin: Actor, rota: Rota, hospital: Organisation) -> None:
    day = date(2026, 11, 25)
    services.add_holiday(admin, hospital, day, "Founders’ day")
    with pytest.raises(Forbidden):
        services.add_holiday(admin, None, day, "For all")
    with pytest.raises(Refused, match="already"):
        services.add_holiday(admin, hospital, day, "Again")
    noon = datetime(2026, 11, 25, 10, tzinfo=UTC)
    assert day in queries.plan_of(rota, noon, noon + DAY).calendar.holidays
    other = make_rota(make_organisation())
    assert day not in queries.plan_of(other, noon, noon + DAY).calendar.holidays


# The calendar


def test_the_calendar_holds_ones_own_shifts_and_its_link_alone_opens_it(rota: Rota, thabo: User, lerato: User) -> None:
    rota.name = "Nights; week-ends, and a name that is longer than the seventy-five octets of a line — ubusuku"
    rota.save()
    secret = services.new_calendar_link(actor_of(thabo), thabo)
    assert secret not in str(list(Profile.objects.values()))
    client = Client()
    answer = client.get(reverse("oncall:calendar", args=[secret]))
    assert answer["Content-Type"].startswith("text/calendar")
    lines = answer.text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert r"Nights\; week-ends\, and" in answer.text.replace("\r\n ", "")
    again = services.new_calendar_link(actor_of(thabo), thabo)
    assert client.get(reverse("oncall:calendar", args=[secret])).status_code == 404
    User.objects.filter(pk=thabo.pk).update(is_active=False)
    assert client.get(reverse("oncall:calendar", args=[again])).status_code == 404
    with pytest.raises(Forbidden):
        services.new_calendar_link(actor_of(lerato), thabo)


def test_events_of_the_calendar_are_the_shifts(rota: Rota, lerato: User) -> None:
    shifts = queries.own_shifts(lerato, NOW, NOW + 60 * DAY)
    assert len(shifts) == 4
    assert all(earlier.end < later.start for (_, earlier), (_, later) in pairwise(shifts))
    text = calendar.written(shifts, NOW)
    assert text.count("BEGIN:VEVENT") == 4
    assert "DTSTART:20261130T060000Z\r\nDTEND:20261207T060000Z" in text


def test_a_note_is_for_whoever_comes_next(rota: Rota, thabo: User, hospital: Organisation, admin: Actor) -> None:
    starts = datetime(2026, 11, 30, 6, tzinfo=UTC)
    services.write_handover(actor_of(thabo), rota, "CT 1 refuses C-MOVE.", starts, NOW)
    with pytest.raises(Forbidden):
        services.write_handover(actor_of(make_answerer(hospital)), rota, "x", starts, NOW)
    [now] = queries.on_call_now(admin, starts)
    assert now.note is not None
    assert now.note.author == thabo
    assert Channel.objects.filter(user=thabo).exists()


def test_a_rota_for_the_nights_has_no_hole_by_day(rota: Rota, admin: Actor) -> None:
    nights = "Mon-Fri 17:00-07:00; Sat-Sun 00:00-24:00; Mon 00:00-07:00"
    rota.layers.update(hours=nights)
    noon, evening = datetime(2026, 11, 24, 10, tzinfo=UTC), datetime(2026, 11, 24, 18, tzinfo=UTC)
    assert services.watch_holes(noon) == 1
    Rota.objects.update(hours=nights)
    rota.refresh_from_db()
    assert services.watch_holes(noon) == 0
    [now] = queries.on_call_now(admin, noon)
    assert (now.person, now.missing, now.hole) == (None, False, None)
    assert queries.on_call(rota, evening) is not None
