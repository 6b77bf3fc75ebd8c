"""Who may open which door: every page and every API route, for nobody, each role, a stranger, and their tokens.

A new route fails here until it says who may open it (`needs`, `signed_in`, `public`, or `rights` on an API view). One
that names an object by a new kind of key fails until `World.keys` knows which object that is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, include, path
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from permission_rows import alert_rows, calendar_of, on_call_rows, secret_links, status_rows, uptime_rows
from umlindi.accounts.api import declared_right
from umlindi.accounts.models import Membership, Organisation, Token, User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import ALL_RIGHTS, IN_PERSON, RIGHTS, Role
from umlindi.accounts.services import create_token
from umlindi.config import urls
from umlindi.core.actors import Actor
from umlindi.core.audit import record
from umlindi.core.models import AuditEvent
from umlindi.demo.faults import choose
from umlindi.estate.models import Contact, Dependency
from umlindi.heartbeats.models import Heartbeat
from umlindi.status.services import make_link
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.watch.models import Check, Outage

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SIGN_IN = "/account/login/"
REFUSED = {401, 403, 404}

# allauth's own views carry no mark of ours: None is open to everybody, "" to whoever has signed in.
FOREIGN: dict[str, str | None] = {
    "account_login": None,
    "account_logout": None,
    "account_inactive": None,
    "account_reauthenticate": "",
    "mfa_authenticate": None,
    "mfa_reauthenticate": "",
    "mfa_activate_totp": "",
    "mfa_deactivate_totp": "",
    "mfa_view_recovery_codes": "",
    "mfa_generate_recovery_codes": "",
    "mfa_download_recovery_codes": "",
    "mfa_add_webauthn": "",
    "mfa_login_webauthn": None,
    "mfa_reauthenticate_webauthn": "",
    "mfa_remove_webauthn": "",
    "mfa_edit_webauthn": "",
}
# What belongs to the whole installation: the right must be held everywhere.
ONLY_EVERYWHERE = {
    "GET estate/-/new/",
    "POST estate/-/new/",
    "POST api/organisations/",
    "GET heartbeats/house/",
    "GET alerts/policies/new/",
    "POST alerts/policies/new/",
}
# A signature is a person's own: no program gives it for them.
ONLY_IN_PERSON = {"POST api/checks/<int:pk>/sign/"}
# A fault of the lab, and whose system it breaks.
FAULT = "listener-down"
OURS = choose(FAULT, None)[1].partition("/")[0]
# Doors that name their object in the body.
BODIES = {"POST check/start/": {"organisation": OURS}, "POST api/checks/": {"organisation": OURS}}
# Rows that nobody reads but the house itself, and who has a right everywhere.
NOT_READ = {
    "core.AuditHead",
    "core.Beat",
    "core.ScheduledJob",
    "core.ScheduledRun",
    "heartbeats.Outgoing",
    "watch.Watcher",
}


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one route. `right` None is open to everybody, "" to whoever is known; `marked`: does it say."""

    method: str
    route: str
    name: str
    right: str | None
    marked: bool

    def __str__(self) -> str:
        return f"{self.method} {self.route or '/'}"

    @property
    def is_api(self) -> bool:
        return (self.route.startswith("api/") or self.name == "metrics") and self.name != "api-docs"

    @property
    def keys(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.route)

    def url(self, keys: dict[str, Any]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(keys[found[1]]), self.route)


def _site() -> ModuleType:
    """The site as it is, with the demo's rooms whether or not this run has a demo."""
    module = ModuleType("site_with_demo")
    patterns: list[URLPattern | URLResolver] = list(urls.urlpatterns)
    if find_spec("umlindi.demo.urls") and not any(str(each.pattern) == "lab/" for each in patterns):
        patterns.append(path("lab/", include("umlindi.demo.urls")))
    module.urlpatterns = patterns  # type: ignore[attr-defined]
    return module


def _walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for each in patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _walk(each.url_patterns, route)
        else:
            yield route, each


