"""One cause, one alert: interfaces, consequences and storms find each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from umlindi.accounts.models import Organisation
from umlindi.alerts import services
from umlindi.alerts.models import Alert, AlertOutage, Page
from umlindi.alerts.queries.now import now_page
from umlindi.core.actors import Actor
from umlindi.estate.models import Dependency, Site, System
from umlindi.testing.alerts import bad, fail, make_person, make_policy, make_rota, mend, turn, turns
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system
from umlindi.watch.models import Outage
from umlindi.watch.rules.conditions import Condition
from umlindi.watch.services import outages
from umlindi.watch.services.outages import Turned

pytestmark = pytest.mark.django_db

NIGHT = datetime(2026, 11, 24, 0, 10, tzinfo=UTC)


def seconds(number: float) -> datetime:
    return NIGHT + timedelta(seconds=number)


def minutes(number: float) -> datetime:
    return NIGHT + timedelta(minutes=number)


def pacs_on_host() -> tuple[System, System]:
    site = make_site(name="Komani")
    host = make_system(site, name="PACS host", kind="host")
    pacs = make_system(site, name="Komani PACS", kind="pacs", serves="3 reading rooms")
    Dependency.objects.create(system=pacs, needs=host)
    return pacs, host


def systems_at(site: Site, number: int) -> list[System]:
    return [make_system(site, kind="pacs") for _ in range(number)]


def watched(site: Site, number: int) -> list[System]:
    found = systems_at(site, number)
    for system in found:
        make_interface(system)
    return found


def open_keys() -> set[str]:
    return set(Alert.objects.exclude(state="resolved").values_list("key", flat=True))


def pages() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


def test_the_interfaces_of_one_system_are_one_alert_and_it_is_over_with_the_last_of_them() -> None:
    make_policy((0, [make_person("Naledi")]))
    system = make_system(make_site(), name="Komani PACS", kind="pacs", serves="3 reading rooms")
    store, web = make_interface(system), make_interface(system)
    outages.follow([Turned(each, Condition.DOWN, NIGHT, bad()) for each in (store, web)], NIGHT)
    turns(seconds(1), 1)
    assert (Alert.objects.count(), len(mail.outbox)) == (1, 1)
    mend([system], minutes(2))
    turn(minutes(2))
    assert Alert.objects.get().state == "firing"
    outages.end(f"interface:{web.pk}", minutes(3), minutes(3))
    turn(minutes(3))
    assert Alert.objects.get().state == "resolved"


def test_a_consequence_is_part_of_its_causes_alert_whichever_is_seen_first() -> None:
    make_policy((0, [make_person("Naledi")]))
    pacs, host = pacs_on_host()
    fail([pacs], NIGHT)
    turn(seconds(1))
    fail([host], seconds(8))
    turns(seconds(9), 2)
    assert open_keys() == {f"system:{host.pk}"}
    alert = Alert.objects.get(key=f"system:{host.pk}")
    assert (alert.systems, alert.consequences) == (1, 1)
    assert alert.title.startswith("PACS host")
    assert pages() == [f"[CRITICAL] {alert.title}"]


def test_who_was_paged_of_a_consequence_is_told_once_where_it_went() -> None:
    make_policy((0, [make_person("Naledi")]), (5, [make_person("Sipho")]))
    pacs, host = pacs_on_host()
    fail([pacs], NIGHT)
    turns(seconds(1), 1)
    fail([host], minutes(3))
    turns(minutes(3), 20, every=60)
    merged = Alert.objects.get(key=f"system:{pacs.pk}")
    assert (merged.state, merged.ending, merged.clock) == ("resolved", "merged", "merged")
    assert merged.merged_into == Alert.objects.get(key=f"system:{host.pk}")
    of_merged = Page.objects.filter(alert=merged, state="delivered").order_by("pk")
    assert [(page.kind, page.user.first_name) for page in of_merged if page.user] == [
        ("page", "Naledi"),
        ("merged", "Naledi"),
    ]


def test_a_consequence_that_stays_when_its_cause_is_gone_has_an_alert_of_its_own() -> None:
    make_policy((0, [make_person("Naledi")]))
    pacs, host = pacs_on_host()
    fail([host, pacs], NIGHT)
    turns(seconds(1), 1)
    mend([host], minutes(5))
    turns(minutes(5), 1)
    assert Alert.objects.get(key=f"system:{host.pk}").state == "resolved"
    own = Alert.objects.get(key=f"system:{pacs.pk}")
    assert own.state == "firing"
    assert AlertOutage.objects.filter(alert=own, left_at=None).count() == 1
    assert AlertOutage.objects.filter(outage__system=pacs).count() == 2


def test_many_systems_of_a_site_at_once_are_one_alert_and_later_ones_join_it() -> None:
    make_policy((0, [make_person("Naledi")]))
    komani = make_site(name="Komani")
    systems = watched(komani, 9)
    fail(systems[:3], NIGHT)
    turn(seconds(1))
    fail(systems[3:8], seconds(10))
    turns(seconds(11), 2)
    assert open_keys() == {f"site:{komani.pk}"}
    storm = Alert.objects.get(key=f"site:{komani.pk}")
    assert storm.title == "8 systems at Komani do not answer"
    assert len(mail.outbox) == 1
    fail(systems[8:], minutes(5))
    turns(minutes(5), 1)
    assert open_keys() == {f"site:{komani.pk}"}
    assert Alert.objects.get(pk=storm.pk).systems == 9
    assert len(mail.outbox) == 1


def test_five_systems_are_no_storm() -> None:
    make_policy((0, [make_person("Naledi")]))
    fail(watched(make_site(), 5), NIGHT)
    turns(seconds(1), 1)
    assert Alert.objects.filter(breadth="one", state="firing").count() == 5


def test_a_fault_of_the_next_hour_is_not_hidden_in_an_old_storm() -> None:
    make_policy((0, [make_person("Naledi")]))
    komani = make_site(name="Komani")
    systems = watched(komani, 7)
    fail(systems[:6], NIGHT)
    turns(seconds(1), 1)
    fail(systems[6:], minutes(60))
    turns(minutes(60), 1)
    assert open_keys() == {f"site:{komani.pk}", f"system:{systems[6].pk}"}
    assert len(mail.outbox) == 2


def test_what_a_storm_leaves_behind_has_its_own_alert_and_the_storm_is_over() -> None:
    make_policy((0, [make_person("Naledi")]))
    komani = make_site(name="Komani")
    systems = watched(komani, 8)
    fail(systems, NIGHT)
    turns(seconds(1), 1)
    mend(systems[:7], minutes(10))
    turn(minutes(10))
    assert Alert.objects.get(key=f"site:{komani.pk}").state == "resolved"
    assert open_keys() == {f"system:{systems[7].pk}"}
    turn(minutes(11))
    assert [subject[:6] for subject in pages()] == ["[CRITI", "[OVER]"]
    turn(minutes(12.5))
    assert len(mail.outbox) == 3


def failing_everywhere(organisations: list[Organisation]) -> list[System]:
    sites = [make_site(organisation) for organisation in organisations for _ in range(2)]
    return [system for site in sites for system in watched(site, 3)]


def test_most_sites_of_an_organisation_at_once_are_one_alert() -> None:
    other = watched(make_site(), 2)
    for _ in range(4):
        watched(make_site(), 2)
    organisation = make_organisation(name="Eastern Cape")
    fail(failing_everywhere([organisation]), NIGHT)
    fail(other[:1], seconds(1))
    turns(seconds(2), 1)
    assert open_keys() == {f"organisation:{organisation.pk}", f"system:{other[0].pk}"}
    assert Alert.objects.get(breadth="organisation").title == "6 systems of Eastern Cape do not answer"


def test_every_site_at_once_is_our_own_network() -> None:
    make_policy((0, [make_rota(make_person("Naledi"))]))
    systems = failing_everywhere([make_organisation(), make_organisation()])
    fail(systems, NIGHT)
    turns(seconds(1), 1)
    alert = Alert.objects.get()
    assert (alert.key, alert.organisation) == ("everywhere", None)
    assert "our own network" in alert.cause
    assert len(mail.outbox) == 1
    mend(systems, minutes(5))
    turns(minutes(5), 1)
    assert Alert.objects.get().state == "resolved"


def test_heartbeats_budgets_and_the_house_are_causes_of_their_own() -> None:
    system = make_system(make_site(), kind="pacs")
    fail([system], NIGHT)
    for key, kind in (("heartbeat:1", "heartbeat"), ("budget:2:fast", "budget"), ("house:worker", "house")):
        outages.report(
            key,
            kind,
            organisation=system.site.organisation,
            system=system if kind != "house" else None,
            subject="The nightly backup",
            headline="did not report",
            since=NIGHT,
            now=NIGHT,
        )
    turn(seconds(1))
    assert open_keys() == {f"system:{system.pk}", "heartbeat:1", "budget:2:fast", "house:worker"}
    assert Alert.objects.get(key="heartbeat:1").severity == "medium"


def test_an_outage_that_came_and_went_before_anybody_looked_is_an_alert_of_the_past() -> None:
    system = make_system(make_site(), kind="pacs")
    fail([system], NIGHT)
    mend([system], minutes(30))
    turn(minutes(60))
    alert = Alert.objects.get()
    assert (alert.state, alert.clock, alert.resolved_at) == ("resolved", "missed", minutes(30))
    assert not Page.objects.exists()


def test_nothing_is_taken_twice() -> None:
    fail(watched(make_site(), 3), NIGHT)
    assert [services.take(seconds(1)), services.take(seconds(2))] == [3, 0]
    assert not Outage.objects.filter(heard=False).exists()


@pytest.mark.parametrize("ours_first", [True, False])
def test_what_another_watcher_says_of_a_system_does_not_take_the_place_of_our_own_diagnosis(ours_first: bool) -> None:
    system = make_system(make_site(), name="Komani PACS", kind="pacs", serves="3 reading rooms")

    def theirs() -> None:
        outages.report(
            "external:1:a", "external", organisation=system.site.organisation, site=system.site, system=system,
            subject=system.name, headline="reports DiskFilling", cause="Their words", fix="Their advice",
            since=minutes(-300), now=seconds(1),
        )  # fmt: skip

    steps = [lambda: fail([system], seconds(1)), theirs]
    for step in steps if ours_first else reversed(steps):
        step()
        turn(seconds(2))
    alert = Alert.objects.get()
    ours = Outage.objects.get(kind="interface")
    assert (alert.title, alert.cause, alert.fix) == (f"{system} {ours.headline}", ours.cause, ours.fix)
    assert (alert.since, alert.condition) == (ours.since, "down")
    card = now_page(Actor.house("test"), minutes(1)).told[0]
    assert [one.outage.kind for one in card.roots] == ["interface", "external"]
