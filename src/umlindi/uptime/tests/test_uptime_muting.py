"""Which outages a window mutes, and when."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from umlindi.estate.models import Dependency, Site, System
from umlindi.testing.estate import make_organisation, make_site, make_system
from umlindi.uptime.models import Window
from umlindi.uptime.queries import muting, windows_on
from umlindi.watch.models import Outage

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 24, 18, tzinfo=UTC)
END = START + timedelta(hours=2)
DURING = START + timedelta(minutes=30)


def make_window(
    organisation: Any, systems: tuple[System, ...] = (), sites: tuple[Site, ...] = (), **given: Any
) -> Window:
    values = {
        "title": "Upgrade",
        "reason": "Security fixes",
        "agreed_by": "S. Gxowa",
        "starts": START,
        "ends": END,
        "zone": "Africa/Johannesburg",
        "created_by": "N. Dlamini",
    }
    window = Window.objects.create(organisation=organisation, **values | given)
    window.systems.set(systems)
    window.sites.set(sites)
    return window


def make_outage(key: str, *, system: System | None = None, site: Site | None = None, **given: Any) -> Outage:
    site = site or (system.site if system else None)
    values = {"kind": "interface", "subject": "x", "headline": "is down", "condition": "down", "since": START}
    return Outage.objects.create(
        key=key,
        organisation=site.organisation if site else None,
        site=site,
        system=system,
        detected_at=START,
        **values | given,
    )


def test_a_covered_system_is_muted_from_the_start_until_the_end_and_not_at_it() -> None:
    system = make_system()
    window, outage = make_window(system.site.organisation, (system,)), make_outage("a", system=system)
    told = {at: muting([outage], at) for at in (START - timedelta(seconds=1), START, END - timedelta(seconds=1), END)}
    assert list(told.values()) == [{}, {outage.pk: window}, {outage.pk: window}, {}]


def test_what_stands_on_a_covered_system_is_muted_through_any_number_of_steps() -> None:
    site = make_site()
    database, ris, portal, other = (make_system(site) for _ in range(4))
    Dependency.objects.create(system=ris, needs=database)
    Dependency.objects.create(system=portal, needs=ris)
    window = make_window(site.organisation, (database,))
    outages = [make_outage(str(each.pk), system=each) for each in (database, ris, portal, other)]
    assert muting(outages, DURING) == {outage.pk: window for outage in outages[:3]}


def test_what_a_covered_system_stands_on_is_not_muted() -> None:
    site = make_site()
    database, ris = make_system(site), make_system(site)
    Dependency.objects.create(system=ris, needs=database)
    make_window(site.organisation, (ris,))
    assert muting([make_outage("a", system=database)], DURING) == {}


def test_a_whole_site_mutes_its_systems_and_what_names_only_the_site() -> None:
    site = make_site()
    elsewhere = make_site(site.organisation)
    window = make_window(site.organisation, sites=(site,))
    here, there = make_outage("a", system=make_system(site)), make_outage("b", system=make_system(elsewhere))
    bare, bare_there = make_outage("c", site=site), make_outage("d", site=elsewhere)
    assert muting([here, there, bare, bare_there], DURING) == {here.pk: window, bare.pk: window}


def test_what_concerns_no_system_is_never_muted() -> None:
    site = make_site()
    make_window(site.organisation, sites=(site,))
    assert muting([make_outage("house:worker", kind="house")], DURING) == {}


def test_a_cancelled_window_mutes_nothing_and_one_not_yet_noted_as_active_does() -> None:
    system = make_system()
    outage = make_outage("a", system=system)
    make_window(system.site.organisation, (system,), state="cancelled")
    assert muting([outage], DURING) == {}
    window = make_window(system.site.organisation, (system,), state="planned")
    assert muting([outage], DURING) == {outage.pk: window}


def test_of_two_windows_the_one_that_ends_last_is_told() -> None:
    system = make_system()
    make_window(system.site.organisation, (system,))
    hour, outage = timedelta(hours=1), make_outage("a", system=system)
    longer = make_window(system.site.organisation, (system,), starts=START - hour, ends=END + hour)
    make_window(system.site.organisation, (system,), starts=START + timedelta(minutes=1))
    assert muting([outage], DURING) == {outage.pk: longer}
    assert windows_on([system.pk], DURING) == {system.pk: longer}


def test_ten_thousand_outages_are_judged_in_a_few_reads_and_less_than_a_second(
    django_assert_max_num_queries: Any,
) -> None:
    site = make_site()
    systems = System.objects.bulk_create(
        System(site=site, slug=f"s{n}", name=f"S{n}", kind="modality") for n in range(10_000)
    )
    Dependency.objects.bulk_create(Dependency(system=each, needs=systems[0]) for each in systems[1:])
    make_window(site.organisation, (systems[0],))
    outages = [Outage(pk=n, organisation=site.organisation, system=each) for n, each in enumerate(systems, 1)]
    began = time.process_time()
    with django_assert_max_num_queries(5):
        assert len(muting(outages, DURING)) == 10_000
    assert time.process_time() - began < 1


@pytest.mark.parametrize("state", ["closed", "cancelled"])
def test_history_cannot_be_changed_even_past_the_services(state: str) -> None:
    window = make_window(make_organisation(), state=state)
    with pytest.raises(DatabaseError, match="history"), transaction.atomic():
        Window.objects.filter(pk=window.pk).update(ends=END + timedelta(days=1))
    with pytest.raises(DatabaseError, match="history"), transaction.atomic():
        window.delete()
