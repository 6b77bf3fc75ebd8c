from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.accounts.services import create_token
from umlindi.alerts.models import Alert
from umlindi.core.models import Beat
from umlindi.estate.models import Interface
from umlindi.readings.services import Reading, append
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.watch.models import Outage, Probe, Watcher

pytestmark = pytest.mark.django_db

# What Prometheus 3 sends.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.4,*/*;q=0.1"
)
Found = dict[str, list[tuple[dict[str, str], float]]]


def secret(rights: Sequence[str], organisation: Organisation | None = None) -> str:
    user, now = make_user(Role.VIEWER, organisation), timezone.now()
    return create_token(
        actor_of(user), user, "prometheus", rights=frozenset(rights), expires_at=now + timedelta(days=1), now=now
    )[1]


def scrape(token: str) -> Found:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {token}", "Accept": ACCEPT})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    found: Found = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(found: Found, name: str, **labels: str) -> float:
    (told,) = [number for has, number in found.get(name, []) if labels.items() <= has.items()]
    return told


def probed(interface: Interface, now: datetime, plan: str = "quick", **given: Any) -> Probe:
    seconds = {"quick": 30.0, "full": 900.0}[plan]
    values = {
        "due_at": now + timedelta(hours=1),
        "probed_at": now - timedelta(seconds=10),
        "condition": "up",
        "ms": 4.0,
    }
    return Probe.objects.create(interface=interface, plan=plan, interval_s=seconds, **(values | given))


def outage(organisation: Organisation | None, key: str, **given: Any) -> Outage:
    now = timezone.now()
    values = {"kind": "interface", "condition": "down", "since": now, "detected_at": now, "subject": "PACS"}
    return Outage.objects.create(organisation=organisation, key=key, headline="does not answer", **(values | given))


def alert(organisation: Organisation, key: str) -> Alert:
    now = timezone.now()
    moments = dict.fromkeys(("since", "detected_at", "opened_at", "answer_due_at", "fired_at"), now)
    return Alert.objects.create(
        organisation=organisation, key=key, severity="high", condition="down", title="PACS", state="firing", **moments
    )


def test_an_interface_is_told_as_it_stands() -> None:
    now = timezone.now()
    clinic = make_organisation(slug="ubuntu")
    pacs = make_system(make_site(clinic, slug="mthatha"), slug="pacs")
    interface = make_interface(pacs, name='The "fast" door')
    probed(interface, now, since=now, ms=2.5)
    probed(interface, now, "full", condition="degraded", since=now, ms=900.0, flapping=True)
    found = scrape(secret(["estate.view"], clinic))
    names = {
        "organisation": "ubuntu",
        "site": "mthatha",
        "system": "pacs",
        "interface": 'The "fast" door',
    }
    assert found["umlindi_interface_condition"] == [({**names, "kind": "dicom", "condition": "degraded"}, 1)]
    assert found["umlindi_interface_flapping"] == [(names, 1)]
    assert value(found, "umlindi_interface_probe_seconds") == 0.0025
    assert 9 < value(found, "umlindi_interface_last_probe_age_seconds") < 60


def test_what_was_never_asked_or_not_for_too_long_is_unknown_and_what_is_not_asked_any_more_is_not_there() -> None:
    now = timezone.now()
    clinic = make_organisation()
    never, silent, off = [make_interface(make_system(make_site(clinic))) for _ in range(3)]
    probed(silent, now, probed_at=now - timedelta(hours=1))
    Interface.objects.filter(pk=off.pk).update(enabled=False)
    found = scrape(secret(["estate.view"], clinic))
    told = {labels["interface"]: labels["condition"] for labels, _ in found["umlindi_interface_condition"]}
    assert told == {never.name: "unknown", silent.name: "unknown"}


def test_probes_are_due_late_or_in_hand() -> None:
    now = timezone.now()
    clinic = make_organisation()
    for due, claimed in ((-0.1, None), (-30, None), (-30, -20), (-30, 60), (30, None)):
        interface = make_interface(make_system(make_site(clinic)))
        until = None if claimed is None else now + timedelta(seconds=claimed)
        probed(interface, now, due_at=now + timedelta(seconds=due), claimed_until=until)
    found = scrape(secret(["estate.view"], clinic))
    assert value(found, "umlindi_probes", state="due") == 3
    assert value(found, "umlindi_probes", state="late") >= 2
    assert value(found, "umlindi_probes", state="in_hand") == 1