def _doors() -> Iterator[Door]:
    for route, pattern in _walk(SITE.urlpatterns):
        view, name = pattern.callback, pattern.name or ""
        if (cls := getattr(view, "cls", None)) is not None:
            yield from _api_doors(route, name, cls)
        elif name in FOREIGN:
            yield Door("GET", route, name, FOREIGN[name], marked=True)
        else:
            for method in _methods(view):
                yield Door(method, route, name, getattr(view, "right", None), marked=hasattr(view, "right"))


def _api_doors(route: str, name: str, view: Any) -> Iterator[Door]:
    for method in METHODS:
        if hasattr(view, method.lower()):
            right = declared_right(view, method, None)
            yield Door(method, route, name, right, marked=right is not None)


def _methods(view: Callable[..., Any]) -> list[str]:
    """What `require_http_methods` lets through: it keeps its list in the closure of what it returns."""
    for cell in getattr(view, "__closure__", None) or ():
        if isinstance(cell.cell_contents, list) and set(cell.cell_contents) <= {*METHODS, "HEAD"}:
            return [method for method in cell.cell_contents if method in METHODS]
    return ["GET"]


SITE = _site()
DOORS = list(_doors())
GUARDED = [door for door in DOORS if door.right is not None]
# Keys that name a choice of the program's own, and no row of anybody's.
CHOICES = {"kind": "system", "form": "csv", "what": "start"}
OURS_ALONE = [door for door in DOORS if door.right and not set(door.keys) <= set(CHOICES)]


@dataclass(frozen=True, slots=True)
class World:
    """One organisation with one of everything that a route can name."""

    organisation: Organisation
    keys: dict[str, Any]

    def keys_of(self, door: Door) -> dict[str, Any]:
        """The objects a route names: by its key, or for a bare `pk` by the words before it."""
        found = {key: self.keys[key] for key in door.keys if key != "pk"}
        if "pk" in door.keys:
            found["pk"] = self.keys[_kind_before_pk(door.route)]
        return found


def _kind_before_pk(route: str) -> str:
    """`estate/-/contacts/<int:pk>/edit/` names a contact."""
    word = route.partition("<int:pk>")[0].rstrip("/").rsplit("/", 1)[-1]
    return {"check": "checks", "outage": "outages", "probe": "interfaces"}.get(word, word)


def _world(name: str) -> World:
    organisation = make_organisation(slug=name)
    site = make_site(organisation)
    system, other = make_system(site), make_system(site)
    now = timezone.now()
    person = make_user(Role.VIEWER, organisation)
    token, _ = create_token(
        actor_of(person), person, "x", rights=frozenset({"estate.view"}), expires_at=now + timedelta(days=1), now=now
    )
    heartbeat = Heartbeat.objects.create(organisation=organisation, name="Nightly backup", period=timedelta(days=1))
    rows = {
        "organisations": organisation,
        "sites": site,
        "systems": system,
        "interfaces": make_interface(system),
        "contacts": Contact.objects.create(organisation=organisation, name="Reception"),
        "dependencies": Dependency.objects.create(system=system, needs=other),
        "checks": Check.objects.create(organisation=organisation, started_at=now, finished_at=now, started_by="test"),
        "outages": Outage.objects.create(
            key="test",
            kind="interface",
            organisation=organisation,
            system=system,
            site=site,
            subject="PACS",
            headline="refuses",
            condition="down",
            since=now,
            detected_at=now,
        ),
        "heartbeats": heartbeat,
        "people": person,
        "roles": person.memberships.get(),
        "tokens": token,
        "keys": person,
        **on_call_rows(organisation, now),
        **alert_rows(organisation, now),
        **uptime_rows(system, now),
        **status_rows(organisation, now),
        "links": make_link(Actor.house("test"), "Old screen", now, organisation=organisation)[0],
    }
    with transaction.atomic():
        event = record(Actor.house("test"), "system.changed", system)
    slugs = {"organisation": organisation.slug, "site": site.slug, "system": system.slug}
    numbers = {kind: row.pk for kind, row in rows.items()} | {"seq": event.seq, "slug": FAULT}
    secrets = {"secret": calendar_of(person), "link": heartbeat.secret} | secret_links(organisation, rows["pages"], now)
    return World(organisation, CHOICES | slugs | numbers | secrets)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with their browser's cookie and a token for all that they may do."""

    user: User
    held: frozenset[str]
    cookie: str
    secret: str


