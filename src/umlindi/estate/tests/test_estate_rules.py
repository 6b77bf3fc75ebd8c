"""Laws of what may be written down about an estate."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from umlindi.accounts.models import Organisation
from umlindi.estate.models import Contact, Interface, Site, System
from umlindi.estate.rules import KINDS, RECORDS, Wrong, circles, closure, complete, opening_hours, read_record
from umlindi.estate.rules.addresses import host, url
from umlindi.estate.rules.hours import DAYS
from umlindi.estate.rules.interfaces import ADDRESS
from umlindi.estate.rules.readers import ae_title, day, email, flag, number, phone, port, secret_file, slug, slugify
from umlindi.estate.rules.records import INTERFACE_KINDS, ORGANISATION_KINDS, SYSTEM_KINDS
from umlindi.estate.rules.terms import Term, term

MODELS = {"organisation": Organisation, "site": Site, "system": System, "interface": Interface, "contact": Contact}


def why_not(reader: Any, raw: Any) -> str:
    with pytest.raises(Wrong) as refused:
        reader(raw)
    return str(refused.value)


@pytest.mark.parametrize(("first", "last"), [(first, last) for first in range(7) for last in range(7)])
def test_a_range_of_days_holds_both_its_ends(first: int, last: int) -> None:
    open_on = {span.day for span in opening_hours(f"{DAYS[first]}-{DAYS[last]} 08:00-12:00")}
    assert {first, last} <= open_on
    assert len(open_on) == (last - first) % 7 + 1


def test_monday_to_friday_includes_friday_in_every_spelling() -> None:
    for words in (
        "Mon-Fri 07:00-17:00",
        "mon–fri 7:00–17:00",
        "Monday - Friday 07:00-17:00;",
        "Mon,Tue,Wed,Thu,Fri 07:00-17:00",
    ):
        assert [(span.day, span.opens, span.closes) for span in opening_hours(words)] == [
            (d, 420, 1020) for d in range(5)
        ]


@given(opens=st.integers(0, 1439), closes=st.integers(0, 1440))
def test_a_night_is_as_long_as_its_times_say(opens: int, closes: int) -> None:
    words = f"Sun {opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}"
    if opens == closes:
        assert "does not open and close" in why_not(opening_hours, words)
        return
    spans = opening_hours(words)
    assert sum(span.closes - span.opens for span in spans) == (closes - opens) % 1440 or 1440
    assert all(span.day == (0 if opens > closes and span.opens == 0 else 6) for span in spans)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("Mon-Fry 07:00-17:00", "'Fry' is not a day"),
        ("Mon-Fri 7am-5pm", "is not a pair of times"),
        ("Mon-Fri 07:60-17:00", "more than 59 minutes"),
        ("Mon-Fri 07:00-25:00", "24 hours"),
        ("Mon-Fri 07:00-12:00; Wed 11:00-13:00", "opens twice at the same time on Wed"),
        ("Mon,Mon 07:00-12:00", "names a day twice"),
        ("office hours", "is not hours"),
    ],
)
def test_hours_that_cannot_be_read_say_why(words: str, why: str) -> None:
    assert why in why_not(opening_hours, words)


def test_always_open_is_168_hours() -> None:
    assert sum(span.closes - span.opens for span in opening_hours("24/7")) == 168 * 60
    assert opening_hours("Mon-Sun 00:00-24:00") == opening_hours("24/7")
    assert opening_hours("") == ()


@given(st.integers(-5, 100_000), st.sampled_from(["{}", "{}.0", " {} ", "0{}"]))
def test_a_port_is_a_port_however_a_spreadsheet_writes_it(wanted: int, written: str) -> None:
    if written == "0{}" and wanted < 0:
        return
    if 1 <= wanted <= 65535:
        assert port(written.format(wanted)) == wanted == port(wanted)
    else:
        assert "outside 1 to 65535" in why_not(port, written.format(wanted))


@pytest.mark.parametrize("raw", ["104.5", "1O4", "104,0", "nan", "1e3", "--1", "٣", [104], {"a": 1}])
def test_what_is_no_port_is_refused(raw: Any) -> None:
    assert why_not(port, raw)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"), min_size=1, max_size=20))
def test_an_ae_title_is_judged_without_its_outer_spaces(title: str) -> None:
    core = title.strip(" ")
    if not core:
        assert ae_title(title) == ""
    elif len(core) > 16:
        assert "16 are permitted" in why_not(ae_title, title)
    else:
        assert ae_title(f"  {title} ") == core


@pytest.mark.parametrize("title", ["A\\B", "A\tB", "RÖNTGEN", "A\x7fB"])
def test_an_ae_title_with_a_forbidden_character_names_it(title: str) -> None:
    assert "does not permit" in why_not(ae_title, title)


@given(st.ip_addresses(v=4), st.booleans())
def test_an_address_is_itself_and_padded_it_is_refused_with_what_was_meant(
    address: ipaddress.IPv4Address, pad: bool
) -> None:
    assert host(str(address)) == str(address)
    padded = ".".join(f"{int(part):03}" for part in str(address).split("."))
    if pad and padded != str(address):
        assert f"write {address}" in why_not(host, padded)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_may_stand_in_brackets(address: ipaddress.IPv6Address) -> None:
    assert ipaddress.ip_address(host(f"[{address}]")) == address


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("10.20.4", "four numbers"),
        ("10.20.4.256", "four numbers"),
        ("10.20.4.21:104", "port in its own field"),
        ("http://pacs", "is a URL"),
        ("10.20.4.0/24", "a range"),
        ("my pacs", "not a host name"),
        ("-pacs", "not a host name"),
        ("a" * 64, "not a host name"),
        ("pacs..local", "not a host name"),
    ],
)
def test_what_is_no_host_says_why(raw: str, why: str) -> None:
    assert why in why_not(host, raw)


@pytest.mark.parametrize("raw", ["pacs", "PACS-01.thusong.example", "pacs_old", "localhost", "10.20.4.31"])
def test_hosts_as_sites_write_them(raw: str) -> None:
    assert host(raw) == raw


def test_a_password_is_never_part_of_a_url() -> None:
    assert "secrets folder" in why_not(url, "postgresql://pacs:geheim@db/orthanc")
    assert "secrets folder" in why_not(url, "http://pacs/x?token=1")
    assert url("postgresql://pacs@db:5432/orthanc") == "postgresql://pacs@db:5432/orthanc"
    for raw in ("pacs.example", "http://", "http://pacs:99999/", "http://pa cs/", "http://[::1"):
        assert why_not(url, raw)
    assert "geheim" not in why_not(url, "http://pacs:geheim@db/")


def test_a_date_has_one_meaning() -> None:
    assert day("2027-03-31") == date(2027, 3, 31) == day(date(2027, 3, 31))
    for raw in ("31/03/2027", "2027/03/31", "2027-02-30", "2027-3-1", "March 2027", "20270331"):
        assert "such as 2027-03-31" in why_not(day, raw)


@pytest.mark.parametrize("raw", ["../audit_key", "a/b", "audit_key", "secret_key", ".hidden", "a..b"])
def test_a_credential_is_a_file_of_the_secrets_folder_and_never_the_houses_own_key(raw: str) -> None:
    assert why_not(secret_file, raw)


@given(st.text(max_size=80))
def test_what_slugify_makes_is_a_slug(text: str) -> None:
    made = slugify(text)
    assert slug(made) == made


@pytest.mark.parametrize("raw", ["CT1", "ct_1", "-", "ct--1", "mthatha pacs", "ct1-"])
def test_what_is_no_slug_is_refused_with_one_that_is(raw: str) -> None:
    suggested = re.search(r"such as '([^']+)'", why_not(slug, raw))
    assert suggested
    assert slug(suggested[1])


def test_telephone_numbers_as_people_write_them() -> None:
    for raw in ("+27 47 555 0101", "(047) 555-0101", "4410", "047 555 0101 ext 4410", "0475550101 x4410", ""):
        assert phone(raw) == raw
    for raw in ("ask Sipho", "=1+1", "+", "("):
        assert why_not(phone, raw)


def test_mail_addresses() -> None:
    assert email("nomvula@thusong.example")
    for raw in ("nomvula", "a@b@c", "a b@c.d", "a@b..c", "ñ@c.d"):
        assert why_not(email, raw)


def test_true_and_false_have_many_words_and_no_others() -> None:
    assert [flag(raw) for raw in ("true", "Yes", "on", "1", True, 1)] == [True] * 6
    assert [flag(raw) for raw in ("false", "No", "off", "0", False, 0)] == [False] * 6
    assert flag("") is None
    assert "neither true nor false" in why_not(flag, "maybe")


def test_a_number_says_its_unit_and_bounds() -> None:
    assert "outside 1 to 300 s" in why_not(lambda raw: number(raw, low=1, high=300, unit="s"), "0")


edges = st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=4, unique=True), max_size=13)


@given(edges)
def test_without_the_last_edge_of_each_circle_there_is_none(graph: dict[int, list[int]]) -> None:
    found = circles(graph)
    for circle in found:
        assert circle[0] == circle[-1]
        assert all(after in graph[before] for before, after in pairwise(circle))
    cut = {(circle[-2], circle[-1]) for circle in found}
    rest = {node: [after for after in below if (node, after) not in cut] for node, below in graph.items()}
    assert circles(rest) == []
    reaches_itself = [
        node for node in graph if any(node == after or node in closure(after, graph) for after in graph[node])
    ]
    assert bool(found) == bool(reaches_itself)


@given(edges, st.integers(0, 12))
def test_a_closure_holds_what_its_members_need_and_each_once(graph: dict[int, list[int]], start: int) -> None:
    found = closure(start, graph)
    assert len(found) == len(set(found))
    assert start not in found
    assert all(set(graph.get(node, ())) <= {*found, start} for node in [start, *found])


def test_a_chain_of_ten_thousand_does_not_exhaust_the_stack() -> None:
    chain = {node: [node + 1] for node in range(10_000)}
    assert circles(chain) == []
    assert len(closure(0, chain)) == 10_000
    assert len(circles({**chain, 10_000: [0]})[0]) == 10_002


def test_the_rules_know_the_words_and_lengths_of_the_rows() -> None:
    assert dict(Organisation.Kind.choices) == ORGANISATION_KINDS
    assert dict(System.Kind.choices) == SYSTEM_KINDS
    assert dict(Interface.Kind.choices) == INTERFACE_KINDS
    for kind, model in MODELS.items():
        for field in RECORDS[kind].fields:
            longest = getattr(model._meta.get_field(field.name), "max_length", None)
            if longest and field.name not in ("kind", "port"):
                _, complaints = read_record(kind, {field.name: "a" * (longest + 1)})
                assert complaints, f"{kind}.{field.name} takes more than its column holds"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_interface_asks_for_what_it_needs_and_refuses_what_it_has_not(kind: str) -> None:
    given_ = {"host": "10.0.0.1", "port": 104, "called": "A", "calling": "B", "url": "http://a", "credential": "a.b"}
    assert complete("interface", {"name": "x", "kind": kind}, None)[1] == [] or KINDS[kind].required
    _, complaints = complete("interface", {"name": "x", "kind": kind}, None)
    assert {complaint.place for complaint in complaints} == {(name,) for name in KINDS[kind].required}
    _, complaints = complete("interface", {"name": "x", "kind": kind} | given_, None)
    assert {complaint.place for complaint in complaints} == {
        (name,) for name in ADDRESS if name not in KINDS[kind].used
    }


def test_a_changed_kind_empties_what_the_new_one_has_not() -> None:
    dicom = {"name": "x", "kind": "dicom", "host": "a", "port": 104, "called": "A", "calling": "B", "url": "",
             "credential": "", "settings": {}, "enabled": True}  # fmt: skip
    row, complaints = complete("interface", {"kind": "hl7"}, dicom)
    assert not complaints
    assert (row["called"], row["calling"], row["host"]) == ("", "", "a")


def test_who_edits_one_organisation_names_only_its_own_secrets_and_no_file_of_the_server() -> None:
    values = {"name": "x", "kind": "orthanc", "url": "http://a", "credential": "ubuntu.orthanc"}
    files = {"settings_file": "/etc/orthanc", "ca_file": "/etc/ca.pem"}
    _, complaints = complete("interface", values | {"settings": files}, None, only="thusong")
    assert {complaint.place for complaint in complaints} == {
        ("credential",),
        ("settings", "settings_file"),
        ("settings", "ca_file"),
    }
    assert complete("interface", values | {"settings": files}, None)[1] == []
    row, complaints = complete("interface", values | {"credential": "thusong.orthanc"}, None, only="thusong")
    assert not complaints
    old = row | {"credential": "ubuntu.orthanc", "settings": {"ca_file": "/etc/ca.pem"}}
    assert complete("interface", {"name": "y"}, old, only="thusong")[1] == [], "what stood before may stay"


def test_an_unknown_setting_or_key_suggests_the_known_one() -> None:
    _, complaints = read_record("interface", {"hots": "a", "kind": "dicm"})
    assert [complaint.why.rpartition("; ")[2] for complaint in complaints] == [
        "did you mean 'host'?",
        "did you mean 'dicom'?",
    ]
    values = {"name": "x", "kind": "dicom", "host": "a", "port": 1, "called": "A", "calling": "B"}
    _, complaints = complete("interface", values | {"settings": {"expct": "echo", "expect": ["echo", "fnd"]}}, None)
    assert [complaint.place for complaint in complaints] == [("settings", "expct"), ("settings", "expect")]
    assert "did you mean 'expect'" in complaints[0].why
    assert "did you mean 'find'" in complaints[1].why


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-200, 200))
def test_a_term_runs_to_the_end_of_its_last_day(last: date, off: int) -> None:
    today = date.fromordinal(last.toordinal() + off)
    expected = Term.ENDED if off > 0 else Term.SOON if off >= -90 else Term.RUNS
    assert term(last, today) is expected
    assert term(None, today) is Term.NONE
