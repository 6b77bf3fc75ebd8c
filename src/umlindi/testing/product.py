"""The whole product as a process, for tests that meet it as a person does."""

from __future__ import annotations

import http.client
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from umlindi.house.gate import LOOPBACK

STOP_SECONDS = 12


class Up:
    """A running `umlindi up` and the lines it says."""

    def __init__(self, home: Path, port: int, *options: str) -> None:
        self.home, self.port = home, port
        # Stops in good order also where the test run itself is killed.
        guarded = ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "umlindi", "up"]
        command = [*guarded, "--home", str(home), "--port", str(port), *options]
        env = {name: value for name, value in os.environ.items() if not name.startswith(("UMLINDI_", "DATABASE_"))}
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=env | {"PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        self.said: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip())

    def hear(self, pattern: str, seconds: float) -> str:
        ends = time.monotonic() + seconds
        while True:
            try:
                self.said.append(self._lines.get(timeout=max(0.01, ends - time.monotonic())))
            except queue.Empty:
                pytest.fail(f"did not say {pattern!r} within {seconds} s: {self.said}")
            if re.search(pattern, self.said[-1]):
                return self.said[-1]

    def end(self, sent: signal.Signals, seconds: float = STOP_SECONDS) -> int:
        self.process.send_signal(sent)
        return self.ended(seconds)

    def ended(self, seconds: float) -> int:
        code = self.process.wait(seconds)
        self._reader.join()
        if self.process.stdout:
            self.process.stdout.close()
        return code

    def children(self) -> dict[str, psutil.Process]:
        return {child.cmdline()[3]: child for child in psutil.Process(self.process.pid).children()}

    def healthy(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
