"""The API and the command line of alerts, and the verbs of policies, as their users meet them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.alerts import queries, services
from umlindi.alerts.models import Alert, AlertEvent, Policy
from umlindi.cli import main
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.testing.alerts import fail, make_person, make_policy, make_rota, mend, turn
from umlindi.testing.estate import make_organisation, make_site, make_system, make_user

pytestmark = pytest.mark.django_db
HOUSE = Actor.house("test")


@pytest.fixture
def alert() -> Alert:
    system = make_system(make_site(name="Komani"), name="Komani PACS", kind="pacs", serves="3 reading rooms")
    now = timezone.now()
    fail([system], now - timedelta(seconds=20))
    turn(now - timedelta(seconds=19))
    return Alert.objects.get()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def operator(alert: Alert) -> User:
    return make_person("Naledi", alert.organisation)


def post(user: User, alert: Alert, verb: str, **body: Any) -> Any:
    return browser(user).post(f"/api/alerts/{alert.pk}/{verb}/", body, content_type="application/json")


def test_a_program_reads_what_is_open_with_its_timeline_and_acknowledges_it(alert: Alert) -> None:
    make_policy((0, [operator(alert)]))
    user = make_person("Sipho", alert.organisation)
    turn(timezone.now())
    listed = browser(user).get("/api/alerts/?state=open").json()
    assert [(card["alert"]["id"], card["verdict"]) for card in listed] == [(alert.pk, "open")]
    assert post(user, alert, "acknowledge", reason="driving there").json()["state"] == "acknowledged"
    detail = browser(user).get(f"/api/alerts/{alert.pk}/").json()
    assert [event["kind"] for event in detail["events"]][-1] == "acknowledged"
    assert detail["roots"][0]["said"].startswith("Komani PACS")
    assert detail["card"]["verdict"] == "met"


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("acknowledge", {"reason": " "}, "reason"),
        ("acknowledge", {"reason": "x", "until": "2020-01-01T00:00:00Z"}, "until"),
        ("snooze", {"reason": "x"}, "until"),
        ("close", {}, "reason"),
        ("comments", {"text": ""}, "text"),
    ],
)
def test_an_answer_without_what_it_needs_is_told_which_field(
    alert: Alert, verb: str, body: dict[str, str], field: str
) -> None:
    answer = post(operator(alert), alert, verb, **body)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == [field]


def test_snooze_close_and_comment_by_the_api(alert: Alert) -> None:
    user = operator(alert)
    assert (
        post(user, alert, "snooze", reason="after theatre", until=timezone.now() + timedelta(hours=1)).status_code
        == 200
    )
    assert post(user, alert, "close", reason="replaced tomorrow").json()["closed_at"]
    assert post(user, alert, "comments", text="Rang the vendor.").status_code == 201
    verbs = AuditEvent.objects.order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["alert.snoozed", "alert.closed", "alert.commented"]


def test_what_is_over_is_not_answered(alert: Alert) -> None:
    assert alert.system
    mend([alert.system], timezone.now())
    turn(timezone.now())
    answer = post(operator(alert), alert, "acknowledge", reason="too late")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "already_over")
    assert [card["alert"]["id"] for card in browser(operator(alert)).get("/api/alerts/?state=over").json()] == [
        alert.pk
    ]


def test_a_viewer_reads_and_does_not_answer_and_a_stranger_does_neither(alert: Alert) -> None:
    viewer = make_user(Role.VIEWER, alert.organisation)
    stranger = make_user(Role.ADMINISTRATOR, make_organisation())
    assert browser(viewer).get(f"/api/alerts/{alert.pk}/").status_code == 200
    assert post(viewer, alert, "acknowledge", reason="x").status_code == 403
    assert browser(stranger).get(f"/api/alerts/{alert.pk}/").status_code == 404
    assert post(stranger, alert, "acknowledge", reason="x").status_code == 404
    assert browser(stranger).get("/api/alerts/").json() == []
    with pytest.raises(Forbidden):
        services.acknowledge(actor_of(viewer), alert, "x", timezone.now())


def test_figures_say_which_alerts_made_them(alert: Alert) -> None:
    user, now = operator(alert), timezone.now()
    period = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    services.acknowledge(actor_of(user), alert, "driving there", now)
    told = browser(user).get("/api/alerts/figures/", period).json()
    assert (told["alerts"]["met"], told["judged"], told["share"]) == ([alert.pk], 1, 1.0)


def test_open_alerts_are_read_in_a_bounded_number_of_queries(django_assert_max_num_queries: Any) -> None:
    now = timezone.now()
    for number in range(12):
        fail([make_system(make_site(), kind="pacs")], now + timedelta(minutes=3 * number))
        turn(now + timedelta(minutes=3 * number, seconds=1))
    with django_assert_max_num_queries(6):
        assert len(queries.open_alerts(HOUSE, now)) == 12


def given(*steps: services.GivenStep, severity: str = "") -> services.GivenPolicy:
    return services.GivenPolicy("Escalation", severity, 2, 15, steps)


def test_a_policy_is_added_changed_and_removed_with_its_steps_in_the_trail() -> None:
    organisation = make_organisation()
    actor = actor_of(make_user(Role.ADMINISTRATOR, organisation))
    rota, person = make_rota(None, organisation), make_person("Naledi", organisation)
    first = services.GivenStep(0, [("rota", rota.pk)])
    policy = services.save_policy(actor, given(first), organisation)
    second = services.GivenStep(10, [("user", person.pk)])
    services.save_policy(actor, given(first, second), organisation, policy)
    assert [(step.after, str(step.targets.get())) for step in policy.steps.all()] == [
        (0, "First line"),
        (10, str(person)),
    ]
    services.remove_policy(actor, policy)
    assert not Policy.objects.exists()
    events = list(AuditEvent.objects.order_by("seq").values_list("verb", "reason"))
    assert events[1] == ("policy.changed", f"0 min: rota {rota.pk}; 10 min: user {person.pk}")


def test_a_policy_tells_nobody_of_another_organisation_and_somebody_at_each_step() -> None:
    organisation = make_organisation()
    actor = actor_of(make_user(Role.ADMINISTRATOR, organisation))
    stranger = make_person("Sipho", make_organisation())
    rota = make_rota(None, organisation)
    good = services.GivenStep(0, [("rota", rota.pk)])
    for wrong in (
        given(services.GivenStep(0, [("user", stranger.pk)])),
        given(services.GivenStep(0, [])),
        given(good, services.GivenStep(0, [("rota", rota.pk)])),
        given(),
        given(good, severity="loud"),
    ):
        with pytest.raises(services.BadPolicy):
            services.save_policy(actor, wrong, organisation)
    services.save_policy(actor, given(good), organisation)
    with pytest.raises(services.BadPolicy):
        services.save_policy(actor, given(good), organisation)
    with pytest.raises(Forbidden):
        services.save_policy(actor, given(good), None)


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["alert", *words])
    return result.exit_code, result.output


def test_the_command_line_lists_shows_and_acknowledges(alert: Alert) -> None:
    user = operator(alert)
    assert json.loads(run("list", "--json")[1])[0]["title"] == alert.title
    code, said = run("ack", str(alert.pk), "--as", user.username, "--reason", "driving there", "--hours", "2")
    assert (code, said.startswith("Naledi Dlamini has it until")) == (0, True)
    assert "driving there (Naledi Dlamini)" in run("show", str(alert.pk))[1]
    assert "acknowledged, Naledi Dlamini until" in run("list")[1]


def test_the_command_line_refuses_a_stranger_and_a_number_that_is_not_there(alert: Alert) -> None:
    stranger = make_user(Role.OPERATOR, make_organisation())
    code, said = run("ack", str(alert.pk), "--as", stranger.username, "--reason", "x")
    assert (code, f"sees no alert {alert.pk}" in said) == (1, True)
    assert run("show", "0")[0] == 1


def everything_kept() -> str:
    rows = [*Alert.objects.values(), *AlertEvent.objects.values(), *AuditEvent.objects.values()]
    return json.dumps(rows, default=str)


def test_a_patient_in_what_a_person_says_is_kept_nowhere(alert: Alert) -> None:
    user, said = operator(alert), "Patient Nomsa Mokoena 8001015009087 waits for her scan"
    until = timezone.now() + timedelta(hours=1)
    assert post(user, alert, "acknowledge", reason=said).status_code == 200
    assert post(user, alert, "snooze", reason=said, until=until).status_code == 200
    assert post(user, alert, "close", reason=said).status_code == 200
    assert post(user, alert, "comments", text=said).status_code == 201
    page = {"verb": "acknowledge", "reason": said, "until": "60"}
    assert browser(user).post(f"/alerts/{alert.pk}/answer/", page).status_code == 302
    assert run("ack", str(alert.pk), "--as", user.username, "--reason", said)[0] == 0
    kept = everything_kept()
    assert kept.count("waits for her scan") >= 12
    assert not [word for word in ("Nomsa", "Mokoena", "8001015009087") if word in kept]
    shown = browser(user).get(f"/alerts/{alert.pk}/").text + browser(user).get(f"/api/alerts/{alert.pk}/").text
    assert "waits for her scan" in shown
    assert "8001015009087" not in shown + run("show", str(alert.pk))[1]
