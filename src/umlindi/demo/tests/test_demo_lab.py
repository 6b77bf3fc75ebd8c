from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from umlindi.cli.demo import command
from umlindi.demo import lab
from umlindi.demo.estate import estate
from umlindi.demo.faults import BY_SLUG, FAULTS, UnknownFault, choose
from umlindi.demo.ground import PORT_NAMES, Ground
from umlindi.demo.lab import NotConfirmed
from umlindi.diagnosis.loading import load_catalogue
from umlindi.estate.rules.description import describe


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    (tmp_path / "demo").mkdir()
    return Ground(tmp_path / "demo", {name: 11200 + at for at, name in enumerate(PORT_NAMES)})


def test_the_estate_file_is_one_that_the_import_takes_without_a_complaint(ground: Ground) -> None:
    assert describe(estate(ground)).complaints == []


def test_every_fault_breaks_a_system_and_interface_of_the_estate(ground: Ground) -> None:
    interfaces = {
        f"{row.key[0]}/{row.key[1]}/{row.key[2]}": set[str]() for row in describe(estate(ground)).rows if row.key[2:]
    }
    for row in describe(estate(ground)).rows:
        if row.kind == "interface":
            interfaces["/".join(row.key[:3])].add(row.key[3])
    for fault in FAULTS:
        assert set(fault.systems) | set(fault.also) <= interfaces.keys()
        assert fault.interface in interfaces[fault.systems[0]]


def test_every_fault_names_a_rule_of_the_catalogue() -> None:
    known = {rule.id for rule in load_catalogue().rules}
    assert {fault.rule for fault in FAULTS} <= known


def test_an_unknown_fault_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownFault, match=r"listener-down.*worklist-empty"):
        choose("gremlins")
    with pytest.raises(UnknownFault, match="is not possible on thusong/mthatha/clock"):
        choose("hl7-nack", "thusong/mthatha/clock")


def test_breaking_without_a_demo_says_so_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(NotConfirmed, match="demo"):
        lab.break_fault(tmp_path, "hl7-nack")
    ran = CliRunner().invoke(command, ["break", "hl7-nack", "--home", str(tmp_path)])
    assert ran.exit_code == 1
    assert "umlindi demo up" in ran.output
    assert time.monotonic() - began < 2


def test_a_demo_that_stopped_writing_is_not_believed(ground: Ground) -> None:
    told = {"pid": 1, "written": time.time() - 60, "stopped": False, "peers": [], "in_force": []}
    ground.state_file.write_text(json.dumps(told))
    assert not lab.state(ground.folder.parent).alive


def test_wanted_faults_of_another_version_are_left_out(ground: Ground) -> None:
    known = ("hl7-nack", BY_SLUG["hl7-nack"].systems[0])
    ground.wanted_file.write_text(json.dumps({"wanted": [known, ["gone", "thusong/mthatha/ris"]]}))
    assert lab.wanted_breakages(ground.folder) == {known}


@pytest.mark.parametrize("arguments", [["mend"], ["mend", "hl7-nack", "--all"]])
def test_mending_needs_one_fault_or_all(arguments: list[str], tmp_path: Path) -> None:
    assert CliRunner().invoke(command, [*arguments, "--home", str(tmp_path)]).exit_code == 2
