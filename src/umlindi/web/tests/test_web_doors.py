"""The doors that belong to no room: headers, health, the palette, error pages, the API's errors."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test import Client
from rest_framework import exceptions

from umlindi.accounts.models import Membership
from umlindi.accounts.rules import Role
from umlindi.core.actors import NOBODY, Forbidden
from umlindi.testing.estate import make_organisation, make_site, make_system, make_user
from umlindi.web.api import explain_error

pytestmark = pytest.mark.django_db


def signed_in(role: Role | None, organisation: Any = None) -> Client:
    client = Client()
    client.force_login(make_user(role, organisation), backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_every_page_forbids_foreign_and_inline_code_and_is_not_stored() -> None:
    response = Client().get("/health")
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"


def test_health_says_ok_while_the_database_answers() -> None:
    response = Client().get("/health")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_health_is_503_where_the_database_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '1ms'")
        monkeypatch.setattr("umlindi.web.views.ALIVE", "SELECT pg_sleep(1)")
        assert Client().get("/health").status_code == 503


def test_the_palette_finds_systems_of_the_actors_organisations_only() -> None:
    mine, theirs = make_organisation(), make_organisation()
    make_system(make_site(mine), name="Baobab archive")
    make_system(make_site(theirs), name="Baobab hidden")
    page = signed_in(Role.VIEWER, mine).get("/palette", {"q": "baobab", "part": "1"}).content.decode()
    assert "Baobab archive" in page
    assert "Baobab hidden" not in page


def test_what_is_called_so_comes_before_what_merely_stands_there() -> None:
    site = make_site(make_organisation(), name="Baobab")
    make_system(site, name="Archive")
    make_system(site, name="Baobab worklist")
    page = signed_in(Role.VIEWER, site.organisation).get("/palette", {"q": "baobab", "part": "1"}).content.decode()
    assert page.index("Baobab worklist") < page.index("Archive")


def test_the_palette_offers_only_the_pages_and_actions_one_may_use() -> None:
    viewer = signed_in(Role.VIEWER, make_organisation()).get("/palette").content.decode()
    administrator = signed_in(Role.ADMINISTRATOR).get("/palette").content.decode()
    assert "Morning check" in viewer
    assert "Add a person" not in viewer
    assert "Add a person" in administrator


def test_the_palette_is_for_those_who_signed_in() -> None:
    assert Client().get("/palette").status_code == 302


def test_the_theme_chosen_is_in_the_page_from_its_first_byte() -> None:
    client = signed_in(Role.VIEWER)
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/palette").content.decode()
    client.cookies["theme"] = '"><script>'
    assert "data-theme" not in client.get("/palette").content.decode().split("<body>")[0]


def test_a_missing_page_says_so_with_a_way_on_whether_signed_in_or_not() -> None:
    for client in (Client(), signed_in(Role.VIEWER)):
        response = client.get("/no-such-page")
        assert response.status_code == 404
        assert "There is no such page" in response.content.decode()
        assert 'href="/"' in response.content.decode()


def test_an_address_the_api_does_not_have_is_told_to_programs_in_their_shape() -> None:
    for client in (Client(), signed_in(Role.VIEWER)):
        response = client.get("/api/no-such-thing/")
        assert response.status_code == 404
        told = response.json()["error"]
        assert (told["code"], told["fields"]) == ("not_found", {})
        assert "/api/docs/" in told["message"]
    assert Client().get("/api/people").headers["Location"] == "/api/people/"


def test_a_refusal_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    organisation = make_organisation()
    both = make_user(Role.VIEWER, organisation)
    Membership.objects.create(user=both, organisation=make_organisation(), role=Role.VIEWER)
    assert signed_in(Role.VIEWER, organisation).get("/people/").status_code == 403
    assert signed_in(Role.ADMINISTRATOR, organisation).post(f"/people/{both.pk}/reset-password/").status_code == 403
    assert [(each.name, each.exc_info) for each in caplog.records] == [("django.request", None)] * 2


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Http404(), 404, "not_found"),
        (Forbidden(NOBODY, "estate.edit"), 403, "permission_denied"),
        (PermissionDenied("no"), 403, "permission_denied"),
        (exceptions.NotAuthenticated(), 401, "not_authenticated"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (exceptions.Throttled(5), 429, "throttled"),
    ],
)
def test_errors_of_the_api_have_one_shape(error: Exception, status: int, code: str) -> None:
    response = explain_error(error, {})
    assert response is not None
    assert response.status_code == status
    told = response.data["error"]
    assert told["code"] == code
    assert told["message"]
    assert told["fields"] == {}


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ({"port": ["Not a number."]}, {"port": ["Not a number."]}),
        ({"site": {"name": ["Missing."]}}, {"site": {"name": ["Missing."]}}),
        ([{}, {"name": ["Missing."]}], {"1": {"name": ["Missing."]}}),
        ({"rows": [{}, {"called": ["Too long."]}]}, {"rows": {"1": {"called": ["Too long."]}}}),
        (["No such thing."], {}),
    ],
)
def test_refused_fields_are_named_with_their_reasons(detail: Any, fields: dict[str, Any]) -> None:
    response = explain_error(exceptions.ValidationError(detail), {})
    assert response is not None
    assert response.data["error"]["code"] == "invalid"
    assert response.data["error"]["fields"] == fields
    assert response.data["error"]["message"]


def test_a_bug_is_not_explained_away() -> None:
    assert explain_error(RuntimeError("bug"), {}) is None
