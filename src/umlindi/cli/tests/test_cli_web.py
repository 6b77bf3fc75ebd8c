"""The web server as it really runs."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from umlindi.cli.web import LARGEST_REQUEST
from umlindi.house.children import die_with_parent
from umlindi.testing.peers import free_port


@pytest.fixture
def port() -> Iterator[int]:
    """Of a web server that runs for this test."""
    number = free_port()
    command = [sys.executable, "-m", "umlindi", "web", "--port", str(number)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent())  # noqa: PLW1509
    try:
        _wait(number)
        yield number
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    ends = time.monotonic() + 60
    while True:
        try:
            asked(port, "GET", "/health")
        except OSError:
            assert time.monotonic() < ends, "the web server does not come up"
            time.sleep(0.1)
        else:
            return


def asked(port: int, method: str, path: str, **headers: str) -> int:
    """The status of a request whose body, if one is announced, never comes."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.e2e
def test_a_request_larger_than_any_page_takes_is_refused_before_it_comes(port: int) -> None:
    assert asked(port, "POST", "/account/login/", Content_Length=str(LARGEST_REQUEST + 1)) == 413
    assert asked(port, "GET", "/", X_Padding="x" * 300_000) == 431
    assert asked(port, "GET", "/health") == 200