def _caller(role: Role, organisation: Organisation | None) -> Caller:
    user, browser = make_user(role, organisation), Client()
    browser.force_login(user)
    held = RIGHTS[role]
    return Caller(user, held, browser.cookies[settings.SESSION_COOKIE_NAME].value, _token(user, held - IN_PERSON))


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who knocks."""

    roles: list[Caller]
    everywhere: Caller
    stranger: Caller


@pytest.fixture(scope="module")
def _stage(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[tuple[World, Cast]]:
    """Built once: six hundred tests in one transaction, each taken back."""
    with django_db_blocker.unblock(), _undone():
        world = _world(OURS)
        roles = [_caller(role, world.organisation) for role in Role]
        stranger = _caller(Role.ADMINISTRATOR, make_organisation(slug="theirs"))
        yield world, Cast(roles, _caller(Role.ADMINISTRATOR, None), stranger)


@pytest.fixture
def ours(_stage: tuple[World, Cast], db: None) -> World:
    return _stage[0]


@pytest.fixture
def cast(_stage: tuple[World, Cast]) -> Cast:
    return _stage[1]


@pytest.fixture(autouse=True)
def _with_demo(settings: Settings) -> None:
    settings.ROOT_URLCONF = SITE


@contextmanager
def _undone() -> Iterator[None]:
    """What a door did is taken back, so that the next one finds the same world."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _knock(door: Door, world: World, caller: Caller | None = None, secret: str = "") -> Any:
    """A browser with the caller's cookie, or, with a secret, a program."""
    client = Client()
    if caller and not secret:
        client.cookies[settings.SESSION_COOKIE_NAME] = caller.cookie
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    url, body = door.url(world.keys_of(door)), {"csrfmiddlewaretoken": "as a browser's", **BODIES.get(str(door), {})}
    with _undone():
        if door.method == "POST":
            return client.post(url, body, headers=headers)
        return client.generic(door.method, url, headers=headers)


def _token(user: User, rights: frozenset[str]) -> str:
    now = timezone.now()
    expires = now + timedelta(days=1)
    return create_token(actor_of(user), user, "matrix", rights=rights, expires_at=expires, now=now)[1]


def test_every_door_says_who_may_open_it() -> None:
    assert [str(door) for door in DOORS if not door.marked] == []
    assert {door.right for door in DOORS if door.right} <= ALL_RIGHTS
    assert len(DOORS) > 60


def test_the_list_of_foreign_doors_is_true() -> None:
    """A view of ours must carry a mark; only those of other packages stand in the list."""
    names = {pattern.name: pattern.callback.__module__ for _, pattern in _walk(SITE.urlpatterns)}
    assert {name for name, module in names.items() if module.startswith("allauth")} == set(FOREIGN)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_nobody_gets_no_further_than_sign_in(door: Door, ours: World) -> None:
    answer = _knock(door, ours)
    if door.right is None:
        assert answer.status_code not in REFUSED
    elif door.is_api:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    else:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(SIGN_IN) or "reauthenticate" in answer.headers["Location"]


@pytest.mark.parametrize("door", GUARDED, ids=str)
def test_each_role_opens_what_its_rights_say(door: Door, ours: World, cast: Cast) -> None:
    for caller in cast.roles:
        _expect(door, ours, caller, caller.held)


@pytest.mark.parametrize("door", [door for door in GUARDED if door.is_api], ids=str)
def test_a_token_opens_what_its_own_rights_say(door: Door, ours: World, cast: Cast) -> None:
    for caller in cast.roles:
        _expect(door, ours, caller, caller.held, caller.secret)
    administrator = next(caller for caller in cast.roles if caller.held == ALL_RIGHTS)
    for narrow in (frozenset({"check.view"}), ALL_RIGHTS - {door.right}):
        _expect(door, ours, administrator, narrow, _token(administrator.user, narrow - IN_PERSON))


