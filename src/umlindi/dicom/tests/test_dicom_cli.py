"""`umlindi probe dicom` as a person or a monitoring system runs it."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from umlindi.cli import main
from umlindi.dicom.ae import NotAnAeTitle, ae_title
from umlindi.testing.peers import free_port, start_orthanc, start_storescp


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["probe", "dicom", *arguments])


def test_json_is_the_contract_and_a_healthy_peer_ends_with_0(tmp_path: Path) -> None:
    with start_storescp(tmp_path) as peer:
        result = run(f"127.0.0.1:{peer.port}", "--called", peer.ae, "--calling", "UMLINDI", "--read-only", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (told["target"], told["grade"]) == (f"STORESCP@127.0.0.1:{peer.port}", "ok")
    assert set(told["steps"][0]) >= {"step", "state", "ms", "layer", "code", "meaning", "evidence"}


def test_the_worst_expected_step_decides_the_exit_code(tmp_path: Path) -> None:
    with start_orthanc(tmp_path) as peer:
        arguments = (f"127.0.0.1:{peer.port}", "--called", "ORTHANC", "--calling", "UMLINDI", "--orthanc", peer.url)
        degraded = run(*arguments, "--move-port", str(free_port()))
        failed = run(*arguments, "--expect", "echo,worklist", "--nagios")
    assert degraded.exit_code == 1, degraded.output
    assert failed.exit_code == 2
    assert re.fullmatch(r"DICOM CRITICAL - ORTHANC@\S+ worklist PC 3: [^|]+ \| [^|]+\n", failed.stdout)
    assert "association=" in failed.stdout


def test_a_dead_peer_is_explained() -> None:
    result = run(f"127.0.0.1:{free_port()}", "--called", "A", "--calling", "B")
    assert result.exit_code == 2
    assert "ECONNREFUSED" in result.stdout
    assert "rule connection-refused" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("localhost", "--called", "A", "--calling", "B"),
        ("localhost:0", "--called", "A", "--calling", "B"),
        ("localhost:104", "--called", "SEVENTEEN_LETTERS", "--calling", "B"),
        ("localhost:104", "--called", "A\\B", "--calling", "B"),
        ("localhost:104", "--called", "  ", "--calling", "B"),
        ("localhost:104", "--called", "A"),
        ("localhost:104", "--called", "A", "--calling", "B", "--expect", "telepathy"),
        ("localhost:104", "--called", "A", "--calling", "B", "--expect", "store", "--read-only"),
        ("localhost:104", "--called", "A", "--calling", "B", "--wado", "ftp://x"),
        ("localhost:104", "--called", "A", "--calling", "B", "--tls", "--ca", __file__),
    ],
)
def test_what_cannot_be_used_ends_with_3_and_one_sentence(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 3
    assert "Traceback" not in result.output


def test_ctrl_c_ends_it_cleanly() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        command = [sys.executable, "-m", "umlindi", "probe", "dicom", f"127.0.0.1:{port}"]
        with subprocess.Popen(
            [*command, "--called", "A", "--calling", "B"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            connections = [silent.accept()[0] for _ in range(4)]
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=10)
            for connection in connections:
                connection.close()
    assert process.returncode == 3
    assert "Traceback" not in error


def test_the_probe_starts_without_django_and_without_pydicom() -> None:
    code = (
        "import sys; import umlindi.cli.probe.dicom; "
        "print([name for name in ('django', 'pydicom', 'numpy', 'httpx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_ae_titles_lose_only_the_spaces_that_do_not_count() -> None:
    assert ae_title("  CT 1 ") == "CT 1"
    for wrong in ("", "   ", "A" * 17, "A\\B", "A\tB", "KÄSE"):
        with pytest.raises(NotAnAeTitle):
            ae_title(wrong)
