"""`umlindi diagnose` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from umlindi.cli.diagnose import command

LOGS = Path(__file__).parent / "logs"


def test_a_fault_is_told_with_its_lines_and_ends_with_1() -> None:
    ran = CliRunner().invoke(command, [str(LOGS / "dcmtk-echoscu-called.log")])
    assert ran.exit_code == 1
    for part in ("does not answer to the AE title ARCHIEVE", "why", "line 37", "confirm", "fix", "don't"):
        assert part in ran.output


def test_a_healthy_log_is_told_so_and_ends_with_0() -> None:
    ran = CliRunner().invoke(command, [str(LOGS / "dcmtk-echoscu-healthy.log")])
    assert (ran.exit_code, "Nothing here looks like a fault" in ran.output) == (0, True)


def test_standard_input_and_json() -> None:
    ran = CliRunner().invoke(
        command, ["-", "--json"], input=b"PID|1||8001015009087\rMSA|AE|1\rERR|||204^Unknown key^HL70357|E\n"
    )
    [finding, *_] = json.loads(ran.stdout)["findings"]
    assert (ran.exit_code, finding["rule"], finding["lines"][0]["line"]) == (1, "hl7-unknown-key", 1)
    assert "8001015009087" not in ran.output


def test_what_is_saved_is_redacted(tmp_path: Path) -> None:
    saved = tmp_path / "redacted.log"
    ran = CliRunner().invoke(command, [str(LOGS / "dcmtk-wlmscpfs-healthy.log"), "--save", str(saved)])
    assert ran.exit_code == 0
    assert "Read it before it leaves the house" in ran.stderr
    text = saved.read_text()
    assert "A-ASSOCIATE-RQ" in text
    assert "DLAMINI" not in text


def test_what_is_no_log_ends_with_3(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    for content in (b"", b"\0" * 128 + b"DICM\x02", b"\x1f\x8b\x08\x00", bytes(range(32)) * 9):
        log.write_bytes(content)
        assert CliRunner().invoke(command, [str(log)]).exit_code == 3
    assert CliRunner().invoke(command, [str(tmp_path / "none")]).exit_code == 3
    log.write_text("a line\n")
    assert CliRunner().invoke(command, [str(log), "--save", str(log)]).exit_code == 3
