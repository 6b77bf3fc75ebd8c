"""People as an administrator meets them, one's own tokens, and the API's part of both."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from umlindi.accounts.models import Membership, Organisation, Token, User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import ALL_RIGHTS, RIGHT_WORDS, RIGHTS, Role
from umlindi.accounts.services import change_own_name, create_token
from umlindi.core.actors import Forbidden
from umlindi.core.models import AuditEvent
from umlindi.testing.estate import make_organisation, make_user

pytestmark = pytest.mark.django_db

NAMED = {"first_name": "Thandi", "last_name": "Nkosi"}


@pytest.fixture
def here() -> Organisation:
    return make_organisation(name="Komani Radiology")


@pytest.fixture
def administrator(client: Client, here: Organisation) -> User:
    user = make_user(Role.ADMINISTRATOR, here, first_name="Nomvula", last_name="Dlamini")
    client.force_login(user)
    return user


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def _token(user: User, *rights: str) -> str:
    now = timezone.now()
    expires = now + timedelta(days=1)
    return create_token(actor_of(user), user, "x", rights=frozenset(rights), expires_at=expires, now=now)[1]


@pytest.mark.usefixtures("administrator")
def test_the_list_answers_who_has_access(client: Client, here: Organisation) -> None:
    make_user(Role.VIEWER, here, first_name="Sipho", last_name="Gxowa")
    make_user(Role.VIEWER, here, is_active=False)
    make_user(Role.VIEWER, make_organisation(), first_name="Stranger")
    said = _text(client.get("/people/").text)
    assert "Two people have access; two sign in with a password alone." in said
    assert "The access of one more has ended" in said
    assert "Sipho Gxowa" in said
    assert "Stranger" not in said


@pytest.mark.usefixtures("administrator")
def test_a_person_is_added_and_told_a_password_once(client: Client, here: Organisation) -> None:
    form = {"username": "sipho", "first_name": "Sipho", "last_name": "Gxowa", "role": "viewer", "organisation": here.pk}
    answer = client.post("/people/add/", form)
    password = re.findall(r'<pre id="password">([^<]+)</pre>', answer.text)[0]
    user = User.objects.get(username="sipho")
    assert user.check_password(password)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert password not in client.get(f"/people/{user.pk}/").text
    assert "The name sipho is taken." in client.post("/people/add/", form).text.replace("&#x27;", "'")


@pytest.mark.usefixtures("administrator")
def test_a_form_offers_and_takes_only_what_its_reader_may_give(client: Client, here: Organisation) -> None:
    there = make_organisation(name="Somebody else")
    page = client.get("/people/add/").text
    assert "Komani Radiology" in page
    assert "Somebody else" not in page
    assert "Every organisation" not in page
    for organisation in ("", there.pk):
        form = {**NAMED, "username": "thandi", "role": "viewer", "organisation": organisation}
        assert client.post("/people/add/", form).status_code == 200
    assert not User.objects.filter(username="thandi").exists()


@pytest.mark.usefixtures("administrator")
def test_roles_access_and_second_step_are_changed_from_the_persons_page(client: Client, here: Organisation) -> None:
    user = make_user(Role.VIEWER, here)
    page = f"/people/{user.pk}/"
    client.post(f"{page}grant/", {"role": "operator", "organisation": here.pk, "reason": "night shift"})
    assert {role.role for role in user.memberships.all()} == {"viewer", "operator"}
    client.post(f"/people/roles/{user.memberships.get(role='operator').pk}/revoke/")
    assert user.memberships.get().role == "viewer"
    client.post(f"{page}change/", {"first_name": "Zanele", "last_name": "Nkosi", "email": "z@komani.example"})
    client.post(f"{page}deactivate/", {"reason": "left"})
    assert "Zanele Nkosi has no access." in _text(client.get(page).text)
    assert "One-time password" in client.post(f"{page}reactivate/", {"reason": "back"}).text
    assert "One-time password" in client.post(f"{page}reset-password/").text
    client.post(f"{page}reset-second-factor/", {"reason": "phone lost"})
    told = AuditEvent.objects.order_by("seq").values_list("verb", "reason", "organisation_id")
    assert list(told) == [
        ("role.granted", "night shift", here.pk),
        ("role.revoked", "", here.pk),
        ("person.changed", "", here.pk),
        ("person.deactivated", "left", here.pk),
        ("person.reactivated", "back", here.pk),
        ("person.password-reset", "", here.pk),
        ("person.second-factor-reset", "phone lost", here.pk),
    ]


def test_a_person_who_also_works_elsewhere_is_seen_but_not_managed(
    client: Client, administrator: User, here: Organisation
) -> None:
    both = make_user(Role.VIEWER, here)
    Membership.objects.create(user=both, organisation=make_organisation(name="Somebody else"), role=Role.VIEWER)
    page = client.get(f"/people/{both.pk}/").text
    assert "End access" not in page
    assert "Somebody else" not in page
    for verb, form in (("deactivate", {"reason": "x"}), ("reset-password", {}), ("change", NAMED)):
        assert client.post(f"/people/{both.pk}/{verb}/", {"csrfmiddlewaretoken": "x", **form}).status_code == 403


def test_one_makes_uses_and_ends_a_token(client: Client, here: Organisation) -> None:
    user = make_user(Role.VIEWER, here)
    client.force_login(user)
    form = {"name": "nightly export", "rights": ["estate.view"], "days": "30"}
    secret = re.findall(r'<pre id="secret">([^<]+)</pre>', client.post("/account/tokens/add/", form).text)[0]
    program, headers = Client(), {"Authorization": f"Bearer {secret}"}
    me = program.get("/api/me/", headers=headers).json()
    assert me == {"name": str(user), "kind": "token", "rights": {str(here.pk): ["estate.view"]}}
    assert client.post("/account/tokens/add/", {**form, "rights": ["people.edit"]}).status_code == 200
    token = Token.objects.get()
    assert token.prefix in client.get("/account/").text
    client.post(f"/account/tokens/{token.pk}/revoke/")
    assert program.get("/api/me/", headers=headers).status_code == 401
    assert token.prefix not in client.get("/account/").text


def test_a_person_is_not_added_without_a_name(client: Client, administrator: User, here: Organisation) -> None:
    form = {"username": "sipho", "first_name": "Sipho", "last_name": " ", "role": "viewer", "organisation": here.pk}
    assert client.post("/people/add/", form).status_code == 200
    assert list(User.objects.all()) == [administrator]


def test_one_changes_ones_own_name(client: Client, administrator: User, here: Organisation) -> None:
    assert client.post("/account/name/", {"first_name": "Nomvula", "last_name": ""}).status_code == 200
    said = client.post("/account/name/", {"first_name": "Nomvula", "last_name": "Gxowa"}, follow=True).text
    assert "You sign as Nomvula Gxowa." in said
    event = AuditEvent.objects.get()
    assert (event.verb, event.object_id) == ("person.own-name-changed", str(administrator.pk))
    with pytest.raises(Forbidden):
        change_own_name(actor_of(administrator), make_user(Role.VIEWER, here), first_name="x", last_name="x")


def test_the_token_form_says_rights_in_words_and_offers_no_signature(client: Client, here: Organisation) -> None:
    client.force_login(make_user(Role.OPERATOR, here))
    page = client.get("/account/tokens/add/").text
    assert "A token signs nothing: a person does." in page
    said = _text(page)
    assert all((RIGHT_WORDS[right][1:] in said) is (right != "check.sign") for right in RIGHTS[Role.OPERATOR])
    assert not any(right in said for right in ALL_RIGHTS)
    form = {"name": "signer", "rights": ["check.sign"], "days": "30"}
    assert "A token signs nothing" in client.post("/account/tokens/add/", form).text
    assert not Token.objects.exists()


def test_an_administrator_ends_the_tokens_of_their_people_and_of_nobody_else(
    client: Client, administrator: User, here: Organisation
) -> None:
    theirs, strangers = make_user(Role.VIEWER, here), make_user(Role.VIEWER, make_organisation())
    for user in (theirs, strangers):
        _token(user, "estate.view")
    assert client.post(f"/people/tokens/{theirs.tokens.get().pk}/revoke/").status_code == 302
    assert client.post(f"/people/tokens/{strangers.tokens.get().pk}/revoke/").status_code == 404
    assert client.post(f"/account/tokens/{theirs.tokens.get().pk}/revoke/").status_code == 404
    assert theirs.tokens.get().revoked_at
    assert not strangers.tokens.get().revoked_at


def test_the_api_tells_of_people_within_its_scope(here: Organisation) -> None:
    administrator = make_user(Role.ADMINISTRATOR, here)
    stranger = make_user(Role.VIEWER, make_organisation())
    headers = {"Authorization": f"Bearer {_token(administrator, 'people.view')}"}
    found = Client().get("/api/people/", headers=headers).json()
    assert [person["username"] for person in found] == [administrator.username]
    assert found[0]["roles"] == [{"role": "administrator", "organisation": here.slug}]
    assert "password" not in found[0]
    assert Client().get(f"/api/people/{stranger.pk}/", headers=headers).status_code == 404


@pytest.mark.usefixtures("administrator")
def test_the_api_describes_itself(client: Client) -> None:
    described = client.get("/api/schema/?format=json").json()
    assert {"/api/me/", "/api/people/", "/api/audit/", "/api/systems/", "/api/now/"} <= set(described["paths"])
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "Needs the right `people.view`." in described["paths"]["/api/people/"]["get"]["description"]
    guide = client.get("/api/docs/").text
    assert all(path in guide for path in described["paths"])
