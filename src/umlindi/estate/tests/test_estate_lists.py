"""AE-title lists as sites keep them, from a file or the command line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from umlindi.cli.estate import command
from umlindi.core.actors import Actor, Forbidden
from umlindi.estate import csvfile
from umlindi.estate.models import Interface, Site, System
from umlindi.estate.rules.titles import NEEDED, meaning_of
from umlindi.estate.services import ImportRefused, Problem, import_titles
from umlindi.testing.estate import make_interface, make_organisation, make_site, make_system

HOUSE = Actor.house("test")
SAMPLES = Path(__file__).parents[4] / "docs" / "samples"
LIST = "AE Title,Host,Port\nCT1,10.20.4.21,104\n"


@pytest.fixture
def site() -> Site:
    return make_site(make_organisation(slug="thusong"), slug="mthatha", name="Mthatha")


def problems_of(site: Site, text: str) -> list[Problem]:
    with pytest.raises(ImportRefused) as refused:
        import_titles(HOUSE, text.encode(), site)
    return refused.value.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", list(csvfile.SEPARATORS))
def test_a_list_reads_the_same_in_every_separator_and_encoding(encoding: str, separator: str) -> None:
    stream = io.StringIO()
    rows = [["AE Title", "IP Address", "Port", "Description"], ["CT1", "10.20.4.21", "104", 'Adéle’s room, "new"; 2']]
    csv.writer(stream, delimiter=separator).writerows(rows)
    table = csvfile.read(stream.getvalue().encode(encoding), meaning_of, NEEDED)
    assert table.rows == [
        (2, {"AE title": "CT1", "host": "10.20.4.21", "port": "104", "name": 'Adéle’s room, "new"; 2'})
    ]
    assert table.columns["host"] == "IP Address"


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("AE Title", "AE title"), ("AET", "AE title"), (" ae ", "AE title"), ("AE_TITLE", "AE title"),
        ("A.E. Title", "AE title"),
        ("Hostname/IP", "host"), ("IP address", "host"), ("I.P.", "host"), ("Port No.", "port"), ("TCP-Port", "port"),
        ("Manufacturer", "vendor"), ("Model", "product"), ("Beskrywing", "name"), ("Modality", "modality"),
        ("Colour", ""),
    ],
)  # fmt: skip
def test_headings_mean_the_same_in_many_spellings(heading: str, meaning: str) -> None:
    assert meaning_of(heading) == meaning


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "made"),
    [("titles-excel-semicolons.csv", 3), ("titles-utf16-tabs.csv", 1), ("titles-cp1252.csv", 1)],
)
def test_the_samples_are_brought_and_a_second_time_change_nothing(site: Site, name: str, made: int) -> None:
    data = (SAMPLES / name).read_bytes()
    assert len(import_titles(HOUSE, data, site).created) == 2 * made
    assert import_titles(HOUSE, data, site).changes == []
    assert System.objects.count() == Interface.objects.count() == made


@pytest.mark.django_db
def test_rows_become_systems_of_their_kind_with_what_else_the_list_says(site: Site) -> None:
    import_titles(HOUSE, (SAMPLES / "titles-excel-semicolons.csv").read_bytes(), site)
    assert list(System.objects.order_by("slug").values_list("slug", "name", "kind", "modality", "notes")) == [
        ("cr1-mth", "Digital X-ray", "modality", "CR", "Location: Casualty"),
        ("ct1-mth", "CT room 1", "modality", "CT", "Location: Room 4"),
        ("ws-read3", "Reading room 3", "workstation", "", ""),
    ]
    assert Interface.objects.get(called="CR1_MTH").port == 104


@pytest.mark.django_db
def test_every_error_of_a_list_names_its_row_and_column(site: Site) -> None:
    with pytest.raises(ImportRefused) as refused:
        import_titles(HOUSE, (SAMPLES / "titles-with-errors.csv").read_bytes(), site)
    found = {(each.line, each.column): each.why for each in refused.value.problems}
    assert set(found) == {
        (3, "AE Title"), (4, "AE Title"), (5, "Host"), (6, "Port"), (7, "Port"), (8, "Description"),
        (9, "Host"), (10, "Site"),
    }  # fmt: skip
    assert found[3, "AE Title"] == "'CT1' is at 10.20.4.99:104 here, at 10.20.4.21:104 in row 2; only one can be true"
    assert "17 characters, 16 are permitted" in found[4, "AE Title"]
    assert "write 10.20.4.24" in found[5, "Host"]
    assert "is a formula" in found[8, "Description"]
    assert not System.objects.exists()


@pytest.mark.django_db
def test_a_row_without_a_title_is_one_error_at_its_title_whatever_stands_at_the_site(site: Site) -> None:
    make_system(site, name="Printer")
    rows = "AE Title;Host;Port;Description\nCT1;10.20.4.21;104;CT\n;10.20.4.30;104;no title\n"
    assert problems_of(site, rows) == [Problem(3, "AE Title", "is empty; it is needed")]


@pytest.mark.django_db
def test_a_known_title_keeps_its_system_and_gets_its_new_address_only(site: Site) -> None:
    system = make_system(site, name="CT in casualty", vendor="Siemens", notes="by hand")
    make_interface(system, name="Storage", called="CT1", host="10.0.0.1", port=104, settings={"expect": ["echo"]})
    rows = "AE,IP,Port,Description,Vendor\nCT1,10.20.4.21,11112,Renamed,Other\n"
    [change] = import_titles(HOUSE, rows.encode(), site).changes
    assert change.after == {"host": "10.20.4.21", "port": 11112}
    make_system(site)
    assert import_titles(HOUSE, rows.encode(), site).absent == [], "a list has no say over what it does not name"
    system.refresh_from_db()
    assert (system.name, system.vendor, system.notes) == ("CT in casualty", "Siemens", "by hand")


@pytest.mark.django_db
def test_titles_that_differ_in_case_or_repeat_are_warned_of(site: Site) -> None:
    report = import_titles(HOUSE, (LIST + "ct1,10.20.4.22,104\nCT1,10.20.4.21,104.0\n").encode(), site)
    assert [(each.line, each.column) for each in report.warnings] == [(3, "AE Title"), (4, "AE Title")]
    assert sorted(System.objects.values_list("slug", flat=True)) == ["ct1", "ct1-2"]


@pytest.mark.django_db
def test_a_site_column_puts_rows_at_other_sites_of_the_organisation(site: Site) -> None:
    komani = make_site(site.organisation, slug="komani", name="Komani")
    rows = "AE,IP,Port,Site\nCT1,10.0.0.1,104,\nCT2,10.0.0.2,104,KOMANI\nCT3,10.0.0.3,104,komani\n"
    import_titles(HOUSE, rows.encode(), site)
    assert sorted(System.objects.filter(site=komani).values_list("slug", flat=True)) == ["ct2", "ct3"]
    strange = make_site(name="Elsewhere")
    [problem] = problems_of(site, f"AE,IP,Port,Site\nCT4,10.0.0.4,104,{strange.name}\n")
    assert "is not a site of this organisation" in problem.why


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"PK\x03\x04...", "Excel workbook (.xlsx); open it and save it as CSV"),
        (b"\xd0\xcf\x11\xe0...", "old Excel workbook (.xls)"),
        (b"%PDF-1.7", "this is a PDF"),
        (b"", "no row of headings with AE title and host and port"),
        (b"Name,Colour\nCT,red\n", "no row of headings with AE title and host and port"),
        (b"AE Title,Host\nCT1,10.0.0.1\n", "no row of headings with port"),
        (b"x" * 2_000_001, "larger than 2 MB"),
        (b"AE,IP,Port\n" + b"A,10.0.0.1,104\n" * 5001, "5000 are permitted"),
    ],
)
def test_what_is_no_list_says_what_to_do(site: Site, data: bytes, why: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        import_titles(HOUSE, data, site)
    assert why in refused.value.problems[0].why


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_table_or_a_clear_refusal(data: bytes) -> None:
    for contents in (data, b"AE;IP;Port\n" + data):
        try:
            table = csvfile.read(contents, meaning_of, NEEDED)
        except csvfile.NotATable as error:
            assert str(error)
        else:
            assert all(set(cells) == set(table.columns) for _, cells in table.rows)


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2), max_size=5))
def test_nothing_written_for_a_spreadsheet_runs_and_all_of_it_can_be_read_back(rows: list[list[str]]) -> None:
    text = csvfile.write(["a", "b"], rows)
    back = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))[1:]
    assert len(back) == len(rows)
    for read, row in zip(back, rows, strict=True):
        for cell, original in zip(read, row, strict=True):
            assert not csvfile.is_formula(cell)
            assert cell in (original, f"'{original}")


@pytest.mark.django_db
def test_a_list_is_brought_by_who_edits_there_only(site: Site) -> None:
    with pytest.raises(Forbidden):
        import_titles(Actor("somebody", rights={site.organisation_id: frozenset({"estate.view"})}), LIST.encode(), site)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command within the test's own Django and database."""
    monkeypatch.setattr("umlindi.cli.estate.with_django", lambda home: None)
    return CliRunner()


