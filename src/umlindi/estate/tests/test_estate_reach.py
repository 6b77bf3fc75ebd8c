"""What somebody who edits one organisation alone may not write of an interface."""

from __future__ import annotations

from typing import Any

import pytest

from umlindi.estate.rules import KINDS, complete


def _plain(kind: str, **more: object) -> dict[str, Any]:
    needed = {"host": "10.20.4.31", "port": 104, "called": "A", "calling": "B", "url": "http://pacs.example"}
    given_ = {name: needed[name] for name in KINDS[kind].required}
    return {"name": "x", "kind": kind, **given_, **more}


def _beyond(values: dict[str, Any], present: dict[str, Any] | None = None) -> set[str]:
    """What somebody who edits thusong alone may not write; the provider's staff may write all of it."""
    assert complete("interface", values, present)[1] == []
    return {".".join(map(str, each.place)) for each in complete("interface", values, present, only="thusong")[1]}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres@/umlindi?host=/var/lib/umlindi/run/pg",
        "postgresql://postgres@db.example/umlindi#?host=/var/lib/umlindi/run/pg",
        "postgresql:///umlindi",
        "postgresql://u:5/x@/umlindi",
        "postgresql://u@db.example/pacs?sslkey=/etc/key",
        "postgresql://u@db.example/pacs?passfile=/root/.pgpass",
        "mysql://u@db.example/pacs?local_infile=1",
        "mysql://u@db.example/pacs?read_default_file=/root/.my.cnf",
        "sqlite:////var/lib/umlindi/data.sqlite",
        "mssql+pyodbc://u@db.example/pacs",
    ],
)
def test_a_database_that_is_more_than_a_host_is_for_the_providers_staff(url: str) -> None:
    assert _beyond(_plain("sql", url=url)) == {"url"}
    stood = complete("interface", _plain("sql", url=url), None)[0]
    assert _beyond({"name": "y"}, stood) == set(), "what stood before may stay"
    assert _beyond({"settings": {"query": "COPY t TO PROGRAM 'id'"}}, stood) == {"url"}


@pytest.mark.parametrize(
    "url", ["postgresql://pacs@db:5432/orthanc", "mysql://10.0.0.9/ris", "mssql://[fd00::9]:1433/x"]
)
def test_a_database_by_its_host_is_for_everybody(url: str) -> None:
    assert _beyond(_plain("sql", url=url, settings={"query": "SELECT 1"})) == set()


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.", "x.localhost", "127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "::1",
     "::ffff:127.0.0.1", "fe80::1", "2130706433", "0x7f.1", "0"],
)  # fmt: skip
def test_the_server_itself_is_for_the_providers_staff_in_any_spelling(host: str) -> None:
    assert _beyond(_plain("dicom", host=host)) == {"host"}
    shown = f"[{host}]" if ":" in host else host
    assert _beyond(_plain("web", url=f"http://{shown}:8600/")) == {"url"}
    assert _beyond(_plain("dicom", settings={"orthanc": f"http://{shown}/"})) == {"settings.orthanc"}
    stood = complete("interface", _plain("dicom", host=host), None)[0]
    assert _beyond({"port": 105}, stood) == set(), "what stood before may stay"


def test_full_width_digits_lead_to_the_server_itself_as_well() -> None:
    assert _beyond(_plain("web", url="http://１２７.0.0.1/")) == {"url"}


def test_the_servers_own_figures_and_ports_are_for_the_providers_staff() -> None:
    assert _beyond(_plain("host")) == {"url"}
    assert _beyond(_plain("host", url="http://10.20.4.31:9100/metrics")) == set()
    assert _beyond({"url": ""}, complete("interface", _plain("host", url="http://10.0.0.1/metrics"), None)[0]) == {
        "url"
    }
    assert _beyond(_plain("dicom", settings={"move_port": 8600, "move_host": "0.0.0.0"})) == {
        "settings.move_port",
        "settings.move_host",
    }


@pytest.mark.parametrize(
    "moved",
    [
        {"url": "http://elsewhere.example"},
        {"kind": "web"},
        {"settings": {"verify": False}},
        {"settings": {"server_name": "elsewhere.example"}},
    ],
)
def test_a_login_of_others_stays_with_the_address_it_was_given_for(moved: dict[str, Any]) -> None:
    stood = complete("interface", _plain("orthanc", credential="provider.orthanc"), None)[0]
    name, *inner = moved
    field = name if name != "settings" else "settings." + next(iter(moved["settings"]))
    assert not inner
    assert _beyond(moved, stood) == {field}
    assert _beyond(moved | {"credential": "thusong.orthanc"}, stood) == set()
    assert _beyond({"credential": ""}, stood) == set()


def test_an_organisation_does_not_take_the_short_name_that_others_secrets_begin_with() -> None:
    stood = {"slug": "thusong", "name": "Thusong", "kind": "hospital"}
    _, complaints = complete("organisation", {"slug": "ubuntu"}, stood, only="thusong")
    assert [complaint.place for complaint in complaints] == [("slug",)]
    assert complete("organisation", {"name": "Thusong Hospital"}, stood, only="thusong")[1] == []
    assert complete("organisation", {"slug": "ubuntu"}, stood)[1] == []
