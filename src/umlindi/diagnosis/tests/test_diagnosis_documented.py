"""Every code that docs/probes.md lists has a cause, and every code in the probes' source is listed there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from umlindi.diagnosis import explain
from umlindi.dicom.dimse import status as statuses
from umlindi.dicom.dimse.status import Service
from umlindi.dicom.upper.meanings import ABORT_REASONS, CONTEXT_RESULTS, REJECT_REASONS, REJECT_RESULTS
from umlindi.hl7.tables import ERRORS, REFUSED
from umlindi.hosts import sql, ups
from umlindi.probes import Layer, ProbeResult, Severity, State, Step

SOURCE = Path(__file__).parents[2]
ROOT = SOURCE.parents[1]
DOCUMENT = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
KINDS = ("dicom", "web", "hl7", "tls", "sql", "host", "time", "ups", "orthanc")

# Statuses of every class: general, of one service, of a range that the standard leaves to the implementation.
STATUSES = (
    *range(0x0220),
    *range(0xA700, 0xA720),
    0xA778,
    0xA801,
    0xA900,
    0xA901,
    *range(0xB000, 0xB010),
    0xC000,
    0xC123,
)
SERVICES = {name: Service(f"C-{name.upper()}") for name in ("echo", "find", "store", "move", "get")}
FAMILIES = {
    "RJ <result/source/reason>": [f"RJ {result}/{s}/{r}" for result in REJECT_RESULTS for s, r in REJECT_REASONS],
    "AB <source/reason>": ["AB 0/0", *(f"AB 2/{reason}" for reason in ABORT_REASONS)],
    "PC <result>": [f"PC {result}" for result in CONTEXT_RESULTS if result],
    "HTTP <status>": [f"HTTP {n}" for n in (302, 400, 401, 403, 404, 405, 406, 408, 415, 429, 500, 502, 503, 504, 507)],
    "<MSA-1>/<ERR-3>": [f"{code}{error}" for code in REFUSED for error in ("", *(f"/{n}" for n in ERRORS if n != "0"))],
    "<SQLSTATE>": [state if len(state) == 5 else f"{state}000" for state in sql.STATES],
    "<MySQL or SQL Server number>": [str(number) for number in sql.NUMBERS],
    "<SQLite name>": list(sql.NAMES),
    "KoD <code>": ["KoD RATE", "KoD DENY"],
    "ERR <upsd's>": [f"ERR {error}" for error in ups.ERRORS],
}


def rows() -> Iterator[tuple[str, str, str]]:
    """Kind, step and code, one of each, of the table under the heading Codes."""
    table = DOCUMENT.partition("\n## Codes\n")[2].partition("\n## ")[0]
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or "`" not in cells[1]:
            continue
        kinds = KINDS if cells[0] == "*" else cells[:1]
        named = [re.findall(r"`([^`]+)`", cell) for cell in cells[1:3]]
        yield from ((kind, step, code) for kind in kinds for step in named[0] for code in named[1])


def members(step: str, code: str) -> list[str]:
    """The codes that a row's code stands for."""
    if code == "<DIMSE status>":
        return dimse(SERVICES.get(step, Service.FIND))
    return FAMILIES.get(code, [code])


def dimse(service: Service) -> list[str]:
    known = [status for status in STATUSES if statuses.meaning(service, status) != "a status of the peer's own"]
    return [statuses.code(status) for status in known if statuses.is_failure(status)]


def unexplained(kind: str, step: str, code: str) -> list[str]:
    steps = {
        each: Step(step, State.FAILED, 1.0, Layer.HOST, each, severity=Severity.FAILED) for each in members(step, code)
    }
    return [each for each, failed in steps.items() if not explain(ProbeResult(kind, "a@b:1", (failed,))).diagnosis]


ROWS = sorted(set(rows()))


@pytest.mark.parametrize("kind", KINDS)
def test_every_documented_code_has_a_cause(kind: str) -> None:
    listed = [(step, code) for each, step, code in ROWS if each == kind]
    assert len(listed) > 20
    assert {where: found for where in listed if (found := unexplained(kind, *where))} == {}


def raised() -> Iterator[tuple[str, str]]:
    """File and code of every fault or complaint whose code is written out in the probes' source."""
    for room in ("probes", "dicom", "hl7", "hosts"):
        for path in (SOURCE / room).rglob("*.py"):
            if "tests" not in path.parts:
                yield from ((path.name, code) for code in codes(ast.parse(path.read_text(encoding="utf-8"))))


def codes(tree: ast.AST) -> Iterator[str]:
    places = {"Permanent": 1, "Retriable": 1, "kind": 1, "complains": 0}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = places.get(name, len(node.args))
            argument = node.args[place] if place < len(node.args) else None
            if isinstance(argument, ast.Constant):
                yield str(argument.value)


def test_every_code_in_the_source_is_documented() -> None:
    documented = {code for _, _, code in ROWS}
    found = list(raised())
    assert len(found) > 40
    assert [(file, code) for file, code in found if code not in documented] == []
