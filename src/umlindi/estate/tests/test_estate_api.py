"""The API: the same rows, verbs and complaints, scoped to the caller, described without a warning."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from umlindi.accounts.models import User
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.accounts.services import create_token
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Contact, Dependency, Interface, System
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user

pytestmark = pytest.mark.django_db
KINDS = ("organisation", "site", "system", "interface", "contact", "dependency")
PLURAL = {"dependency": "dependencies"}


def caller(user: User) -> APIClient:
    client = APIClient()
    client.force_login(user)
    return client


@pytest.fixture
def system() -> System:
    site = make_site(make_organisation(slug="thusong", name="Thusong"), slug="mthatha", name="Mthatha")
    return make_system(site, slug="pacs", name="Mthatha PACS")


@pytest.fixture
def boss(system: System) -> APIClient:
    return caller(make_user(Role.ADMINISTRATOR, system.site.organisation))


def one_of_each(system: System) -> dict[str, Any]:
    return {
        "organisation": system.site.organisation,
        "site": system.site,
        "system": system,
        "interface": make_interface(system, name="DICOM"),
        "contact": Contact.objects.create(organisation=system.site.organisation, name="Nomvula Dlamini"),
        "dependency": Dependency.objects.create(system=make_system(system.site), needs=system),
    }


def many(kind: str) -> str:
    return reverse(f"api-{PLURAL.get(kind, kind + 's')}")


def test_a_list_holds_the_callers_rows_and_nobody_elses(system: System, boss: APIClient) -> None:
    one_of_each(system)
    stranger = caller(make_user(Role.ADMINISTRATOR, make_organisation()))
    for kind in KINDS:
        mine = {row["id"] for row in boss.get(many(kind)).json()["results"]}
        theirs = {row["id"] for row in stranger.get(many(kind)).json()["results"]}
        assert mine, kind
        assert not mine & theirs, kind


def test_a_row_of_a_stranger_answers_404_to_every_method(system: System) -> None:
    stranger = caller(make_user(Role.ADMINISTRATOR, make_organisation()))
    for kind, row in one_of_each(system).items():
        address = f"{reverse(f'api-{kind}', args=[row.pk])}?reason=none"
        for method in ("get", "put", "patch", "delete"):
            answer = getattr(stranger, method)(address, {}, format="json")
            undeclared = kind == "dependency" and method != "delete"
            assert answer.status_code == (403 if undeclared else 404), (kind, method)


def test_a_viewer_reads_and_does_not_write(system: System) -> None:
    viewer = caller(make_user(Role.VIEWER, system.site.organisation))
    for kind, row in one_of_each(system).items():
        address = reverse(f"api-{kind}", args=[row.pk])
        assert viewer.get(address).status_code == (200 if kind != "dependency" else 403)
        assert viewer.patch(address, {"name": "Mine"}, format="json").status_code == 403
        assert viewer.delete(f"{address}?reason=none").status_code == 403
        assert viewer.post(many(kind), {"name": "Mine"}, format="json").status_code == 403


def test_rows_are_added_below_the_owner_their_body_names(boss: APIClient) -> None:
    for kind, body in {
        "site": {"organisation": "thusong", "slug": "komani", "name": "Komani"},
        "system": {"site": "thusong/komani", "slug": "ct2", "name": "CT 2", "kind": "modality", "modality": "CT"},
        "interface": {
            "system": "thusong/komani/ct2", "name": "DICOM", "kind": "dicom", "host": "10.20.8.21", "port": 104,
            "called": "CT2", "calling": "UMLINDI", "settings": {"expect": ["echo"], "verify": False},
        },
        "contact": {"organisation": "thusong", "site": "thusong/komani", "name": "Sipho Gxowa"},
        "dependency": {"system": "thusong/komani/ct2", "needs": "thusong/mthatha/pacs"},
    }.items():  # fmt: skip
        added = boss.post(many(kind), body, format="json")
        assert added.status_code == 201, added.json()
        assert AuditEvent.objects.latest("seq").verb == f"{kind}.added"
    assert Interface.objects.get(called="CT2").settings == {"expect": ["echo"], "verify": False}
    [told] = boss.get(many("system"), {"site": "komani", "text": "ct"}).json()["results"]
    assert (told["path"], told["depends_on"]) == ("thusong/komani/ct2", ["thusong/mthatha/pacs"])


def test_every_complaint_comes_at_once_by_field(boss: APIClient) -> None:
    body = {"system": "thusong/mthatha/pacs", "name": "", "kind": "dicom", "port": 99999, "settings": {"expct": "echo"}}
    fields = boss.post(many("interface"), body, format="json").json()["error"]["fields"]
    assert set(fields) == {"name", "port", "host", "called", "calling", "settings"}
    assert "did you mean 'expect'" in fields["settings"]["expct"][0]


@pytest.mark.parametrize("body", [[], "text", None, 7])
def test_a_body_that_is_no_object_is_refused_plainly(boss: APIClient, body: Any) -> None:
    assert boss.post(many("site"), body, format="json").status_code == 400


def test_an_owner_of_a_stranger_is_as_unknown_as_none(boss: APIClient) -> None:
    site = make_site()
    answers = [
        boss.post(many("system"), {"site": path, "slug": "x", "name": "X", "kind": "pacs"}, format="json").json()
        for path in (site.path, "no/such", "nonsense")
    ]
    assert answers[0] == answers[1] == answers[2]


def test_patch_keeps_what_it_does_not_name_and_put_empties_it(boss: APIClient, system: System) -> None:
    address = reverse("api-system", args=[system.pk])
    assert boss.patch(address, {"vendor": "Orthanc"}, format="json").json()["vendor"] == "Orthanc"
    assert boss.patch(address, {"version": "1.12.5"}, format="json").json()["vendor"] == "Orthanc"
    put = boss.put(address, {"slug": "pacs", "name": "PACS", "kind": "pacs"}, format="json").json()
    assert (put["vendor"], put["version"], put["name"]) == ("", "", "PACS")
    assert boss.patch(address, {"interfaces": []}, format="json").status_code == 400


def test_a_row_read_before_somebody_changed_it_is_not_overwritten(boss: APIClient, system: System) -> None:
    address = reverse("api-system", args=[system.pk])
    tag = boss.get(address)["ETag"]
    assert boss.patch(address, {"vendor": "Orthanc"}, format="json", headers={"If-Match": tag}).status_code == 200
    late = boss.patch(address, {"vendor": "Other"}, format="json", headers={"If-Match": tag})
    assert (late.status_code, late.json()["error"]["code"]) == (412, "changed_meanwhile")


def test_removal_needs_a_reason_and_nothing_standing_on_it(boss: APIClient, system: System) -> None:
    address = reverse("api-system", args=[system.pk])
    need = Dependency.objects.create(system=make_system(system.site, name="CT 1"), needs=system)
    assert boss.delete(address).json()["error"]["fields"] == {"reason": ["is empty; the trail must say why"]}
    stood = boss.delete(f"{address}?reason=replaced")
    assert stood.status_code == 409
    assert "CT 1" in stood.json()["error"]["message"]
    assert boss.delete(reverse("api-dependency", args=[need.pk])).status_code == 204
    assert boss.delete(f"{address}?reason=replaced").status_code == 204
    assert AuditEvent.objects.latest("seq").reason == "replaced"


def test_a_file_is_imported_and_exported(boss: APIClient, system: System) -> None:
    text = boss.get(reverse("api-estate-export")).content.decode()
    brought = boss.post(reverse("api-estate-import"), {"text": text}, format="json").json()
    assert (brought["created"], brought["changed"]) == ([], [])
    wrong = boss.post(
        reverse("api-estate-import"), {"text": text.replace("kind: archive", "kind: archiv")}, format="json"
    )
    assert wrong.status_code == 400
    [problem] = wrong.json()["problems"]
    assert problem["column"] == "organisations[0].sites[0].systems[0].kind"
    assert "did you mean 'archive'" in problem["why"]
    rows = {"text": "AE;IP;Port\nCT1;10.20.4.21;104\n", "site": "thusong/mthatha", "dry_run": True}
    looked = boss.post(reverse("api-estate-import"), rows, format="json").json()
    assert (looked["dry_run"], len(looked["created"])) == (True, 2)
    assert not Interface.objects.exists()
    elsewhere = boss.post(reverse("api-estate-import"), rows | {"site": make_site().path}, format="json")
    assert elsewhere.status_code == 400


def test_a_token_works_as_far_as_its_rights_go(system: System) -> None:
    user = make_user(Role.ADMINISTRATOR, system.site.organisation)
    now = timezone.now()
    rights, expires = frozenset({"estate.view"}), now + timedelta(days=1)
    _, secret = create_token(actor_of(user), user, "reader", rights=rights, expires_at=expires, now=now)
    client = APIClient(headers={"Authorization": f"Bearer {secret}"})
    assert client.get(many("system")).json()["count"] == 1
    assert client.patch(reverse("api-system", args=[system.pk]), {"name": "X"}, format="json").status_code == 403


def test_the_number_of_reads_does_not_grow_with_the_rows(
    boss: APIClient, system: System, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        Dependency.objects.create(system=make_system(system.site), needs=system)
        make_interface(system)
    for kind in KINDS:
        with django_assert_max_num_queries(9):
            boss.get(many(kind))


def test_the_description_has_no_warning_and_names_every_kind() -> None:
    described = StringIO()
    call_command("spectacular", "--fail-on-warn", "--validate", stdout=described)
    assert all(f"/api/{PLURAL.get(kind, kind + 's')}/" in described.getvalue() for kind in KINDS)
