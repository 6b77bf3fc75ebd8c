"""`--home` may stand before a verb or after it, and help needs no home."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from umlindi.cli import main


@pytest.mark.parametrize("noun", ["alert list", "user list", "audit verify"])
@pytest.mark.parametrize("before", [True, False])
def test_the_home_that_was_named_is_the_one_that_is_looked_at(
    noun: str, before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("UMLINDI_HOME", str(tmp_path / "elsewhere"))
    group, verb = noun.split()
    named = ["--home", str(tmp_path)]
    done = CliRunner().invoke(main, [group, *named, verb] if before else [group, verb, *named])
    assert done.exit_code == 1
    assert f"No database is running in {tmp_path}" in done.output


@pytest.mark.parametrize("noun", ["alert", "user", "audit"])
def test_help_needs_no_home(noun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for asked in ([noun, "--help"], [noun, *(["list"] if noun != "audit" else ["verify"]), "--help"]):
        assert CliRunner().invoke(main, asked).exit_code == 0