@pytest.mark.django_db
def test_the_command_imports_exports_and_exports_what_it_imports(run: CliRunner, tmp_path: Path) -> None:
    done = run.invoke(command, ["import", str(SAMPLES / "estate.yaml")])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "10 added, 0 changed, 0 as before")
    exported = run.invoke(command, ["export", "--organisation", "thusong"]).output
    again = tmp_path / "again.yaml"
    again.write_text(exported)
    assert "0 added, 0 changed, 10 as before" in run.invoke(command, ["import", str(again), "--prune"]).output
    looked = run.invoke(
        command, ["import", str(SAMPLES / "titles-utf16-tabs.csv"), "--site", "thusong/mthatha", "--dry-run"]
    )
    assert "would be added: thusong/mthatha/us1-mth interface 'DICOM': US1_MTH@us1.thusong.example:104" in looked.output
    assert "as before: thusong, thusong/mthatha\n" in looked.output
    assert System.objects.count() == 3


@pytest.mark.django_db
def test_the_command_tells_errors_as_a_table_and_ends_with_1(run: CliRunner, site: Site, tmp_path: Path) -> None:
    refused = run.invoke(command, ["import", str(SAMPLES / "titles-with-errors.csv"), "--site", "thusong/mthatha"])
    assert refused.exit_code == 1
    lines = refused.stderr.splitlines()
    assert lines[0].split() == ["line", "where", "why"]
    assert lines[2].split(maxsplit=1)[0] == "4"
    assert "nothing was imported: 8 to put right" in lines[-1]
    broken = tmp_path / "broken.yaml"
    broken.write_text("umlindi: 1\norganisations: [{slug: a, nam: A}]\n")
    assert "organisations[0].nam" in run.invoke(command, ["import", str(broken)]).stderr
    broken.write_bytes(b"umlindi: \xff\n")
    assert "is not UTF-8 text" in run.invoke(command, ["import", str(broken)]).stderr


@pytest.mark.django_db
def test_the_command_asks_for_the_site_of_a_list_and_for_one_that_exists(run: CliRunner) -> None:
    sample = str(SAMPLES / "titles-cp1252.csv")
    assert "--site ORGANISATION/SITE" in run.invoke(command, ["import", sample]).stderr
    assert "there is no site no/where" in run.invoke(command, ["import", sample, "--site", "no/where"]).stderr
    assert "there is no organisation nobody" in run.invoke(command, ["export", "--organisation", "nobody"]).stderr
