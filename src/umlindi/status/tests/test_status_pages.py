"""What opens without an account shows what was chosen, leaks nothing, and closes when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import timezone

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Interface
from umlindi.status import services
from umlindi.status.models import Link, Notice, StatusPage
from umlindi.status.queries.system import PERIODS, past
from umlindi.testing.estate import (
    make_alert,
    make_interface,
    make_organisation,
    make_outage,
    make_probe,
    make_site,
    make_system,
    make_user,
)
from umlindi.uptime.models import Window
from umlindi.watch.models import Spell

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
WORDS = {"title": "Imaging", "slug": "imaging", "introduction": "Ring 047 555 0100.", "public": True}
LIGHT = 30_000


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


def down_at(organisation: Organisation) -> Interface:
    """A PACS that has been down for an hour of ninety days, with all that must not be read outside."""
    system = make_system(make_site(organisation, name="Basement"), name="ORTHANC-7", vendor="Orthanc", serves="3 wards")
    interface = make_interface(system, host="10.20.4.12", called="SECRETAE", name="Query")
    now = timezone.now()
    make_probe(interface, condition="down", since=now)
    for condition, since, until in (("up", 95 * 24, 1), ("down", 1, 0)):
        Spell.objects.create(
            interface=interface,
            condition=condition,
            since=now - timedelta(hours=since),
            until=now - timedelta(hours=until) if until else None,
            probed_at=now,
        )
    make_alert(make_outage(interface, cause="A801 at 10.20.4.12"), title="ORTHANC-7 refuses SECRETAE")
    return interface


def page_of(interface: Interface) -> StatusPage:
    organisation = interface.system.site.organisation
    return services.add_page(HOUSE, organisation, WORDS, [(interface.system_id, "Pictures in the wards")])


def read(address: str) -> str:
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer.text


def test_it_says_in_plain_words_how_things_are_and_nothing_of_how_they_are_made() -> None:
    interface = down_at(make_organisation(name="Thusong"))
    page_of(interface)
    said = read("/see/imaging/")
    for words in ("Pictures in the wards", "Does not work", "It does not work.", "Ring 047 555 0100."):
        assert words in said
    for hidden in ("ORTHANC", "Orthanc", "10.20.4.12", "SECRETAE", "A801", "Query", "Basement", "3 wards", "refuses"):
        assert hidden not in said


def test_its_uptime_is_that_of_ninety_days() -> None:
    page_of(down_at(make_organisation()))
    said = read("/see/imaging/")
    assert "99.95" in said
    assert said.count("<path") == 2


@pytest.mark.parametrize(("hours", "figure"), [(2, False), (30, True)])
def test_what_is_measured_for_less_than_ninety_days_says_since_when_and_for_less_than_a_day_no_share(
    hours: int, figure: bool
) -> None:
    interface = down_at(make_organisation())
    first = timezone.now() - timedelta(hours=hours)
    Spell.objects.filter(condition="up").update(since=first)
    page_of(interface)
    said = read("/see/imaging/")
    local = timezone.localtime(first)
    assert said.count(f"measured since {local.day} {local:%b %H:%M}") == 2, "in words beside the bars, and in the bars"
    assert ("%" in said) == figure
    assert "not measured yet" not in said


def test_it_is_light_and_hidden_from_search() -> None:
    organisation = make_organisation()
    interfaces = [down_at(organisation) for _ in range(8)]
    shown = [(one.system_id, f"Service {number}") for number, one in enumerate(interfaces)]
    services.add_page(HOUSE, organisation, WORDS, shown)
    answer = Client().get("/see/imaging/")
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert '<meta name="robots" content="noindex' in answer.text
    files = [Path(str(finders.find(name))) for name in ("status.css", "status.js", "eye.svg")]
    assert len(answer.content) + sum(len(file.read_bytes()) for file in files) < LIGHT


def test_planned_work_is_told_by_what_it_touches_and_not_by_its_reason() -> None:
    interface = down_at(make_organisation())
    page_of(interface)
    now = timezone.now()
    window = Window.objects.create(
        organisation=interface.system.site.organisation, title="Patch CVE-2026-1", reason="SQL injection", zone="UTC",
        agreed_by="IT", starts=now - timedelta(minutes=1), ends=now + timedelta(hours=1), created_by="test",
    )  # fmt: skip
    window.systems.add(interface.system)
    said = read("/see/imaging/")
    assert "Planned work now: Pictures in the wards" in said
    assert "Planned work is under way." in said
    assert "CVE" not in said


def test_staff_say_things_until_it_is_over() -> None:
    interface = down_at(make_organisation())
    page, now = page_of(interface), timezone.now()
    admin = actor_of(make_user(Role.ADMINISTRATOR, page.organisation))
    notice = services.tell(admin, page, now, title="Slow pictures", stage="looking", text="We look into it.")
    assert "Slow pictures" in read("/see/imaging/")
    services.say(admin, notice, now, stage="over", text="Mended at ten.")
    notice.refresh_from_db()
    assert notice.ended == now
    services.say(admin, notice, now, stage="mending", text="It is back.")
    notice.refresh_from_db()
    assert notice.ended is None
    cache.clear()
    assert "Mended at ten." in read("/see/imaging/")
    verbs = AuditEvent.objects.filter(verb__startswith="notice").order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["notice.began", *["notice.updated"] * 3]


def test_a_page_that_is_not_public_opens_by_its_link_alone_until_that_is_revoked() -> None:
    page = page_of(down_at(make_organisation()))
    StatusPage.objects.update(public=False)
    assert Client().get("/see/imaging/").status_code == 404
    link, secret = services.make_link(HOUSE, "Ward managers", timezone.now(), page=page)
    assert secret not in str(Link.objects.values())
    assert "Pictures in the wards" in read(f"/see/link/{secret}/")
    assert Link.objects.get().used_at
    services.revoke_link(HOUSE, link, timezone.now())
    assert Client().get(f"/see/link/{secret}/").status_code == 404
    assert set(AuditEvent.objects.values_list("verb", flat=True)) >= {"link.made", "link.revoked"}


def test_a_wall_link_shows_its_own_organisation_and_opens_no_page() -> None:
    ours, theirs = make_organisation(), make_organisation()
    page = page_of(down_at(ours))
    make_alert(make_outage(make_interface(make_system(make_site(theirs)))), title="Their RIS is down")
    _, wall = services.make_link(HOUSE, "Screen", timezone.now(), organisation=ours)
    _, every = services.make_link(HOUSE, "Ops room", timezone.now())
    _, reader = services.make_link(HOUSE, "Wards", timezone.now(), page=page)
    assert "Their RIS" not in read(f"/wall/{wall}/")
    assert "ORTHANC-7" in read(f"/wall/{wall}/")
    assert "Their RIS" in read(f"/wall/{every}/")
    for wrong in (f"/see/link/{wall}/", f"/wall/{reader}/", "/wall/nothing/", "/see/link/nothing/"):
        assert Client().get(wrong).status_code == 404
    stranger = Client()
    stranger.get(f"/wall/{wall}/")
    assert stranger.get("/alerts/").status_code == 302
    assert settings.SESSION_COOKIE_NAME not in stranger.cookies


def test_the_wall_says_well_only_of_what_is_measured() -> None:
    organisation = make_organisation()
    _, wall = services.make_link(HOUSE, "Screen", timezone.now(), organisation=organisation)
    assert "<h1>Unknown</h1>" in read(f"/wall/{wall}/")
    probe = make_probe(make_interface(make_system(make_site(organisation))))
    assert "<h1>Well</h1>" in read(f"/wall/{wall}/")
    probe.probed_at = timezone.now() - timedelta(minutes=3)
    probe.save()
    assert "<h1>Unknown</h1>" in read(f"/wall/{wall}/")


def test_the_wall_tells_the_worst_first_and_how_many_more_there_are() -> None:
    organisation = make_organisation()
    make_probe(make_interface(make_system(make_site(organisation))))
    for number in range(9):
        outage = make_outage(make_interface(make_system(make_site(organisation))))
        make_alert(outage, title=f"Fault {number}", severity="critical" if number == 8 else "low")
    _, wall = services.make_link(HOUSE, "Screen", timezone.now(), organisation=organisation)
    said = read(f"/wall/{wall}/")
    assert said.index("Fault 8") < said.index("Fault 0")
    assert "and 3 more" in said


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_page_shows_no_system_of_another_client() -> None:
    ours, theirs = make_organisation(), make_organisation()
    own, foreign = down_at(ours), down_at(theirs)
    client = signed_in(make_user(Role.ADMINISTRATOR, ours))
    form = {"title": "Imaging", "slug": "imaging", "introduction": ""}
    chosen = {f"show-{one.system_id}": "on" for one in (own, foreign)}
    named = {f"as-{one.system_id}": "Pictures" for one in (own, foreign)}
    assert client.post(f"/status/new/{ours.slug}/", form | chosen | named).status_code == 302
    assert [one.system for one in StatusPage.objects.get().components.all()] == [own.system]
    admin = actor_of(make_user(Role.ADMINISTRATOR, ours))
    services.change_page(admin, StatusPage.objects.get(), {}, [(foreign.system_id, "Theirs")])
    assert not StatusPage.objects.get().components.exists()


def test_a_shown_system_needs_a_name_and_a_page_an_address_of_its_own() -> None:
    interface = down_at(make_organisation())
    organisation = interface.system.site.organisation
    page_of(interface)
    client = signed_in(make_user(Role.ADMINISTRATOR, organisation))
    form = {"title": "Again", "slug": "imaging", f"show-{interface.system_id}": "on"}
    said = client.post(f"/status/new/{organisation.slug}/", form).text
    assert "What do its users call it?" in said
    assert "Another page has this address." in said
    assert StatusPage.objects.count() == 1


def test_a_link_is_shown_once_and_made_by_who_may() -> None:
    page = page_of(down_at(make_organisation()))
    client = signed_in(make_user(Role.ADMINISTRATOR, page.organisation))
    said = client.post(f"/status/pages/{page.pk}/link/", {"name": "Wards"}).text
    assert "/see/link/" in said
    assert "/see/link/" not in client.get(f"/status/pages/{page.pk}/").text
    local = actor_of(make_user(Role.ADMINISTRATOR, page.organisation))
    with pytest.raises(Forbidden):
        services.make_link(local, "Everything", timezone.now())
    with pytest.raises(Forbidden):
        services.make_link(actor_of(make_user(Role.OPERATOR, page.organisation)), "x", timezone.now(), page=page)


def test_removing_a_page_ends_its_links() -> None:
    page = page_of(down_at(make_organisation()))
    _, secret = services.make_link(HOUSE, "Wards", timezone.now(), page=page)
    client = signed_in(make_user(Role.ADMINISTRATOR, page.organisation))
    client.post(f"/status/pages/{page.pk}/remove/", {"reason": "merged"})
    assert not StatusPage.objects.exists() and not Notice.objects.exists()
    assert Client().get(f"/see/link/{secret}/").status_code == 404


def test_a_systems_page_tells_its_past_and_leaves_it_out_where_only_the_present_is_asked_for() -> None:
    interface = down_at(make_organisation())
    client = signed_in(make_user(Role.OPERATOR, interface.system.site.organisation))
    address = interface.system.get_absolute_url()
    said = client.get(address).text
    for words in ("How it went", "This month so far", "Outages", "refuses connections"):
        assert words in said
    assert "How it went" not in client.get(address, headers={"HX-Request": "true", "HX-Target": "live"}).text
    assert 'href="?days=30#past-title" aria-current="true"' in client.get(f"{address}?days=30").text
    assert client.get(f"{address}?days=31").status_code == 200


@pytest.mark.parametrize(("first", "said"), [(datetime(2026, 11, 24, 15, 17, tzinfo=UTC), True), (None, False)])
def test_a_systems_month_is_told_from_its_first_answer_where_the_month_began_before(
    first: datetime | None, said: bool
) -> None:
    interface, now = make_interface(), datetime(2026, 11, 24, 18, tzinfo=UTC)
    since = first or now - timedelta(days=60)
    Spell.objects.create(interface=interface, condition="up", since=since, until=None, probed_at=now)
    told = past(HOUSE, interface.system, 1, now)
    assert told.month_since == first
    context = {"past": told, "periods": PERIODS, "system": interface.system, "zone": "Africa/Johannesburg"}
    shown = render_to_string("status/panel_system.html", context, RequestFactory().get("/"))
    assert ("measured since 24 Nov 17:17" in shown) == said
