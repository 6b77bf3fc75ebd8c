"""Pages: what they show, to whom, and what they do."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from pytest_django import DjangoAssertNumQueries

from umlindi.accounts.doors import Request
from umlindi.accounts.models import Organisation, User
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor
from umlindi.core.models import AuditEvent
from umlindi.estate import panels, services
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system, make_user

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def system() -> System:
    site = make_site(make_organisation(slug="thusong", name="Thusong"), slug="mthatha", name="Mthatha")
    return make_system(site, slug="pacs", name="Mthatha PACS")


@pytest.fixture
def boss(system: System) -> Client:
    return signed_in(make_user(Role.ADMINISTRATOR, system.site.organisation))


PAGES = [
    "/estate/",
    "/estate/-/import/",
    "/estate/-/export/",
    "/estate/-/table/system.csv",
    "/estate/thusong/",
    "/estate/thusong/-/edit/",
    "/estate/thusong/-/sites/new/",
    "/estate/thusong/-/contacts/new/",
    "/estate/thusong/-/remove/",
    "/estate/thusong/mthatha/",
    "/estate/thusong/mthatha/-/edit/",
    "/estate/thusong/mthatha/-/systems/new/",
    "/estate/thusong/mthatha/-/contacts/new/",
    "/estate/thusong/mthatha/-/remove/",
    "/estate/thusong/mthatha/pacs/",
    "/estate/thusong/mthatha/pacs/-/edit/",
    "/estate/thusong/mthatha/pacs/-/interfaces/new/",
    "/estate/thusong/mthatha/pacs/-/interfaces/new/?kind=dicom",
    "/estate/thusong/mthatha/pacs/-/remove/",
]
OF_ONE = [page for page in PAGES if page.startswith("/estate/thusong")]


def test_an_administrator_opens_every_page(boss: Client) -> None:
    assert {page: boss.get(page).status_code for page in PAGES} == dict.fromkeys(PAGES, 200)


def test_to_a_stranger_no_page_of_the_organisation_exists(system: System) -> None:
    stranger = signed_in(make_user(Role.ADMINISTRATOR, make_organisation()))
    assert {page: stranger.get(page).status_code for page in OF_ONE} == dict.fromkeys(OF_ONE, 404)
    assert {stranger.post(page, {"reason": "none"}).status_code for page in OF_ONE} <= {404, 405}
    assert System.objects.filter(pk=system.pk).exists()


def test_a_viewer_who_edits_elsewhere_still_cannot_edit_here(system: System) -> None:
    user = make_user(Role.VIEWER, system.site.organisation)
    user.memberships.create(organisation=make_organisation(), role=Role.ADMINISTRATOR)
    client, pages = signed_in(user), [page for page in OF_ONE if "/-/" in page]
    assert {page: client.get(page).status_code for page in pages} == dict.fromkeys(pages, 403)
    assert {client.post(page, {"name": "Taken over", "reason": "none"}).status_code for page in pages} == {403}


def test_rows_reached_by_number_are_scoped_too(system: System) -> None:
    stranger = signed_in(make_user(Role.ADMINISTRATOR, make_organisation()))
    interface = make_interface(system)
    contact = Contact.objects.create(organisation=system.site.organisation, name="Nomvula Dlamini")
    need = Dependency.objects.create(system=system, needs=make_system(system.site))
    for name, pk in [
        ("change_interface", interface.pk),
        ("remove_interface", interface.pk),
        ("change_contact", contact.pk),
        ("remove_contact", contact.pk),
    ]:
        assert stranger.get(reverse(f"estate:{name}", args=[pk])).status_code == 404
    assert stranger.post(reverse("estate:release", args=[need.pk])).status_code == 404
    assert Dependency.objects.filter(pk=need.pk).exists()


def test_lists_tables_and_exports_leave_strangers_out(system: System, boss: Client) -> None:
    other = make_system(name="Elsewhere PACS")
    make_interface(other, called="ELSEWHERE")
    everything = "".join(boss.get(page).content.decode() for page in PAGES)
    everything += "".join(
        boss.get(reverse("estate:table", args=[kind])).content.decode()
        for kind in ("organisation", "site", "system", "interface", "contact")
    )
    assert "Elsewhere" not in everything
    assert "ELSEWHERE" not in everything
    assert other.site.name not in everything
    assert other.site.organisation.name not in everything


def test_the_list_reads_as_often_for_200_systems_as_for_two(
    system: System, boss: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    sites = [make_site(system.site.organisation) for _ in range(5)]
    for number in range(200):
        make_interface(make_system(sites[number % 5]))
    with django_assert_max_num_queries(16):
        assert boss.get("/estate/").content.count(b'class="num" data-head="interfaces"') == 201


def test_a_system_page_reads_as_often_whatever_stands_on_it(
    system: System, boss: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(40):
        above = make_system(system.site)
        Dependency.objects.create(system=above, needs=system)
        make_interface(system)
    with django_assert_max_num_queries(38):
        assert boss.get(system.get_absolute_url()).status_code == 200


def test_filters_cut_the_list_down(system: System, boss: Client) -> None:
    make_system(system.site, name="CT 1", kind="modality", modality="CT", support_until="2020-01-31")
    assert b"Mthatha PACS" not in boss.get("/estate/?kind=modality").content
    assert b">CT 1<" in boss.get("/estate/?text=ct+mthatha").content
    assert b">CT 1<" in boss.get("/estate/?only=ended&site=thusong/mthatha").content
    assert b"Mthatha PACS" not in boss.get("/estate/?only=ended").content
    assert boss.get("/estate/?only=nonsense").status_code == 400


def test_a_system_is_added_with_every_complaint_beside_its_field(boss: Client) -> None:
    page = "/estate/thusong/mthatha/-/systems/new/"
    refused = boss.post(page, {"slug": "CT 1", "name": "", "kind": "modality", "support_until": "31/03/2027"})
    form = refused.context["form"]
    assert set(form.errors) == {"slug", "name", "support_until"}
    assert b'value="31/03/2027"' in refused.content
    added = boss.post(page, {"slug": "ct1", "name": "CT 1", "kind": "modality", "modality": "ct"})
    assert added["Location"] == "/estate/thusong/mthatha/ct1/"
    assert System.objects.get(slug="ct1").modality == "CT"
    assert AuditEvent.objects.latest("seq").verb == "system.added"


def test_an_interface_is_added_by_its_kind_with_settings(boss: Client, system: System) -> None:
    page = "/estate/thusong/mthatha/pacs/-/interfaces/new/?kind=dicom"
    typed = {"name": "DICOM", "host": "10.20.4.10", "port": "104", "called": "MTHATHA", "calling": "UMLINDI"}
    refused = boss.post(page, typed | {"enabled": "on", "setting-expect": ["echo", "fnd"], "port": "0"})
    assert set(refused.context["form"].errors) == {"port", "setting-expect"}
    assert boss.post(page, typed | {"enabled": "on", "setting-expect": ["echo", "find"]}).status_code == 302
    made = Interface.objects.get(system=system)
    assert (made.kind, made.port, made.settings, made.enabled) == ("dicom", 104, {"expect": ["echo", "find"]}, True)
    change = reverse("estate:change_interface", args=[made.pk])
    assert boss.get(change).context["form"]["setting-expect"].value() == ["echo", "find"]
    assert boss.post(change, typed | {"setting-verify": "false"}).status_code == 302
    made.refresh_from_db()
    assert (made.settings, made.enabled) == ({"verify": False}, False)


def test_two_people_at_one_form_do_not_overwrite_each_other_unseen(boss: Client, system: System) -> None:
    page = "/estate/thusong/mthatha/pacs/-/edit/"
    seen = boss.get(page).context["form"]["seen"].value()
    other = make_user(Role.ADMINISTRATOR, system.site.organisation, first_name="Sipho", last_name="Gxowa")
    typed = {"slug": "pacs", "name": "Mthatha PACS", "kind": "archive"}
    assert signed_in(other).post(page, typed | {"vendor": "Orthanc", "seen": seen}).status_code == 302
    stopped = boss.post(page, typed | {"version": "1.12.5", "seen": seen})
    assert "Sipho Gxowa changed this" in stopped.content.decode()
    assert b'value="1.12.5"' in stopped.content
    assert "Now: Orthanc" in stopped.content.decode()
    system.refresh_from_db()
    assert (system.vendor, system.version) == ("Orthanc", "")
    again = stopped.context["form"].data["seen"]
    assert boss.post(page, typed | {"version": "1.12.5", "seen": again}).status_code == 302
    system.refresh_from_db()
    assert (system.vendor, system.version) == ("", "1.12.5")


def test_what_others_stand_on_is_not_removed_and_the_page_says_who(boss: Client, system: System) -> None:
    ct = make_system(system.site, name="CT 1")
    Dependency.objects.create(system=ct, needs=system)
    page = "/estate/thusong/mthatha/pacs/-/remove/"
    assert b"stands on it: CT 1" in boss.post(page, {"reason": "replaced"}).content
    assert boss.post("/estate/thusong/mthatha/-/remove/", {"reason": "closed"}).status_code == 200
    assert boss.post(page, {"reason": ""}).status_code == 200
    Dependency.objects.all().delete()
    assert boss.post(page, {"reason": "replaced by the new one"})["Location"] == "/estate/thusong/mthatha/"
    assert not System.objects.filter(pk=system.pk).exists()
    event = AuditEvent.objects.latest("seq")
    assert (event.verb, event.reason) == ("system.removed", "replaced by the new one")


def test_dependencies_are_recorded_and_drawn_and_never_a_circle(boss: Client, system: System) -> None:
    host = make_system(system.site, slug="host", name="PACS host", kind="host")
    assert boss.post("/estate/thusong/mthatha/pacs/-/depend/", {"needs": host.pk}).status_code == 302
    make_interface(host)
    page = boss.get("/estate/thusong/mthatha/host/").content.decode()
    assert "carries one other system" in page
    assert "<svg" in page
    refused = boss.post("/estate/thusong/mthatha/host/-/depend/", {"needs": system.pk}, follow=True)
    assert "that would be a circle" in refused.content.decode()
    foreign = boss.post("/estate/thusong/mthatha/pacs/-/depend/", {"needs": make_system().pk}, follow=True)
    assert "Choose the system" in foreign.content.decode()
    boss.post(reverse("estate:release", args=[Dependency.objects.get().pk]))
    assert not Dependency.objects.exists()


def test_an_import_is_looked_at_before_it_is_done(boss: Client, system: System) -> None:
    text = services.export_estate(Actor.house("test"), system.site.organisation).replace("Mthatha PACS", "Main PACS")
    looked = boss.post("/estate/-/import/", {"file": SimpleUploadedFile("estate.yaml", text.encode())})
    assert "would change one" in looked.content.decode()
    assert System.objects.get().name == "Mthatha PACS"
    done = boss.post("/estate/-/import/", {"text": looked.context["text"]})
    assert done.status_code == 302
    assert System.objects.get().name == "Main PACS"


def test_a_list_is_brought_to_a_site_and_its_errors_are_told(boss: Client, system: System) -> None:
    rows = "AE Title;IP;Port\r\nCT1;10.20.4.21;104\r\n"
    upload = SimpleUploadedFile("list.csv", rows.encode("cp1252"))
    looked = boss.post("/estate/-/import/", {"file": upload, "site": system.site_id})
    assert "thusong/mthatha/ct1" in looked.content.decode()
    boss.post("/estate/-/import/", {"text": looked.context["text"], "site": system.site_id})
    assert Interface.objects.get(called="CT1").port == 104
    bad = SimpleUploadedFile("list.csv", rows.replace("104", "99999").encode())
    page = boss.post("/estate/-/import/", {"file": bad, "site": system.site_id}).content.decode()
    assert "99999 is outside 1 to 65535" in page
    assert "<code>Port</code>" in page
    book = SimpleUploadedFile("list.xlsx", b"PK\x03\x04 and so on")
    page = boss.post("/estate/-/import/", {"file": book, "site": system.site_id}).content.decode()
    assert "save it as CSV" in page


def test_a_list_is_not_brought_to_a_strangers_site(boss: Client) -> None:
    site = make_site()
    upload = SimpleUploadedFile("list.csv", b"AE,IP,Port\nCT1,10.20.4.21,104\n")
    assert boss.post("/estate/-/import/", {"file": upload, "site": site.pk}).context["form"].errors["site"]
    assert (
        boss.post("/estate/-/import/", {"text": "AE,IP,Port\nCT1,10.20.4.21,104\n", "site": site.pk}).status_code == 404
    )
    assert not Interface.objects.exists()


def test_only_the_providers_staff_add_an_organisation(boss: Client) -> None:
    assert boss.get("/estate/-/new/").status_code == 403
    staff = signed_in(make_user(Role.ADMINISTRATOR))
    added = staff.post("/estate/-/new/", {"slug": "ubuntu", "name": "Ubuntu Radiology", "kind": "practice"})
    assert added["Location"] == Organisation.objects.get(slug="ubuntu").get_absolute_url()


def test_a_table_does_not_run_in_a_spreadsheet(boss: Client, system: System) -> None:
    System.objects.update(notes="=cmd|' /c calc'!A1", vendor="+1+1", product="-", version="@SUM(A1)")
    text = boss.get("/estate/-/table/system.csv").content.decode("utf-8-sig")
    assert "'=cmd|" in text
    assert "'+1+1" in text
    assert ",-," in text, "a dash for nothing is no formula"
    assert "'@SUM" in text


def test_a_panel_of_another_room_is_shown_once(boss: Client, system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_panels", [])

    def panel(request: Request, shown: System) -> SafeString:
        return format_html("<p>as it is: {}</p>", shown.slug)

    panels.register(panel)
    panels.register(panel)
    assert boss.get(system.get_absolute_url()).content.count(b"<p>as it is: pacs</p>") == 1


def test_contacts_are_rung_in_their_order(boss: Client, system: System) -> None:
    page = "/estate/thusong/mthatha/-/contacts/new/"
    for name in ("Nomvula Dlamini", "Adéle Swanepoel"):
        assert boss.post(page, {"name": name, "phone": "+27 47 555 0101"}).status_code == 302
    assert [contact.position for contact in Site.objects.get().contacts.all()] == [0, 1]
    first = Contact.objects.get(name="Nomvula Dlamini")
    boss.post(reverse("estate:remove_contact", args=[first.pk]), {"reason": "left"})
    assert Contact.objects.get().position == 0


def test_a_list_without_its_site_is_asked_for_it_at_its_field(boss: Client) -> None:
    upload = SimpleUploadedFile("List.CSV", b"AE,IP,Port\nCT1,10.20.4.21,104\n")
    asked = boss.post("/estate/-/import/", {"file": upload})
    assert asked.context["form"].errors == {"site": ["This is an AE-title list: choose its site."]}
    page = asked.content.decode()
    assert "Thusong · Mthatha</option>" in page
    assert "---" not in page


def test_a_look_shows_each_address_and_what_stays(boss: Client, system: System) -> None:
    make_interface(system, called="PACS", host="10.0.0.1", port=104)
    rows = b"AE,IP,Port\nPACS,10.20.4.10,104\nDX\\1,10.20.4.27,11112\n"
    upload = SimpleUploadedFile("list.csv", rows.replace(b"DX\\1", b"DX1"))
    looked = boss.post("/estate/-/import/", {"file": upload, "site": system.site_id})
    page = looked.content.decode()
    assert "DX1@10.20.4.27:11112" in page
    assert "host 10.0.0.1 → 10.20.4.10" in page
    assert looked.context["report"].kept == ["thusong", "thusong/mthatha", "thusong/mthatha/pacs"]
    assert "<li><code>thusong/mthatha</code></li>" in page
    refused = boss.post(
        "/estate/-/import/", {"file": SimpleUploadedFile("list.csv", rows), "site": system.site_id}
    ).content.decode()
    assert "DX\\1" in refused
    assert "DX\\\\1" not in refused


def test_whom_to_ring_tells_the_organisations_people_too(boss: Client, system: System) -> None:
    page, add = system.site.get_absolute_url(), "/estate/thusong/mthatha/-/contacts/new/"
    for empty in (page, system.get_absolute_url()):
        assert f'href="{add}">Add a contact' in boss.get(empty).content.decode()
    viewer = signed_in(make_user(Role.VIEWER, system.site.organisation))
    assert "Add a contact" not in viewer.get(system.get_absolute_url()).content.decode()
    Contact.objects.create(organisation=system.site.organisation, name="Sipho Gxowa", role="Manager")
    Contact.objects.create(organisation=system.site.organisation, site=system.site, name="Zanele Nkosi", position=3)
    Contact.objects.create(
        organisation=system.site.organisation, site=make_site(system.site.organisation), name="Other"
    )
    for where in (page, system.get_absolute_url()):
        shown = boss.get(where)
        assert [each.name for each in shown.context["contacts"]] == ["Zanele Nkosi", "Sipho Gxowa"]
        assert "Manager · for all of Thusong" in shown.content.decode()


def test_tables_stand_in_the_order_of_organisation_site_and_name(system: System) -> None:
    for name in ("Ubuntu", "Akani"):
        for place in ("Komani", "Bhisho"):
            site = make_site(Organisation.objects.filter(name=name).first() or make_organisation(name=name), name=place)
            for number in (2, 1):
                make_system(site, name=f"CT {number}")
    shown = signed_in(make_user(Role.ADMINISTRATOR)).get("/estate/")
    rows = [(row.system.site.organisation.name, row.system.site.name, row.system.name) for row in shown.context["rows"]]
    assert len(rows) == 9
    assert rows == sorted(rows)
    places = [(organisation.name, site.name) for organisation, there in shown.context["places"] for site in there]
    assert len(places) == 5
    assert places == sorted(places)


def test_an_address_never_breaks_and_times_have_their_unit(boss: Client, system: System) -> None:
    make_interface(system, called="MTHATHA", host="127.0.0.1", port=11200, settings={"interval": 30.0, "timeout": 40})
    page = boss.get(system.get_absolute_url()).content.decode()
    assert '<code class="tight">MTHATHA@127.0.0.1:11200</code>' in page
    assert "every 30 s" in page
    assert "timeout 40 s" in page


def test_the_short_name_is_called_so(boss: Client) -> None:
    form = boss.get("/estate/thusong/-/edit/").context["form"]
    assert form.fields["slug"].label == "Short name in addresses"
    assert "thusong-radiology" in form.fields["slug"].help_text
    refused = boss.post("/estate/thusong/-/sites/new/", {"slug": "St. Mary", "name": "St. Mary"})
    assert "is not a short name" in refused.context["form"].errors["slug"][0]


FIVE = ["name", "host", "port", "called", "calling", "enabled", "setting-expect"]


@pytest.mark.parametrize(
    ("kind", "plain"),
    [
        ("dicom", FIVE),
        ("hl7", ["name", "host", "port", "enabled"]),
        ("web", ["name", "url", "credential", "enabled"]),
        ("sql", ["name", "url", "credential", "enabled", "setting-query"]),
        ("host", ["name", "url", "credential", "enabled"]),
    ],
)
def test_a_form_shows_what_most_need_and_folds_the_rest(boss: Client, kind: str, plain: list[str]) -> None:
    shown = boss.get(f"/estate/thusong/mthatha/pacs/-/interfaces/new/?kind={kind}")
    form = shown.context["form"]
    seen = {bound.name for bound in form.plain() if not bound.is_hidden}
    assert seen - {"kind", "settings"} == set(plain)
    assert {bound.name for bound in form.more()} >= {"setting-interval", "setting-timeout"}
    assert len(form.plain()) + len(form.more()) == len(form.fields)
    page = shown.content.decode()
    assert '<details class="field"><summary>More settings' in page
    assert f"Default: {30 if kind == 'dicom' else 60} s" in page
    assert "Default: 20 s" in page


def test_what_is_set_or_wrong_is_not_folded_away(boss: Client, system: System) -> None:
    made = make_interface(system, settings={"verify": False, "expect": ["echo"]})
    change = reverse("estate:change_interface", args=[made.pk])
    unfolded = '<details class="field" open>'
    assert unfolded in boss.get(change).content.decode()
    Interface.objects.update(settings={"expect": ["echo"]})
    shown = boss.get(change).content.decode()
    assert unfolded not in shown
    assert "Default: yes</option>" in shown
    typed = {"name": "DICOM", "host": "10.20.4.10", "port": "104", "called": "MTHATHA", "calling": "UMLINDI"}
    assert unfolded in boss.post(change, typed | {"setting-timeout": "0"}).content.decode()


def test_ticks_stay_where_somebody_else_changed_the_row(boss: Client, system: System) -> None:
    change = reverse("estate:change_interface", args=[make_interface(system).pk])
    seen = boss.get(change).context["form"]["seen"].value()
    Interface.objects.update(host="10.20.4.99")
    typed = {"name": "DICOM", "host": "10.20.4.10", "port": "104", "called": "MTHATHA", "calling": "UMLINDI"}
    ticked = ["echo", "find", "store"]
    stopped = boss.post(change, typed | {"seen": seen, "setting-expect": ticked})
    assert stopped.status_code == 200
    assert stopped.context["form"]["setting-expect"].value() == ticked
