"""Other watchers' alerts: their payload, whatever it is, and the outages that come of it."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.accounts.services import create_token
from umlindi.core.actors import Actor
from umlindi.diagnosis.redaction import redact
from umlindi.heartbeats import services
from umlindi.heartbeats.rules.alertmanager import Malformed, host_of, read
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.watch.models import Outage

HOUSE = Actor.house("test")
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
STARTED = "2026-11-24T09:41:12.345678901Z"


def alert(**told: Any) -> dict[str, Any]:
    """As Alertmanager 0.27 sends it."""
    return {
        "status": "firing",
        "labels": {"alertname": "DiskFull", "instance": "10.20.4.12:9100", "severity": "critical", "job": "node"},
        "annotations": {"summary": "Disk /var is 96 % full", "description": "It fills by 4 GB a day."},
        "startsAt": STARTED,
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "a1b2c3d4e5f60718",
    } | told


def payload(*alerts: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "umlindi",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts),
    }


@pytest.fixture
def hospital(db: None) -> Organisation:
    return make_organisation()


def send(hospital: Organisation, *alerts: dict[str, Any], now: datetime = NOW) -> services.Taken:
    return services.take_in(HOUSE, hospital, payload(*alerts), now)


def test_a_firing_alert_is_one_outage_until_it_is_resolved(hospital: Organisation) -> None:
    assert send(hospital, alert()) == services.Taken(firing=1, resolved=0)
    send(hospital, alert(), now=NOW + timedelta(hours=4))
    outage = Outage.objects.get()
    assert (outage.key, outage.kind) == (f"external:{hospital.pk}:a1b2c3d4e5f60718", "external")
    assert str(outage) == "10.20.4.12:9100 reports DiskFull: Disk /var is 96 % full"
    assert (outage.condition, outage.cause) == ("down", "It fills by 4 GB a day.")
    assert outage.since == datetime(2026, 11, 24, 9, 41, 12, 345678, tzinfo=UTC)
    ended = alert(status="resolved", endsAt="2026-11-24T15:00:00+02:00")
    assert send(hospital, ended, now=NOW + timedelta(hours=5)) == services.Taken(firing=0, resolved=1)
    assert Outage.objects.get().until == datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


def test_one_organisation_s_watcher_cannot_bury_what_others_are_told(hospital: Organisation) -> None:
    many = [alert(fingerprint=f"a{number}") for number in range(services.OPEN_AT_MOST)]
    send(hospital, *many)
    with pytest.raises(services.Flood):
        send(hospital, alert(fingerprint="b"))
    client = Client()
    client.force_login(make_user(Role.OPERATOR, hospital))
    answer = client.post(f"/api/alertmanager/{hospital.slug}/", payload(alert(fingerprint="b")), "application/json")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert "open at once" in answer.json()["error"]["message"]
    assert Outage.objects.count() == services.OPEN_AT_MOST
    assert send(hospital, *many[:3]).firing == 3
    assert send(make_organisation(), alert(fingerprint="b")).firing == 1
    send(hospital, alert(fingerprint="b"), alert(fingerprint="a0", status="resolved"))
    assert Outage.objects.filter(organisation=hospital, until=None).count() == services.OPEN_AT_MOST


def test_what_fires_again_is_a_new_outage_even_where_its_start_overlaps_the_old_one(hospital: Organisation) -> None:
    send(hospital, alert())
    send(hospital, alert(status="resolved"), now=NOW + timedelta(hours=1))
    send(hospital, alert(), now=NOW + timedelta(hours=2))
    first, second = Outage.objects.order_by("since")
    assert first.until is not None
    assert second.since >= first.until
    assert second.until is None


def test_a_thousand_at_once_are_taken_in_seconds_and_one_of_a_fingerprint(hospital: Organisation) -> None:
    many = [alert(fingerprint=f"f{number % 999}") for number in range(1000)]
    assert send(hospital, *many).firing == 1000
    assert Outage.objects.filter(until=None).count() == 999
    send(hospital, *(each | {"status": "resolved"} for each in many), now=NOW + timedelta(minutes=1))
    assert not Outage.objects.filter(until=None).exists()


def test_resolving_what_was_never_heard_of_is_nothing(hospital: Organisation) -> None:
    assert send(hospital, alert(status="resolved")).resolved == 1
    assert not Outage.objects.exists()


@pytest.mark.parametrize(
    ("severity", "condition"), [("warning", "degraded"), ("Info", "degraded"), ("critical", "down"), ("", "down")]
)
def test_severity_says_how_bad(hospital: Organisation, severity: str, condition: str) -> None:
    send(hospital, alert(labels={"alertname": "X", "severity": severity}))
    assert Outage.objects.get().condition == condition


def test_the_system_is_the_one_that_a_label_names_in_this_organisation_alone(hospital: Organisation) -> None:
    ours = make_interface(make_system(make_site(hospital), slug="pacs"), host="10.20.4.12").system
    make_interface(make_system(make_site(make_organisation())), host="10.20.4.12")
    send(hospital, alert())
    assert Outage.objects.get().system == ours
    assert Outage.objects.get().site == ours.site


def test_a_label_that_could_mean_two_systems_means_none(hospital: Organisation) -> None:
    site = make_site(hospital)
    for _ in range(2):
        make_interface(make_system(site), host="10.20.4.12")
    send(hospital, alert())
    assert Outage.objects.get().system is None


def test_a_system_by_name_comes_before_a_host(hospital: Organisation) -> None:
    site = make_site(hospital)
    make_interface(make_system(site), host="10.20.4.12")
    named = make_system(site, name="Mthatha PACS", slug="mthatha-pacs")
    labels = {"alertname": "X", "instance": "10.20.4.12:9100", "system": "mthatha pacs"}
    send(hospital, alert(labels=labels))
    assert Outage.objects.get().system == named


def test_what_looks_like_a_patient_is_not_kept(hospital: Organisation) -> None:
    said = {"summary": "Study of PatientName: Mokoena^Thabo failed", "description": "ID 8001015009087"}
    send(hospital, alert(annotations=said, labels={"alertname": "X", "patient": "Mokoena^Thabo"}))
    kept = str(Outage.objects.values().get())
    assert "Mokoena" not in kept
    assert "8001015009087" not in kept


def test_all_of_a_request_or_nothing(hospital: Organisation) -> None:
    with pytest.raises(Malformed) as refused:
        send(hospital, alert(), alert(fingerprint="b", startsAt="yesterday"))
    assert refused.value.place == "alerts.1.startsAt"
    assert not Outage.objects.exists()


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"alerts": None}, "alerts"),
        ({"version": "5"}, "version"),
        ({"alerts": [7]}, "alerts.0"),
        ({"alerts": [alert(status="odd")]}, "alerts.0.status"),
        ({"alerts": [alert(labels=[])]}, "alerts.0.labels"),
        ({"alerts": [alert(labels={"a": 1})]}, "alerts.0.labels.a"),
        ({"alerts": [alert(startsAt=None)]}, "alerts.0.startsAt"),
        ({"alerts": [alert(startsAt="2026-11-24T09:41:12")]}, "alerts.0.startsAt"),
        ({"alerts": [alert(endsAt=5)]}, "alerts.0.endsAt"),
        ({"alerts": [alert(fingerprint="")]}, "alerts.0.fingerprint"),
        ({"alerts": [alert(fingerprint="a:b")]}, "alerts.0.fingerprint"),
        ({"alerts": [alert(fingerprint="a" * 65)]}, "alerts.0.fingerprint"),
        ({"alerts": [alert()] * 1001}, "alerts"),
    ],
)
def test_a_malformed_payload_is_refused_by_the_name_of_its_field(change: dict[str, Any], place: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(payload(alert()) | change, NOW, redact)
    assert refused.value.place == place


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(body: Any) -> None:
    try:
        read(body, NOW, redact)
    except Malformed:
        return


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.sampled_from(["status", "labels", "annotations", "startsAt", "endsAt", "fingerprint"]), JSON)
@example("labels", {"alertname": "\x00\ud800", "severity": "warning"})
@example("startsAt", "9999-12-31T23:59:59-23:59")
@example("startsAt", "0001-01-01T00:00:00+23:59")
@example("endsAt", "0001-01-01T00:00:00+14:00")
def test_any_value_in_any_field_is_kept_whole_or_refused(hospital: Organisation, field: str, value: Any) -> None:
    Outage.objects.all().delete()
    try:
        send(hospital, copy.deepcopy(alert()) | {field: value})
    except Malformed:
        assert not Outage.objects.exists()


@given(st.text(max_size=60))
def test_a_host_is_found_in_anything(instance: str) -> None:
    assert len(host_of(instance)) <= len(instance)


def test_the_host_of_an_instance_is_without_its_port() -> None:
    told = ["10.20.4.12:9100", "pacs", "pacs.example:80", "[fd00::1]:9100", "fd00::1", "http://x"]
    assert [host_of(each) for each in told] == ["10.20.4.12", "pacs", "pacs.example", "fd00::1", "fd00::1", "http://x"]


def token(organisation: Organisation, *rights: str) -> dict[str, str]:
    user = make_user(Role.OPERATOR, organisation)
    now = datetime.now(UTC)
    secret = create_token(
        actor_of(user), user, "alertmanager", rights=frozenset(rights), expires_at=now + timedelta(days=1), now=now
    )[1]
    return {"Authorization": f"Bearer {secret}"}


def test_over_http_with_a_token_that_may_send(hospital: Organisation) -> None:
    url, client = f"/api/alertmanager/{hospital.slug}/", Client()
    body = payload(alert())
    json = "application/json"
    assert client.post(url, body, json).status_code == 401
    assert client.post(url, body, json, headers=token(hospital, "alert.view")).status_code == 403
    assert (
        client.post(url, body, json, headers=token(make_organisation(), "alert.send", "estate.view")).status_code == 404
    )
    sender = token(hospital, "alert.send", "estate.view")
    answer = client.post(url, body, json, headers=sender)
    assert (answer.status_code, answer.json()) == (200, {"firing": 1, "resolved": 0})
    refused = client.post(url, payload(alert(status="odd")), json, headers=sender)
    assert refused.status_code == 400
    assert refused.json()["error"]["fields"] == {"alerts.0.status": ["must be firing or resolved"]}
    assert client.post(url, b"{", json, headers=sender).status_code == 400
    assert client.post(url, b"[]", json, headers=sender).status_code == 400


def test_a_token_that_may_only_send_can_send(hospital: Organisation) -> None:
    answer = Client().post(
        f"/api/alertmanager/{hospital.slug}/",
        payload(alert()),
        "application/json",
        headers=token(hospital, "alert.send"),
    )
    assert answer.status_code == 200