def test_nobody_is_told_of_another_organisation() -> None:
    now = timezone.now()
    mine, theirs = make_organisation(), make_organisation()
    for number, clinic in enumerate((mine, theirs, theirs)):
        interface = make_interface(make_system(make_site(clinic)))
        probed(interface, now)
        append([Reading(interface.pk, "quick", now - timedelta(seconds=5), "up", "", {"echo": 1.0})])
        outage(clinic, f"interface:{number}")
        alert(clinic, f"system:{number}")
    outage(None, "house:worker", kind="house")
    Beat.objects.create(name="watch", host="h", pid=1, version="0", started_at=now, at=now)
    found = scrape(secret(["estate.view", "alert.view"], mine))
    told = {labels["organisation"] for samples in found.values() for labels, _ in samples if "organisation" in labels}
    assert told == {mine.slug}
    assert value(found, "umlindi_readings_per_second") == pytest.approx(1 / 60)
    assert value(found, "umlindi_outages_open") == 1
    assert "umlindi_process_beat_age_seconds" not in found, "the house is the provider's"


def test_troubles_are_for_who_may_see_alerts() -> None:
    clinic = make_organisation()
    outage(clinic, "interface:1")
    alert(clinic, "system:1")
    found = scrape(secret(["estate.view"], clinic))
    assert not {"umlindi_outages_open", "umlindi_alerts_open"} & found.keys()
    both = scrape(secret(["estate.view", "alert.view"], clinic))
    assert value(both, "umlindi_outages_open", kind="interface", condition="down") == 1
    assert value(both, "umlindi_alerts_open", severity="high", state="firing") == 1


def test_the_provider_sees_its_own_house() -> None:
    now = timezone.now()
    outage(None, "house:worker", kind="house")
    Beat.objects.create(name="pager", host="a", pid=7, version="0", started_at=now, at=now - timedelta(seconds=5))
    Beat.objects.create(name="watch", host="a", pid=8, version="0", started_at=now, at=now, ended_at=now)
    Watcher.objects.create(
        id="a1b2c3d4-0000-4000-8000-000000000001", host="a", pid=9, at=now, batch=3, lag_s=0.2, waiting=40
    )
    found = scrape(secret(["estate.view", "alert.view"]))
    assert [labels["process"] for labels, _ in found["umlindi_process_beat_age_seconds"]] == ["pager"]
    assert value(found, "umlindi_watch_spooled_answers", host="a") == 40
    assert value(found, "umlindi_watch_lag_seconds", pid="9") == 0.2
    assert value(found, "umlindi_outages_open", kind="house", organisation="") == 1
    assert value(found, "umlindi_readings_refused_total") == 0
    assert value(found, "umlindi_build_info") == 1


def test_who_is_not_known_or_may_not_is_told_so_in_a_sentence() -> None:
    nobody = Client().get("/metrics", headers={"Accept": ACCEPT})
    assert (nobody.status_code, nobody.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert nobody.content.endswith(b"\n")
    narrow = Client().get("/metrics", headers={"Authorization": f"Bearer {secret(['check.view'])}"})
    assert narrow.status_code == 403


def _many(organisation: Organisation, number: int) -> None:
    now = timezone.now()
    system = make_system(make_site(organisation))
    interfaces = Interface.objects.bulk_create(
        Interface(system=system, name=f"AE {one}", kind="dicom", host="10.0.0.1", port=104) for one in range(number)
    )
    Probe.objects.bulk_create(
        Probe(interface=one, plan=plan, due_at=now, probed_at=now, condition="up", ms=3.0, interval_s=30.0)
        for one in interfaces
        for plan in ("quick", "full", "canary")
    )


def test_two_thousand_interfaces_take_as_many_queries_as_one_and_under_200_ms() -> None:
    clinic = make_organisation()
    token = secret(["estate.view", "alert.view"], clinic)
    counts = []
    for number in (1, 1999):
        _many(clinic, number)
        with CaptureQueriesContext(connection) as queries:
            scrape(token)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert min(_seconds(token) for _ in range(5)) < 0.2


def _seconds(token: str) -> float:
    """Of this process: others want the machine's cores, too."""
    client = Client()
    began = time.process_time()
    client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    return time.process_time() - began
