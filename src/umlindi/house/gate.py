"""What must hold before anything starts: one supervisor a home, and a free port."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from umlindi.house.errors import HomeBusy, PortTaken
from umlindi.house.home import Home, told_plainly

LOOPBACK = "127.0.0.1"


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the home for this process. The kernel lets go however the process ends. Raises `HomeBusy`."""
    with told_plainly(home.root):
        descriptor = os.open(home.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise HomeBusy(
                f"Umlindi already runs in {home.root} (process {file.read().strip()}): "
                "stop it first, or give another --home and --port."
            ) from error
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def check_port(port: int) -> None:
    """Raises `PortTaken` with who holds it, as far as this user may see that."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except PermissionError as error:
            raise PortTaken(f"This user may not use port {port}: choose one above 1023 with --port.") from error
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(f"Port {port} is taken by {_holder(port)}: choose another with --port.") from error


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if not connection.laddr or connection.laddr.port != port:
                continue
            if connection.status == psutil.CONN_LISTEN and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return "another program"
    return "another program"
