"""On call as people meet it: pages and API, each only as far as they may."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from umlindi.accounts.models import Membership, Organisation, User
from umlindi.accounts.rules import Role
from umlindi.oncall.models import Channel, Handover, Override, Profile, Rota, Swap
from umlindi.oncall.queries.pages import drawn
from umlindi.oncall.queries.plans import roster_of
from umlindi.oncall.queries.weeks import DAY_WIDTH, seen_in, spans
from umlindi.testing.estate import make_organisation, make_user
from umlindi.testing.oncall import make_answerer, make_mailbox, make_rota

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


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
    return make_rota(hospital, thabo, lerato)


@pytest.fixture
def admin(hospital: Organisation) -> Client:
    return signed_in(make_user(Role.ADMINISTRATOR, hospital))


def shift_of(rota: Rota, person: User, nth: int = 0) -> dict[str, str]:
    """A person's whole shift to come, as the page's buttons send it."""
    now = timezone.now()
    found = roster_of(rota, now, now + 60 * DAY)
    own = [span for span in spans(found, seen_in(found)) if span.person == person and span.start > now]
    return {"starts": own[nth].start.isoformat(), "ends": own[nth].end.isoformat()}


def layer(number: int, *people: User, **more: str) -> dict[str, str]:
    usual = {"name": "", "every": "1", "unit": "weeks", "weekday": "0", "handover": "08:00", "starts": "2026-01-05",
             "hours": "", "on_holidays": "same", "place": str(number + 1)}  # fmt: skip
    people_sent = {f"person-{place}": str(person.pk) for place, person in enumerate(people)}
    return {f"layer-{number}-{name}": value for name, value in (usual | people_sent | more).items()}


def test_the_page_says_who_is_on_call_and_how_to_ring_them(rota: Rota, thabo: User, lerato: User) -> None:
    for user in (thabo, lerato):
        Profile.objects.create(user=user, phone="+27 82 555 0142")
    said = signed_in(thabo).get(reverse("oncall:now")).text
    assert " is on call until " in said
    assert 'href="tel:+27825550142"' in said
    Channel.objects.all().delete()
    assert "Nobody is on call for After hours." in signed_in(thabo).get(reverse("oncall:now")).text


def test_addresses_are_hidden_from_all_but_their_owner(rota: Rota, thabo: User, admin: Client) -> None:
    address = thabo.channels.get().address
    assert address in signed_in(thabo).get(reverse("oncall:me")).text
    assert address not in admin.get(reverse("oncall:person", args=[thabo.pk])).text
    assert address not in admin.get(reverse("oncall:now")).text


def test_a_rota_is_looked_at_before_it_is_saved(
    admin: Client, hospital: Organisation, thabo: User, lerato: User
) -> None:
    form = {
        "name": "Nights",
        "organisation": str(hospital.pk),
        "on_holidays": "same",
        "timezone": "Africa/Johannesburg",
        "layers": "1",
    }
    form |= layer(0, thabo, lerato, hours="Mon-Fri 17:00-07:00")
    looked = admin.post(reverse("oncall:add_rota"), form | {"do": "look"})
    assert "with holes" in looked.text
    assert not Rota.objects.exists()
    more = admin.post(reverse("oncall:add_rota"), form | {"do": "layer"})
    assert 'name="layer-1-starts"' in more.text
    form |= {"layers": "2"} | layer(1, lerato)
    assert "no hole in four weeks" in admin.post(reverse("oncall:add_rota"), form | {"do": "look"}).text
    saved = admin.post(reverse("oncall:add_rota"), form | {"do": "save"})
    row = Rota.objects.get()
    assert saved["Location"] == row.get_absolute_url()
    assert [[turn.user for turn in each.turns.all()] for each in row.layers.all()] == [[thabo, lerato], [lerato]]


def test_ranks_order_layers_and_a_ticked_one_goes(admin: Client, rota: Rota, thabo: User, lerato: User) -> None:
    url = reverse("oncall:change_rota", args=[rota.pk])
    form = {"name": "Nights", "on_holidays": "same", "timezone": "Europe/Amsterdam", "layers": "3", "do": "save"}
    form |= layer(0, thabo, place="2", name="below") | layer(1, lerato, place="1", name="above")
    form |= layer(2, starts="", remove="on")
    assert admin.post(url, form).status_code == 302
    rota.refresh_from_db()
    assert [each.name for each in rota.layers.all()] == ["above", "below"]
    assert rota.timezone == "Europe/Amsterdam"


def test_two_who_change_a_rota_at_once_do_not_undo_each_other(admin: Client, rota: Rota, thabo: User) -> None:
    url = reverse("oncall:change_rota", args=[rota.pk])
    seen = admin.get(url).context["form"]["seen"].value()
    form = {
        "name": "First",
        "on_holidays": "same",
        "timezone": "Africa/Johannesburg",
        "layers": "1",
        "seen": seen,
        "do": "save",
    }
    assert admin.post(url, form | layer(0, thabo)).status_code == 302
    again = admin.post(url, form | {"name": "Second"} | layer(0, thabo))
    assert "Somebody changed this rota meanwhile" in again.text
    assert Rota.objects.get().name == "First"


@pytest.mark.parametrize(
    "broken",
    [
        {"layers": "x"},
        {"layers": "9999"},
        {"layers": "9" * 5000},
        {"layer-0-person-0": "0"},
        {"layer-0-person-x": "1"},
        {"layer-0-every": "-1"},
        {"layer-0-starts": "0001-01-01"},
        {"layer-0-starts": "9999-12-31"},
        {"layers": "9", "do": "layer"},
    ],
)
def test_a_form_that_was_tampered_with_is_answered_in_words(
    admin: Client, rota: Rota, thabo: User, broken: dict[str, str]
) -> None:
    form = (
        {"name": "X", "on_holidays": "same", "timezone": "Africa/Johannesburg", "layers": "1", "do": "save"}
        | layer(0, thabo)
        | broken
    )
    assert admin.post(reverse("oncall:change_rota", args=[rota.pk]), form).status_code in {200, 302}


def test_a_shift_is_taken_with_one_press(rota: Rota, thabo: User, lerato: User) -> None:
    sent = shift_of(rota, lerato)
    page = signed_in(thabo).post(reverse("oncall:take", args=[rota.pk]), sent, follow=True)
    assert "The shift is yours." in page.text
    assert Override.objects.get().user == thabo
    again = signed_in(thabo).post(reverse("oncall:take", args=[rota.pk]), sent, follow=True)
    assert "was put on for a part of that time already" in again.text


def test_an_override_is_in_the_rotas_own_time(admin: Client, rota: Rota, thabo: User) -> None:
    Rota.objects.update(timezone="America/New_York")
    day = timezone.now().date() + 3 * DAY
    form = {"person": str(thabo.pk), "starts": f"{day}T08:00", "ends": f"{day}T20:00", "reason": "Leave"}
    admin.post(reverse("oncall:put_on", args=[rota.pk]), form)
    assert f"{Override.objects.get().starts:%H}" in {"12", "13"}


def test_a_swap_goes_from_one_page_to_the_other(rota: Rota, thabo: User, lerato: User) -> None:
    sent = shift_of(rota, thabo)
    page = signed_in(thabo).get(reverse("oncall:swap", args=[rota.pk]), sent)
    choice = page.context["choices"][0]
    assert choice.other == lerato
    asked = sent | {"other": choice.value, "reason": "A wedding"}
    assert signed_in(thabo).post(reverse("oncall:swap", args=[rota.pk]), asked).status_code == 302
    swap = Swap.objects.get()
    assert "Thabo Mokoena asks you to take" in signed_in(lerato).get(reverse("oncall:now")).text
    refused = signed_in(thabo).post(reverse("oncall:accept_swap", args=[swap.pk]), follow=True)
    assert "Lerato Khumalo answers that, nobody else." in refused.text
    assert "Swapped." in signed_in(lerato).post(reverse("oncall:accept_swap", args=[swap.pk]), follow=True).text
    assert Override.objects.count() == 2


def test_a_note_is_for_the_shift_that_comes(rota: Rota, thabo: User) -> None:
    signed_in(thabo).post(reverse("oncall:hand_over", args=[rota.pk]), {"text": "CT 1 refuses C-MOVE."})
    assert Handover.objects.get().shift_starts > timezone.now()
    assert "CT 1 refuses C-MOVE." in signed_in(thabo).get(reverse("oncall:rota", args=[rota.pk])).text


def test_ones_own_ways_rules_and_quiet_hours(thabo: User) -> None:
    client = signed_in(thabo)
    wrong = client.post(
        reverse("oncall:set_profile"), {"phone": "", "quiet": "at night", "timezone": "Africa/Johannesburg"}
    )
    assert "is not hours" in wrong.text
    channel = thabo.channels.get()
    client.post(reverse("oncall:set_rules"), {f"high-{channel.pk}": "5"})
    assert [(rule.severity, rule.minutes) for rule in thabo.paging_rules.all()] == [("high", 5)]
    neither = client.post(reverse("oncall:add_channel"), {"name": "X", "address": "", "url": ""})
    assert "Give one of them" in neither.text
    client.post(reverse("oncall:add_channel"), {"name": "Second", "address": "second@thusong.example", "url": ""})
    second = thabo.channels.get(name="Second")
    for door in ("try_channel", "turn_channel", "remove_channel"):
        assert client.post(reverse(f"oncall:{door}", args=[second.pk]))["Location"] == reverse("oncall:me")
    assert not thabo.channels.filter(name="Second").exists()


def test_what_was_typed_as_a_secret_never_comes_back(thabo: User) -> None:
    sent = {"name": "Hook", "address": "", "url": "nonsense://hunter2"}
    assert "hunter2" not in signed_in(thabo).post(reverse("oncall:add_channel"), sent).text


@pytest.mark.parametrize("owner", ["person", "team", "provider"])
def test_nobody_adds_a_way_for_whom_they_may_not(hospital: Organisation, thabo: User, owner: str) -> None:
    stranger = signed_in(make_user(Role.ADMINISTRATOR, make_organisation()))
    asked = {"person": f"person={thabo.pk}", "team": f"team={hospital.slug}", "provider": "team=-"}[owner]
    sent = {"name": "Mine", "address": "mine@elsewhere.example", "url": ""}
    answer = stranger.post(f"{reverse('oncall:add_channel')}?{asked}", sent)
    assert answer.status_code == (200 if owner == "provider" else 404)
    assert not Channel.objects.filter(name="Mine").exists()


def test_what_one_may_only_see_one_does_not_change(hospital: Organisation, rota: Rota, thabo: User) -> None:
    """An administrator elsewhere who operates here."""
    user = make_user(Role.ADMINISTRATOR, make_organisation())
    Membership.objects.create(user=user, organisation=hospital, role=Role.OPERATOR)
    client, team = signed_in(user), make_mailbox(organisation=hospital)
    for door in ("change_rota", "remove_rota"):
        assert client.post(reverse(f"oncall:{door}", args=[rota.pk]), {"reason": "mine"}).status_code == 403
    for door in ("turn_channel", "remove_channel", "try_channel"):
        client.post(reverse(f"oncall:{door}", args=[team.pk]))
        assert client.post(reverse(f"oncall:{door}", args=[thabo.channels.get().pk])).status_code == 404
    client.post(reverse("oncall:take", args=[rota.pk]), shift_of(rota, thabo))
    client.post(reverse("oncall:hand_over", args=[rota.pk]), {"text": "x"})
    team.refresh_from_db()
    assert team.enabled
    assert team.verified_at is None
    assert not Override.objects.exists()
    assert not Handover.objects.exists()


def test_the_api_says_who_is_on_call(rota: Rota, thabo: User, lerato: User) -> None:
    make_rota(None, make_answerer(None), name="Second line")
    client = signed_in(thabo)
    [now] = client.get(reverse("api-oncall-now")).json()
    assert now["name"] == "After hours"
    assert now["person"]["name"] in {str(thabo), str(lerato)}
    assert now["organisation"] == rota.organisation.slug  # type: ignore[union-attr]
    assert now["hole_from"] is None
    assert [each["id"] for each in client.get(reverse("api-rotas")).json()] == [rota.pk]
    shifts: list[dict[str, Any]] = client.get(reverse("api-rota", args=[rota.pk])).json()["shifts"]
    assert {shift["person"]["name"] for shift in shifts} == {str(thabo), str(lerato)}
    assert client.get(reverse("api-rota", args=[Rota.objects.get(name="Second line").pk])).status_code == 404


def test_the_page_asks_the_database_no_more_for_many_people(
    django_assert_max_num_queries: Any, hospital: Organisation, thabo: User
) -> None:
    make_rota(hospital, *(make_answerer(hospital) for _ in range(12)), thabo)
    client = signed_in(thabo)
    with django_assert_max_num_queries(45):
        client.get(reverse("oncall:now"))


def off_hours(at: datetime) -> str:
    """An hour of the day after tomorrow: now nobody need be there."""
    return f"{at + 2 * DAY:%a} 08:00-09:00"


def test_outside_its_hours_a_rota_without_anybody_is_no_hole_and_a_hole_is_one(
    hospital: Organisation, thabo: User
) -> None:
    hours = off_hours(timezone.now())
    quiet = make_rota(hospital, thabo, name="Fridays", hours=hours)
    quiet.layers.update(hours=hours)
    client = signed_in(thabo)
    said = client.get("/").text
    assert "Nobody need be</span>" in said
    assert '<span class="state fail">Nobody</span>' not in said
    [now] = client.get(reverse("api-oncall-now")).json()
    assert (now["person"], now["missing"]) == (None, False)
    Rota.objects.update(hours="")
    cache.clear()
    [now] = client.get(reverse("api-oncall-now")).json()
    assert (now["person"], now["missing"]) == (None, True)
    assert '<span class="state fail">Nobody</span>' in client.get("/").text


def test_the_table_of_shifts_gives_no_hand_over_where_only_the_drawing_ends(rota: Rota, thabo: User) -> None:
    said = signed_in(thabo).get(reverse("oncall:rota", args=[rota.pk])).text
    rows = said[said.index('<table id="shifts"') :].split("</table>")[0].split("<tr>")[2:]
    assert len(rows) > 2
    assert ['data-head="from" class="tight">now<' in row for row in rows] == [True] + [False] * (len(rows) - 1)
    assert ["further on" in row for row in rows] == [False] * (len(rows) - 1) + [True]


def test_nobody_was_missing_before_a_rota_began(hospital: Organisation, thabo: User) -> None:
    """It began on Wednesday: the days before are bare, what is empty from then on is a hole."""
    friday = datetime(2026, 11, 27, 10, tzinfo=UTC)
    rota = make_rota(hospital, thabo)
    rota.layers.update(starts=date(2026, 11, 25), hours="Fri 00:00-24:00")
    first = drawn(rota, friday, 1).weeks[0].pieces
    begins = (2 + 8 / 24) * DAY_WIDTH
    assert [(piece.tone, piece.left) for piece in first] == [
        ("gap", begins),
        ("p1", 4.0 * DAY_WIDTH),
        ("gap", 5.0 * DAY_WIDTH),
    ]
