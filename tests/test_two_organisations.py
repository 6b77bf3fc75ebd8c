"""One person, two organisations: what they may do in the one opens nothing in the other, where they only look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from umlindi.accounts.models import Membership, Organisation, User
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor
from umlindi.core.audit import record
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user
from umlindi.watch.models import Check, Probe

pytestmark = pytest.mark.django_db

HOUSE = Actor.house("test")


@dataclass
class There:
    """The organisation where the person only looks, with one row of everything."""

    organisation: Organisation
    site: Site
    system: System
    interface: Interface
    contact: Contact
    dependency: Dependency
    check: Check
    person: User
    role: Membership
    event: AuditEvent


@pytest.fixture
def there() -> There:
    organisation = make_organisation(slug="there", name="There")
    site = make_site(organisation)
    system, beneath = make_system(site), make_system(site)
    person = make_user(Role.OPERATOR, organisation, first_name="Zukiswa", last_name="Gxowa")
    with transaction.atomic():
        event = record(HOUSE, "system.changed", system, reason="only there")
    now = timezone.now()
    return There(
        organisation=organisation,
        site=site,
        system=system,
        interface=make_interface(system),
        contact=Contact.objects.create(organisation=organisation, name="Ayanda"),
        dependency=Dependency.objects.create(system=system, needs=beneath),
        check=Check.objects.create(organisation=organisation, started_at=now, finished_at=now, started_by="test"),
        person=person,
        role=person.memberships.get(),
        event=event,
    )


@pytest.fixture
def client(there: There) -> Client:
    """Administrator here, viewer there."""
    user = make_user(Role.ADMINISTRATOR, make_organisation(slug="here", name="Here"))
    Membership.objects.create(user=user, organisation=there.organisation, role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    return client


def _state(there: There) -> list[Any]:
    """Everything there that a verb could change."""
    rows = (there.organisation, there.site, there.system, there.interface, there.contact, there.dependency,
            there.check, there.person, there.role)  # fmt: skip
    kept = [type(row)._default_manager.filter(pk=row.pk).values().get() for row in rows]
    return [*kept, AuditEvent.objects.count(), Probe.objects.count(), Check.objects.count(), User.objects.count()]


def _api(there: There) -> list[tuple[str, str, dict[str, Any]]]:
    rows = {"organisations": there.organisation, "sites": there.site, "systems": there.system,
            "interfaces": there.interface, "contacts": there.contact}  # fmt: skip
    path = there.system.path
    return [
        *[("patch", f"/api/{kind}/{row.pk}/", {"name": "Taken"}) for kind, row in rows.items()],
        *[("put", f"/api/{kind}/{row.pk}/", {"name": "Taken"}) for kind, row in rows.items()],
        *[("delete", f"/api/{kind}/{row.pk}/?reason=mine", {}) for kind, row in rows.items()],
        ("delete", f"/api/dependencies/{there.dependency.pk}/?reason=mine", {}),
        ("post", "/api/sites/", {"organisation": "there", "slug": "x", "name": "X"}),
        ("post", "/api/systems/", {"site": there.site.path, "slug": "x", "name": "X", "kind": "pacs"}),
        ("post", "/api/interfaces/", {"system": path, "name": "x", "kind": "web", "url": "http://x.example"}),
        ("post", "/api/contacts/", {"organisation": "there", "name": "X"}),
        ("post", "/api/dependencies/", {"system": there.dependency.needs.path, "needs": path}),
        ("post", "/api/estate/import/", {"text": "umlindi: 1\norganisations:\n  - slug: there\n    name: Taken\n"}),
        ("post", "/api/estate/import/", {"text": "AE title,Host,Port\nX,10.0.0.1,104\n", "site": there.site.path}),
        ("post", f"/api/interfaces/{there.interface.pk}/probe/", {}),
        ("post", "/api/checks/", {"organisation": "there"}),
        ("post", f"/api/checks/{there.check.pk}/sign/", {}),
    ]


def _pages(there: There) -> list[tuple[str, dict[str, Any]]]:
    site, system, person = there.site, there.system, there.person.pk
    below = ["there", site.slug, system.slug]
    named = {"first_name": "Taken", "last_name": "Away", "email": ""}
    role = {"role": "administrator", "organisation": there.organisation.pk}
    return [
        (reverse("estate:change_interface", args=[there.interface.pk]), {"name": "Taken"}),
        (reverse("estate:remove_interface", args=[there.interface.pk]), {"reason": "mine"}),
        (reverse("estate:remove_system", args=below), {"reason": "mine"}),
        (reverse("estate:release", args=[there.dependency.pk]), {}),
        (reverse("watch:probe", args=[there.interface.pk]), {}),
        (reverse("watch:check_start"), {"organisation": "there"}),
        (reverse("watch:check_sign", args=[there.check.pk]), {"remarks": ""}),
        (reverse("people:change", args=[person]), named),
        (reverse("people:grant", args=[person]), role),
        (reverse("people:deactivate", args=[person]), {"reason": "mine"}),
        (reverse("people:reset_password", args=[person]), {}),
        (reverse("people:reset_second_factor", args=[person]), {"reason": "mine"}),
        (reverse("people:revoke", args=[there.role.pk]), {}),
        (reverse("people:add"), {"username": "taken", **named, **role}),
    ]


def test_nothing_there_is_changed_over_the_api(client: Client, there: There) -> None:
    before = _state(there)
    for method, url, body in _api(there):
        ask: Callable[..., Any] = getattr(client, method)
        assert ask(url, body, content_type="application/json").status_code in {400, 403, 404}, (method, url)
        assert _state(there) == before, (method, url)


def test_nothing_there_is_changed_by_a_page(client: Client, there: There) -> None:
    before = _state(there)
    for url, body in _pages(there):
        client.post(url, body)
        assert _state(there) == before, url


def test_what_is_not_a_viewers_to_read_is_not_read_there(client: Client, there: There) -> None:
    assert client.get(f"/api/audit/{there.event.seq}/").status_code == 404
    assert client.get(f"/api/people/{there.person.pk}/").status_code == 404
    assert client.get("/api/estate/export/?organisation=there").status_code == 403
    for url in ("/api/audit/", f"/api/audit/?organisation={there.organisation.pk}", "/audit/", "/people/",
                "/api/people/", "/api/estate/export/", reverse("estate:export")):  # fmt: skip
        answer = client.get(url)
        assert answer.status_code == 200
        assert not [word for word in ("only there", "Gxowa", there.interface.called) if word in answer.text], url
    assert "Ayanda" in client.get("/api/contacts/").text, "the viewer's own reading stays"