def _expect(door: Door, world: World, caller: Caller, held: frozenset[str], secret: str = "") -> None:
    answer = _knock(door, world, caller, secret)
    if door.right and door.right not in held:
        assert answer.status_code == 403, f"{door} opened for {caller.user.memberships.get()}"
    elif str(door) in ONLY_EVERYWHERE or (secret and str(door) in ONLY_IN_PERSON):
        assert answer.status_code == 403
    elif door.right:
        assert answer.status_code not in REFUSED, f"{door} shut for {caller.user.memberships.get()}"
    assert answer.status_code < 500


@pytest.mark.parametrize("door", OURS_ALONE, ids=str)
def test_a_stranger_is_told_that_it_does_not_exist(door: Door, ours: World, cast: Cast) -> None:
    assert _knock(door, ours, cast.stranger).status_code == 404
    if door.is_api:
        # A token is refused at a person's door whatever stands behind it: that tells it nothing, either.
        told = 403 if str(door) in ONLY_IN_PERSON else 404
        assert _knock(door, ours, cast.stranger, cast.stranger.secret).status_code == told


@pytest.mark.parametrize("door", [door for door in DOORS if door.right and not door.keys], ids=str)
def test_no_list_names_a_stranger(door: Door, ours: World, cast: Cast) -> None:
    names = [
        ours.organisation.name,
        *Membership.objects.filter(organisation=ours.organisation).values_list("user__username", flat=True),
    ]
    said = _knock(door, ours, cast.stranger)
    text = b"".join(said.streaming_content).decode() if said.streaming else said.text
    assert not [name for name in names if f">{name}<" in text or f'"{name}"' in text]


@pytest.mark.parametrize("door", GUARDED, ids=str)
def test_an_administrator_everywhere_opens_every_door(door: Door, ours: World, cast: Cast) -> None:
    answer = _knock(door, ours, cast.everywhere)
    assert answer.status_code not in REFUSED or not door.right
    assert answer.status_code < 500


@pytest.mark.parametrize("door", [door for door in GUARDED if door.is_api], ids=str)
def test_ended_access_ends_tokens(door: Door, ours: World, cast: Cast) -> None:
    User.objects.filter(pk=cast.everywhere.user.pk).update(is_active=False)
    assert _knock(door, ours, cast.everywhere, cast.everywhere.secret).status_code == 401


def test_every_model_says_whose_it_is() -> None:
    unscoped = {
        model._meta.label
        for model in apps.get_models()
        if model.__module__.startswith("umlindi.") and not hasattr(model, "scope_path")
    }
    assert unscoped == NOT_READ


def test_every_scope_leads_to_an_organisation() -> None:
    for model in apps.get_models():
        path_to = getattr(model, "scope_path", "")
        if path_to:
            assert _end_of(model, path_to) in {Organisation, int}, model._meta.label
            assert model.scope_right in ALL_RIGHTS  # type: ignore[attr-defined]


def _end_of(model: Any, path_to: str) -> Any:
    """The model that a path's last key names; `int` for the trail, whose events outlive what they tell of."""
    for name in path_to.split("__"):
        if name == "id":
            return model
        field = model._meta.get_field(name)
        if field.related_model is None:
            return int if model is AuditEvent else field
        model = field.related_model
    return model


def test_wrong_tokens_are_slowed_down_and_then_a_right_one_too(ours: World) -> None:
    user = make_user(Role.VIEWER, ours.organisation)
    secret = _token(user, frozenset({"estate.view"}))
    client = Client()

    def call(secret: str, address: str = "10.0.0.7") -> int:
        return client.get("/api/me/", headers={"Authorization": f"Bearer {secret}"}, REMOTE_ADDR=address).status_code

    assert call(secret) == 200
    assert {call("uml_00000000_wrong") for _ in range(20)} == {401}
    assert call(secret) == 429
    assert call(secret, "10.0.0.8") == 200
    assert Token.objects.get(prefix=secret[:12]).last_used_at
