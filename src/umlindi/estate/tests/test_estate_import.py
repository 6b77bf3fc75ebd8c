"""Importing and exporting: all or nothing, every error with its place, and what goes round comes back the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import actor_of
from umlindi.accounts.rules import Role
from umlindi.core.actors import Actor, Forbidden
from umlindi.core.models import AuditEvent
from umlindi.estate import yamlfile
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.estate.rules.description import KINDS_IN_ORDER, describe
from umlindi.estate.rules.hours import DAYS
from umlindi.estate.rules.records import ORGANISATION_KINDS, SYSTEM_KINDS
from umlindi.estate.services import ImportRefused, Problem, export_estate, import_estate
from umlindi.estate.services.exporting import _writer
from umlindi.testing.estate import make_organisation, make_system, make_user

HOUSE = Actor.house("test")
SAMPLE = (Path(__file__).parents[4] / "docs" / "samples" / "estate.yaml").read_text()
ROWS: tuple[type[Model], ...] = (Organisation, Site, System, Interface, Contact, Dependency)


def by(name: str) -> Callable[[dict[str, Any]], Hashable]:
    return lambda row: str(row[name])


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=30).map(
    str.strip
)
names = words.filter(bool)
tricky = st.sampled_from(
    ["null", "~", "yes", "1.10", "2027-03-31", "- a", "a: b", "a #b", "'", '"', "\\", "*a", "&a", "!x", "{", "="]
)
slugs = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5})?", fullmatch=True)
titles = st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True)
days = st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))
hours = st.just("") | st.builds(
    lambda day, at: f"{DAYS[day]} {at:02}:00-{at + 3:02}:30", st.integers(0, 6), st.integers(0, 20)
)
settings_of_dicom = st.fixed_dictionaries(
    {}, optional={"expect": st.just(["echo", "find"]), "verify": st.booleans(), "timeout": st.integers(1, 300)}
)
dicom = st.fixed_dictionaries(
    {"kind": st.just("dicom"), "host": st.ip_addresses(v=4).map(str), "port": st.integers(1, 65535), "called": titles,
     "calling": titles, "settings": settings_of_dicom, "enabled": st.booleans()}
)  # fmt: skip
web = st.fixed_dictionaries(
    {"kind": st.sampled_from(["web", "dicomweb", "orthanc"]), "url": slugs.map(lambda s: f"https://{s}.example/x")}
)
contacts = st.lists(
    st.fixed_dictionaries({"name": names, "role": words, "phone": st.just("+27 47 555 0101")}),
    max_size=3,
    unique_by=by("name"),
)
interfaces = st.lists(
    st.tuples(names, dicom | web).map(lambda pair: {"name": pair[0], **pair[1]}),
    max_size=3,
    unique_by=by("name"),
)
systems = st.lists(
    st.fixed_dictionaries(
        {"slug": slugs, "name": names | tricky, "kind": st.sampled_from(sorted(SYSTEM_KINDS)), "vendor": words | tricky,
         "version": words | tricky, "notes": words | st.just("two\nlines\n\n  indented"), "support_until": days,
         "licence_until": days, "interfaces": interfaces}
    ), max_size=4, unique_by=by("slug"),
)  # fmt: skip
sites = st.lists(
    st.fixed_dictionaries(
        {"slug": slugs, "name": names | tricky, "timezone": st.sampled_from(["Africa/Johannesburg", "Asia/Kathmandu"]),
         "hours": hours, "contacts": contacts, "systems": systems}
    ), max_size=3, unique_by=by("slug"),
)  # fmt: skip


@st.composite
def estates(draw: st.DrawFn) -> dict[str, Any]:
    """A whole estate; each system may need those described before it in its organisation, so that none is a circle."""
    organisations: list[dict[str, Any]] = draw(
        st.lists(
            st.fixed_dictionaries(
                {"slug": slugs, "name": names | tricky, "kind": st.sampled_from(sorted(ORGANISATION_KINDS)),
                 "contacts": contacts, "sites": sites}
            ), max_size=2, unique_by=by("slug"),
        )
    )  # fmt: skip
    for organisation in organisations:
        before: list[str] = []
        for site in organisation["sites"]:
            for system in site["systems"]:
                system["depends_on"] = (
                    draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
                )
                before.append(f"{organisation['slug']}/{site['slug']}/{system['slug']}")
    return {"umlindi": 1, "organisations": organisations}


def as_yaml(data: dict[str, Any]) -> str:
    stream = StringIO()
    _writer().dump(data, stream)
    return stream.getvalue()


def problems_of(text: str, actor: Actor = HOUSE) -> list[Problem]:
    with pytest.raises(ImportRefused) as refused:
        import_estate(actor, text)
    return refused.value.problems


def everything() -> list[list[dict[str, Any]]]:
    return [list(model._default_manager.order_by("pk").values()) for model in ROWS]


@pytest.mark.django_db
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(estates())
def test_an_export_imports_without_a_change_and_exports_the_same_again(data: dict[str, Any]) -> None:
    with transaction.atomic():
        report = import_estate(HOUSE, as_yaml(data))
        assert len(report.changes) == len(describe(data).rows)
        exported = export_estate(HOUSE)
        before = everything()
        assert import_estate(HOUSE, exported, prune=True).changes == []
        assert import_estate(HOUSE, as_yaml(data)).changes == []
        assert everything() == before
        assert export_estate(HOUSE) == exported
        transaction.set_rollback(True)


@given(estates())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_text_is_read_as_it_was_written(data: dict[str, Any]) -> None:
    described = describe(yamlfile.read(as_yaml(data)).data)
    assert described.complaints == []
    assert {(row.kind, row.key) for row in described.rows} == {(row.kind, row.key) for row in describe(data).rows}
    systems = {row.key: row.values for row in described.rows if row.kind == "system"}
    for row in describe(data).rows:
        if row.kind == "system":
            assert systems[row.key] == row.values
    assert [KINDS_IN_ORDER.index(row.kind) for row in described.rows] == sorted(
        KINDS_IN_ORDER.index(row.kind) for row in described.rows
    )


@pytest.mark.django_db
def test_the_sample_is_an_estate_and_every_row_leaves_its_event() -> None:
    report = import_estate(HOUSE, SAMPLE)
    verbs = list(AuditEvent.objects.order_by("seq").values_list("verb", flat=True))
    assert len(verbs) == len(report.created) + 1
    assert verbs[-1] == "estate.imported"
    assert {verb.split(".")[0] for verb in verbs} == {*KINDS_IN_ORDER, "estate"}
    assert System.objects.get(slug="pacs").version == "1.10.1"
    assert Dependency.objects.count() == 2


@pytest.mark.django_db
def test_a_second_import_leaves_no_event() -> None:
    import_estate(HOUSE, SAMPLE)
    events = AuditEvent.objects.count()
    assert import_estate(HOUSE, SAMPLE).changes == []
    assert AuditEvent.objects.count() == events


@pytest.mark.django_db
def test_a_dry_run_says_the_same_and_does_nothing() -> None:
    looked = import_estate(HOUSE, SAMPLE, dry_run=True)
    assert everything() == [[]] * len(ROWS)
    assert AuditEvent.objects.count() == 0
    assert looked.changes == import_estate(HOUSE, SAMPLE).changes


@pytest.mark.django_db
def test_what_the_file_leaves_out_is_left_alone_and_named_and_pruned_only_on_demand() -> None:
    import_estate(HOUSE, SAMPLE)
    shorter = SAMPLE[: SAMPLE.index("          - slug: ct1")]
    assert import_estate(HOUSE, shorter).absent == [
        "thusong/mthatha/ct1",
        "thusong/mthatha/ct1 needs thusong/mthatha/pacs",
    ]
    assert System.objects.filter(slug="ct1").exists()
    pruned = import_estate(HOUSE, shorter, prune=True)
    assert (len(pruned.removed), pruned.absent) == (2, [])
    assert not System.objects.filter(slug="ct1").exists()
    assert AuditEvent.objects.filter(verb="system.removed").count() == 1


@pytest.mark.django_db
def test_a_list_that_is_not_in_the_file_prunes_nothing() -> None:
    import_estate(HOUSE, SAMPLE)
    before = everything()
    bare = "umlindi: 1\norganisations:\n  - {slug: thusong, sites: [{slug: mthatha}]}\n"
    assert import_estate(HOUSE, bare, prune=True).changes == []
    assert everything() == before
    empty = "umlindi: 1\norganisations:\n  - {slug: thusong, sites: []}\n"
    import_estate(HOUSE, empty, prune=True)
    assert [Site.objects.count(), System.objects.count(), Interface.objects.count()] == [0, 0, 0]
    assert Contact.objects.count() == 1


@pytest.mark.django_db
def test_pruning_what_others_still_need_is_refused_by_name() -> None:
    import_estate(HOUSE, SAMPLE)
    text = """
