"""Sign-in through its real pages: lock-out, second factor, limits, and the end of sessions."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import re
import time
from collections import Counter
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from umlindi.accounts import services
from umlindi.accounts.middleware import SEEN, STARTED
from umlindi.accounts.models import User
from umlindi.accounts.rules import IDLE_LIMIT, SESSION_LIMIT, Role
from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent
from umlindi.testing.estate import PASSWORD, make_user

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")
NEW = "umkhonto-wes-green-hills"
HOME = "/account/"


@pytest.fixture
def user() -> User:
    return make_user(Role.VIEWER)


def _sign_in(client: Client, user: User, password: str = PASSWORD) -> HttpResponse:
    return client.post("/account/login/", {"login": user.username, "password": password})  # type: ignore[return-value]


def _signed_in(client: Client) -> bool:
    return client.get(HOME).status_code == 200


def _verbs() -> list[str]:
    return list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True))


def _code(secret: str, ahead: int = 0) -> str:
    """RFC 6238 as a phone computes it, so many 30-second steps ahead: a code is taken only once."""
    step = int(time.time()) // 30 + ahead
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def test_the_right_password_signs_in_and_rotates_the_session(client: Client, user: User) -> None:
    client.get("/account/login/")
    client.session["before"] = "kept"
    before = client.session.session_key
    assert _sign_in(client, user).headers["Location"] == "/"
    assert _signed_in(client)
    assert client.session.session_key != before
    again = client.session.session_key
    client.post("/account/logout/")
    _sign_in(client, user)
    assert client.session.session_key != again
    assert _verbs() == ["sign-in", "sign-out", "sign-in"]
    assert AuditEvent.objects.get(seq=1).after == {"address": "127.0.0.1", "used": ["password"]}


def test_passwords_are_kept_as_scrypt(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = importlib.import_module("umlindi.config.settings").PASSWORD_HASHERS
    assert make_user().password.startswith("scrypt$")


def test_nobody_signs_up_and_nobody_is_mailed_a_password(client: Client) -> None:
    for path in ("signup/", "password/reset/", "email/", "login/code/confirm/", "social/signup/", "3rdparty/"):
        assert client.get(f"/account/{path}").status_code == 404
    assert "signup" not in client.get("/account/login/").text


def test_five_wrong_passwords_lock_the_name_there_and_nobody_else(user: User) -> None:
    other = make_user(Role.VIEWER)
    client = Client()
    for _ in range(4):
        assert _sign_in(client, user, "wrong").status_code == 200
    locked = _sign_in(client, user, "wrong")
    assert (locked.status_code, "locked here" in locked.text) == (429, True)
    assert _sign_in(client, user).status_code == 429
    assert not _signed_in(client)
    assert _sign_in(client, other).status_code == 302
    elsewhere = Client(REMOTE_ADDR="10.20.4.31")
    assert _sign_in(elsewhere, user).status_code == 302
    told = Counter(_verbs())
    assert told == {"sign-in.failed": 6, "sign-in.locked": 2, "sign-in": 2}


def test_a_lock_holds_for_a_name_in_any_case() -> None:
    user = make_user(Role.VIEWER, username="Lindiwe")
    client = Client()
    for _ in range(5):
        _sign_in(client, user, "wrong")
    for name in ("lindiwe", "LINDIWE", " Lindiwe "):
        assert client.post("/account/login/", {"login": name, "password": PASSWORD}).status_code == 429


def test_a_lock_ends_by_itself_although_somebody_kept_trying(user: User) -> None:
    client = Client()
    for _ in range(5):
        _sign_in(client, user, "wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert _sign_in(client, user).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert _sign_in(client, user).status_code == 302


def test_a_password_typed_as_a_name_is_not_written_down(client: Client) -> None:
    client.post("/account/login/", {"login": "my-secret-password", "password": "x"})
    event = AuditEvent.objects.get()
    assert (event.verb, event.object_name) == ("sign-in.failed", "an unknown name")
    assert "my-secret-password" not in str(AuditEvent.objects.values())


@pytest.mark.parametrize(("name", "limit"), [(SEEN, IDLE_LIMIT), (STARTED, SESSION_LIMIT)])
def test_a_session_ends_at_its_limit(client: Client, user: User, name: str, limit: timedelta) -> None:
    _sign_in(client, user)
    assert _signed_in(client)
    _move_back(client, name, limit - timedelta(minutes=1))
    assert _signed_in(client)
    _move_back(client, name, limit + timedelta(seconds=1))
    assert not _signed_in(client)
    assert not _signed_in(client)
    assert _verbs() == ["sign-in", "sign-out.idle"]


def test_a_page_that_asks_for_itself_keeps_nobody_signed_in(client: Client, user: User) -> None:
    _sign_in(client, user)
    _signed_in(client)
    _move_back(client, SEEN, timedelta(minutes=59))
    before = client.session[SEEN]
    client.get(HOME, headers={"HX-Polling": "true"})
    assert client.session[SEEN] == before
    client.get(HOME)
    assert client.session[SEEN] > before


def _move_back(client: Client, name: str, by: timedelta) -> None:
    session = client.session
    session[name] = (timezone.now() - by).isoformat()
    session.save()


def test_a_one_time_password_opens_nothing_but_the_page_to_change_it(client: Client) -> None:
    make_user(Role.ADMINISTRATOR)
    user, password = services.add_person(HOUSE, "sipho", role=Role.ADMINISTRATOR, first_name="Sipho", last_name="Gxowa")
    _sign_in(client, user, password)
    for path in ("/", HOME, "/people/", "/audit/", "/account/2fa/totp/activate/"):
        assert client.get(path).headers["Location"] == f"/account/password/change/?{urlencode({'next': path})}"
    assert client.get("/api/me/").status_code == 403
    assert _change(client, password, password).status_code == 200
    assert _change(client, password, "short").status_code == 200
    assert not User.objects.get(pk=user.pk).check_password("short")
    assert _change(client, password, NEW).status_code == 302
    assert _signed_in(client)
    assert not User.objects.get(pk=user.pk).must_change_password
    assert "password.changed" in _verbs()


def test_the_first_administrator_gives_their_name_with_their_password(client: Client) -> None:
    password = services.ensure_first_admin()
    assert password is not None
    client.post("/account/login/", {"login": "admin", "password": password})
    assert "Last name" in client.get("/account/password/change/").text
    assert _change(client, password, NEW).status_code == 200
    assert _change(client, password, NEW, first_name="Nomvula", last_name=" ").status_code == 200
    assert User.objects.get().check_password(password)
    answer = _change(client, password, NEW, first_name="Nomvula", last_name="Dlamini")
    assert answer.headers["Location"] == "/"
    assert str(User.objects.get()) == "Nomvula Dlamini"
    assert "person.own-name-changed" in _verbs()
    assert "First name" not in client.get("/account/password/change/").text


def test_one_lands_on_the_page_that_was_wanted_and_hears_of_it_there(client: Client, user: User) -> None:
    _sign_in(client, user)
    assert _change(client, PASSWORD, NEW).headers["Location"] == "/"
    assert "Your new password counts from now on." in client.get(HOME).text
    assert _change(client, NEW, PASSWORD, next=HOME).headers["Location"] == HOME
    assert _change(client, PASSWORD, NEW, next="https://elsewhere.example/").headers["Location"] == "/"


def test_whoever_has_just_chosen_a_password_is_not_asked_for_it_again(client: Client, user: User) -> None:
    _sign_in(client, user)
    assert "reauthenticate" in client.get("/account/2fa/totp/activate/").headers["Location"]
    _change(client, PASSWORD, NEW)
    assert client.get("/account/2fa/totp/activate/").status_code == 200
    session = client.session
    for step in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        step["at"] -= 301
    session.save()
    assert "reauthenticate" in client.get("/account/2fa/totp/activate/").headers["Location"]


@pytest.mark.parametrize(
    ("new", "said"), [("short", "Twelve"), ("q1w2e3r4t5y6", "Many people"), ("zukiswa-gxowa", "too close")]
)
def test_a_weak_password_is_refused_in_our_words(client: Client, new: str, said: str) -> None:
    _sign_in(client, make_user(username="zukiswa-gxowa"))
    page = _change(client, PASSWORD, new).text
    assert said in page
    assert "too similar" not in page
    assert "placeholder" not in page


def test_changing_the_password_ends_every_other_session(user: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        _sign_in(client, user)
    assert _change(here, PASSWORD, NEW).status_code == 302
    assert _signed_in(here)
    assert not _signed_in(there)


def test_one_signs_out_everywhere_else(user: User) -> None:
    here, there = Client(), Client()
    for client in (here, there):
        _sign_in(client, user)
    assert "Sign out everywhere but here" in here.get(HOME).text
    here.post("/account/sessions/end/")
    assert _signed_in(here)
    assert not _signed_in(there)


def test_ended_access_ends_sessions_at_once_and_coming_back_revives_none(client: Client, user: User) -> None:
    make_user(Role.ADMINISTRATOR)
    _sign_in(client, user)
    services.deactivate(HOUSE, user, "left")
    assert not _signed_in(client)
    password = services.reactivate(HOUSE, user, "back")
    assert not _signed_in(client)
    assert _sign_in(client, user).status_code == 200
    assert _sign_in(client, user, password).status_code == 302


def _change(client: Client, old: str, new: str, **more: str) -> Any:
    form = {"oldpassword": old, "password1": new, "password2": new, **more}
    return client.post("/account/password/change/", form)


def _set_up_authenticator(client: Client, user: User) -> str:
    """Signs in, proves to be the person, and turns the second step on. Returns its secret; the session goes on."""
    _sign_in(client, user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/").text
    secret: str = re.findall(r"<code>([A-Z2-7]+)</code>", page)[0]
    assert "data:image/svg+xml;base64," in page
    assert client.post("/account/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert client.post("/account/2fa/totp/activate/", {"code": _code(secret)}).status_code == 302
    return secret


def _second_step(client: Client, code: str) -> Any:
    return client.post("/account/2fa/authenticate/", {"code": code})


def test_an_authenticator_becomes_the_second_step_and_its_seed_is_encrypted(client: Client, user: User) -> None:
    secret = _set_up_authenticator(client, user)
    assert secret not in str(Authenticator.objects.values("data"))
    client.post("/account/logout/")

    assert _sign_in(client, user).headers["Location"] == "/account/2fa/authenticate/"
    assert not _signed_in(client)
    assert _second_step(client, "000000").status_code == 200
    assert not _signed_in(client)
    assert _second_step(client, _code(secret, ahead=1)).status_code == 302
    assert _signed_in(client)
    told = Counter(_verbs())
    assert told == {"sign-in": 2, "sign-out": 1, "sign-in.failed": 1, "second-factor.changed": 1}
    last = AuditEvent.objects.filter(verb="sign-in").latest("seq")
    assert last.after == {"address": "127.0.0.1", "used": ["password", "totp"]}


def test_a_recovery_code_signs_in_once(client: Client, user: User) -> None:
    _set_up_authenticator(client, user)
    assert "10 of 10 recovery codes are left" in client.get("/account/2fa/recovery-codes/").text
    code = client.get("/account/2fa/recovery-codes/download/").text.split()[0]
    client.post("/account/logout/")
    for expected in (True, False):
        _sign_in(client, user)
        _second_step(client, code)
        assert _signed_in(client) is expected
        client.post("/account/logout/")


def test_guessing_the_second_step_is_slowed_down(client: Client, user: User) -> None:
    secret = _set_up_authenticator(client, user)
    client.post("/account/logout/")
    _sign_in(client, user)
    for _ in range(10):
        _second_step(client, "000000")
    assert "Too many tries" in _second_step(client, _code(secret, ahead=1)).text
    assert not _signed_in(client)


def test_the_second_step_is_removed_with_its_event(client: Client, user: User) -> None:
    _set_up_authenticator(client, user)
    assert client.post("/account/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.filter(user=user).exists()
    added, removed = AuditEvent.objects.filter(verb="second-factor.changed").order_by("seq")
    assert added.before == removed.after == {"second_factors": []}
    assert added.after == removed.before
    assert len((added.after or {})["second_factors"]) == 2


def test_a_reset_second_step_leaves_the_password_alone(client: Client, user: User) -> None:
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert services.reset_second_factor(HOUSE, user, "phone lost") == 1
    assert _sign_in(client, user).headers["Location"] == "/"
    event = AuditEvent.objects.get(verb="person.second-factor-reset")
    assert (event.before, event.reason) == ({"second_factors": ["totp"]}, "phone lost")


def test_changing_the_second_step_asks_again_who_it_is(client: Client, user: User) -> None:
    _sign_in(client, user)
    for path in ("2fa/totp/activate/", "2fa/webauthn/add/", "2fa/recovery-codes/generate/"):
        answer = client.get(f"/account/{path}")
        assert answer.headers["Location"].startswith("/account/reauthenticate/")
