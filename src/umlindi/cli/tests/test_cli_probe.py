"""`umlindi probe` as a person and as a monitoring system use it: output, exit codes, secrets, interruption."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from umlindi.cli import main
from umlindi.cli.probe import KINDS
from umlindi.testing.peers import free_port, start_wlmscpfs

SECRET = "geheim-wagwoord"


def umlindi(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["probe", *arguments], env=environment)


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_every_kind_is_there_and_explains_itself() -> None:
    listed = umlindi("--help").output
    for kind in KINDS:
        assert kind in listed
        assert umlindi(kind, "--help").exit_code == 0


def test_without_a_kind_it_lists_the_kinds_and_is_unknown() -> None:
    result = umlindi()
    assert result.exit_code == 3
    assert result.output == umlindi("--help").output


def test_what_is_worth_knowing_of_a_healthy_peer_is_told(tmp_path: Path) -> None:
    with start_wlmscpfs(tmp_path) as peer:
        called = ("dicom", f"127.0.0.1:{peer.port}", "--called", peer.ae, "--calling", "CT1", "--read-only")
        text, told = umlindi(*called), json.loads(umlindi(*called, "--json").output)
    assert (text.exit_code, told["grade"], told["diagnosis"][0]["rule"]) == (0, "ok", "worklist-empty")
    assert "\nworth knowing\n" in text.output
    assert told["facts"].items() >= {"called": peer.ae, "calling": "CT1"}.items()


def test_the_json_is_the_documented_contract() -> None:
    result = umlindi("hl7", f"127.0.0.1:{free_port()}", "--json")
    told = json.loads(result.output)
    assert result.exit_code == 2
    assert set(told) == {"probe", "target", "grade", "steps", "facts", "diagnosis"}
    assert [step["step"] for step in told["steps"]] == ["resolve", "tcp", "message"]
    assert [step["state"] for step in told["steps"]] == ["ok", "failed", "skipped"]
    assert set(told["steps"][1]) == {"step", "state", "severity", "ms", "layer", "code", "meaning", "evidence"}
    assert told["diagnosis"][0]["rule"] == "connection-refused"


def test_a_healthy_target_ends_with_0_and_one_nagios_line() -> None:
    result = umlindi("sql", "sqlite://", "--query", "SELECT 1", "--nagios")
    assert result.exit_code == 0
    assert result.output.startswith("SQL OK - sqlite:/// 3 steps ok |")
    assert "| connect=" in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["nosuch", "x"],
        ["hl7"],
        ["hl7", "pacs"],
        ["hl7", "pacs:0"],
        ["hl7", "pacs:70000"],
        ["hl7", "127.0.0.1:1", "--deadline", "0"],
        ["hl7", "127.0.0.1:1", "--message", "/nosuch/file"],
        ["--nosuch"],
        ["dicom", "127.0.0.1:1"],
        ["dicom", "http://127.0.0.1:104", "--called", "A", "--calling", "B"],
        ["dicom", "ARCHIVE@127.0.0.1:104", "--called", "A", "--calling", "B"],
        ["dicom", "127.0.0.1:104", "--called", "SEVENTEEN_LETTERS", "--calling", "B"],
        ["web", "ftp://pacs"],
        ["tls", "pacs:https"],
        ["sql", f"foo://u:{SECRET}@h/x"],
        ["ups", "a b@127.0.0.1"],
        ["host", "pacs:9100"],
    ],
)
def test_what_cannot_be_tried_is_one_sentence_and_3(arguments: list[str]) -> None:
    result = umlindi(*arguments)
    assert result.exit_code == 3
    assert result.output.startswith("Error: ")
    assert result.output.strip().count("\n") == 0
    assert SECRET not in result.output


def test_a_message_or_authority_file_that_is_none_is_unusable(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense"
    nonsense.write_text("hello")
    assert umlindi("hl7", "127.0.0.1:1", "--message", str(nonsense)).exit_code == 3
    assert umlindi("tls", "127.0.0.1:1", "--ca", str(nonsense)).exit_code == 3
    assert umlindi("web", "http://127.0.0.1:1", "--credential-file", str(nonsense)).exit_code == 3


def test_a_credential_comes_from_a_file_or_the_environment_and_is_never_shown(tmp_path: Path, silent: int) -> None:
    file = tmp_path / "credential"
    file.write_text(f"boss:{SECRET}\n")
    url = f"postgresql://127.0.0.1:{silent}/x"
    for result in (
        umlindi("sql", url, "--credential-file", str(file), "--json", "--deadline", "0.5"),
        umlindi("sql", url, "--json", "--deadline", "0.5", UMLINDI_CREDENTIAL=f"boss:{SECRET}"),
        umlindi("sql", f"postgresql://boss:{SECRET}@127.0.0.1:{silent}/x", "--json", "--deadline", "0.5"),
        umlindi("web", f"http://boss:{SECRET}@127.0.0.1:{silent}/x", "--deadline", "0.3"),
    ):
        assert result.exit_code == 2
        assert SECRET not in result.output


@pytest.mark.parametrize("kind", ["hl7", "tls", "ups"])
def test_a_deadline_holds_for_the_whole_command(kind: str, silent: int) -> None:
    began = time.perf_counter()
    result = umlindi(kind, f"127.0.0.1:{silent}", "--deadline", "0.4")
    assert result.exit_code == 2
    assert "TIMEOUT" in result.output
    assert time.perf_counter() - began < 2.5


def test_it_starts_without_django_and_ends_at_once_when_interrupted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        script = (
            "import sys, atexit\n"
            "atexit.register(lambda: print('django' in sys.modules))\n"
            "from umlindi.cli import main\n"
            f"main(['probe', 'sql', 'postgresql://u:x@127.0.0.1:{listener.getsockname()[1]}/x'])\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )
        # Three samples of the step tcp; the fourth connection is the driver's, waiting for its answer.
        accepted = [listener.accept()[0] for _ in range(4)]
        began = time.perf_counter()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)
        for connection in accepted:
            connection.close()
    assert time.perf_counter() - began < 2
    assert (process.returncode, output.strip()) == (3, "False")
    assert errors == "Error: interrupted before the probe had ended\n"