umlindi: 1
organisations:
  - slug: thusong
    sites:
      - slug: mthatha
        systems: [{slug: ct1}, {slug: pacs-host}]
"""
    [problem] = problems_of_pruned(text)
    assert "'thusong/mthatha/pacs' is neither in the file nor in the estate" in problem.why
    assert System.objects.count() == 3


def problems_of_pruned(text: str) -> list[Problem]:
    with pytest.raises(ImportRefused) as refused:
        import_estate(HOUSE, text, prune=True)
    return refused.value.problems


@pytest.mark.django_db
def test_a_field_left_out_keeps_what_it_has_and_an_empty_one_is_emptied() -> None:
    import_estate(HOUSE, SAMPLE)
    text = (
        "umlindi: 1\norganisations: [{slug: thusong, sites: [{slug: mthatha, systems: [{slug: pacs, vendor: null}]}]}]"
    )
    [change] = import_estate(HOUSE, text).changes
    assert (change.before, change.after) == ({"vendor": "Orthanc"}, {"vendor": ""})
    assert System.objects.get(slug="pacs").product == "Orthanc"


@pytest.mark.django_db
def test_contacts_come_in_the_order_of_the_file_before_those_it_leaves_out() -> None:
    text = "umlindi: 1\norganisations: [{slug: o, name: O, contacts: [%s]}]"
    import_estate(HOUSE, text % "{name: A}, {name: B}, {name: C}")
    import_estate(HOUSE, text % "{name: C}, {name: B}")
    assert list(Contact.objects.values_list("name", "position")) == [("C", 0), ("B", 1), ("A", 2)]
    assert import_estate(HOUSE, export_estate(HOUSE)).changes == []


BROKEN = """\
umlindi: 1
organisations:
  - slug: Thusong
    name: Thusong
    kind: hospitl
    sites:
      - slug: mthatha
        name: Mthatha
        timezone: Africa/Johanesburg
        hours: Mon-Fry 07:00-17:00
        systems:
          - slug: pacs
            name: PACS
            kind: pacs
            suport_until: 2027-03-31
            licence_until: 31/03/2027
            interfaces:
              - {name: DICOM, kind: dicom, host: 10.20.4.010, port: 99999, called: SEVENTEEN_LETTERS}
              - {name: DICOM, kind: web}
          - slug: pacs
            name: Again
            kind: archive
"""


@pytest.mark.django_db
def test_every_error_comes_at_once_with_line_path_and_reason() -> None:
    site = "organisations[0].sites[0]"
    system = f"{site}.systems[0]"
    found = {(each.line, each.column): each.why for each in problems_of(BROKEN)}
    assert set(found) == {
        (3, "organisations[0].slug"),
        (5, "organisations[0].kind"),
        (9, f"{site}.timezone"),
        (10, f"{site}.hours"),
        (15, f"{system}.suport_until"),
        (16, f"{system}.licence_until"),
        (18, f"{system}.interfaces[0].host"),
        (18, f"{system}.interfaces[0].port"),
        (18, f"{system}.interfaces[0].called"),
        (18, f"{system}.interfaces[0].calling"),
        (19, f"{system}.interfaces[1]"),
        (19, f"{system}.interfaces[1].url"),
        (20, f"{site}.systems[1]"),
    }
    assert "did you mean 'Africa/Johannesburg'?" in found[9, f"{site}.timezone"]
    assert "did you mean 'support_until'?" in found[15, f"{system}.suport_until"]
    assert "did you mean 'hospital'?" in found[5, "organisations[0].kind"]
    assert "first at organisations[0].sites[0].systems[0]" in found[20, f"{site}.systems[1]"]
    assert everything() == [[]] * len(ROWS)


@pytest.mark.django_db
def test_circles_other_organisations_and_unknown_systems_are_named() -> None:
    import_estate(HOUSE, SAMPLE)
    make_system()
    text = SAMPLE.replace(
        "[thusong/mthatha/pacs-host]", "[thusong/mthatha/ct1, other/site/pacs, thusong/mthatha/pcas-host, pacs]"
    )
    whys = [problem.why for problem in problems_of(text)]
    assert "closes a circle: thusong/mthatha/ct1 needs thusong/mthatha/pacs needs thusong/mthatha/ct1" in whys
    assert "'other/site/pacs' belongs to another organisation; a dependency stays within one" in whys
    assert "did you mean 'thusong/mthatha/pacs-host'?" in " ".join(whys)
    assert "'pacs' is not a path: write organisation/site/system" in whys


@pytest.mark.django_db
def test_a_strangers_organisation_is_refused_in_the_words_for_one_that_is_not_there() -> None:
    mine, theirs = make_organisation(slug="mine"), make_organisation(slug="theirs", name="Their name")
    make_system(name="Their PACS")
    actor = actor_of(make_user(Role.ADMINISTRATOR, mine))
    text = "umlindi: 1\norganisations:\n  - {slug: mine}\n  - {slug: SLUG, sites: [{slug: a, name: A}]}\n"
    answers = [problems_of(text.replace("SLUG", slug), actor) for slug in ("theirs", "nobody")]
    shown = [
        [(p.line, p.column, p.why.replace(slug, "SLUG")) for p in found]
        for found, slug in zip(answers, ("theirs", "nobody"), strict=True)
    ]
    assert shown[0] == shown[1]
    assert theirs.name not in str(answers)
    assert import_estate(actor, "umlindi: 1\norganisations: [{slug: mine, name: Ours}]").changed == ["mine"]
    with pytest.raises(Forbidden):
        export_estate(actor, theirs)
    assert "theirs" not in export_estate(actor)


@pytest.mark.django_db
def test_a_viewer_neither_imports_nor_exports() -> None:
    organisation = make_organisation(slug="mine")
    viewer = actor_of(make_user(Role.VIEWER, organisation))
    assert any("may not edit" in each.why for each in problems_of("umlindi: 1\norganisations: [{slug: mine}]", viewer))
    with pytest.raises(Forbidden):
        export_estate(viewer)


@pytest.mark.django_db
def test_who_edits_one_organisation_cannot_send_the_secrets_of_another_to_themselves() -> None:
    actor = actor_of(make_user(Role.ADMINISTRATOR, make_organisation(slug="mine", name="Mine")))
    text = """
umlindi: 1
organisations:
  - slug: mine
    sites:
      - {slug: s, name: S, systems: [{slug: y, name: Y, kind: pacs, interfaces: [
          {name: I, kind: web, url: "http://mine.example", credential: SECRET}]}]}
"""
    assert "must begin with 'mine.'" in problems_of(text.replace("SECRET", "thusong.orthanc"), actor)[0].why
    assert "own key" in problems_of(text.replace("SECRET", "audit_key"))[0].why
    assert import_estate(actor, text.replace("SECRET", "mine.orthanc")).created


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("umlindi: 1\norganisations:\n\t- slug: a\n", 3, "a tab stands where YAML wants spaces"),
        ("umlindi: 1\norganisations: [", 2, "is not YAML"),
        ("umlindi: 1\norganisations:\n  - slug: a: b\n", 3, "a colon where none may be"),
        ("a: &x [1]\nb: *x\n", 1, "&x names a place"),
        ("umlindi: !!python/object/apply:os.system [true]\n", 1, "the tag"),
        ("umlindi: 1\n---\numlindi: 1\n", 2, "a second document"),
        ("[" * 100_000, 1, "nested more than 20 deep"),
        ("- " * 50_000, 1, "nested more than 20 deep"),
        ("umlindi: 1\norganisations: []\n# \x00\n", 3, "U+0000"),
        ("x" * 2_000_001, 1, "larger than 2 MB"),
        ('a: "\\UFFFFFFFF"', 1, "is not YAML"),
        ("? [a]\n: b\n", 1, "a key is one word"),
    ],
)
def test_what_is_no_estate_file_is_told_by_its_line(text: str, line: int, why: str) -> None:
    [problem] = problems_of(text)
    assert problem.line == line
    assert why in problem.why


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "begins with 'umlindi: 1'"),
        ("just words", "begins with 'umlindi: 1'"),
        ("umlindi: 2\norganisations: []", "must say 'umlindi: 1'"),
        ("umlindi: 1", "'organisations' is missing"),
        ("umlindi: 1\norganisations: 7", "expects a list"),
        ("umlindi: 1\norganisations: [7]", "expects keys with values"),
        ("umlindi: 1\norganisations: []\nsites: []", "'sites' is not known here"),
        ("umlindi: 1\norganisations: [{slug: a, slug: b, name: A}]", "stands here and again in line 2"),
        ("umlindi: 1\norganisations: [{slug: [a], name: A}]", "expects one value, not a list"),
        ("umlindi: 1\norganisations: [{slug: a, name: {b: c}}]", "expects one value, not a group of keys"),
        ("umlindi: 1\norganisations: [{name: A}]", "is missing; it is needed"),
        ("umlindi: 1\norganisations: [{slug: a}]", "is missing; it is needed"),
        ("umlindi: 1\norganisations: [{slug: a, name: A, sites: {}}]", "expects a list"),
    ],
)
def test_what_has_another_shape_is_refused_plainly(text: str, why: str) -> None:
    assert why in " ".join(problem.why for problem in problems_of(text))


@pytest.mark.django_db
def test_a_file_cut_anywhere_is_an_error_or_an_estate_and_never_a_crash() -> None:
    for at in range(0, len(SAMPLE), 7):
        try:
            import_estate(HOUSE, SAMPLE[:at], dry_run=True)
        except ImportRefused as error:
            assert all(problem.why for problem in error.problems)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_an_error_or_an_estate_and_never_a_crash(data: st.DataObject) -> None:
    text = SAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        junk = data.draw(
            st.text(max_size=4)
            | st.sampled_from(["\t", "*a", "&a ", "!!x ", ": ", "- ", "\n", "{", "]", '"', "'", "|", ">", "%", "? "])
        )
        text = text[:at] + junk + text[at + data.draw(st.integers(0, 5)) :]
    try:
        describe(yamlfile.read(text).data)
    except yamlfile.NotYaml as error:
        assert error.line >= 1
        assert error.why


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_do_not_make_a_row_twice() -> None:
    import_estate(HOUSE, "umlindi: 1\norganisations: [{slug: thusong, name: T}]")
    reports: list[int] = []

    def bring() -> None:
        try:
            reports.append(len(import_estate(HOUSE, SAMPLE).created))
        finally:
            connection.close()

    threads = [threading.Thread(target=bring) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(reports) == [0, 0, 9]
    assert System.objects.count() == 3


def test_the_exported_yaml_is_read_alike_by_any_yaml_reader() -> None:
    data = {
        "umlindi": 1,
        "organisations": [{"slug": "a", "name": "null", "until": date(2027, 3, 31), "version": "1.10"}],
    }
    assert YAML(typ="safe", pure=True).load(as_yaml(data)) == data
