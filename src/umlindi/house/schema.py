"""Bringing the database up to this code, in a child process: the supervisor itself never loads Django."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping

from umlindi.house.children import die_with_parent
from umlindi.house.errors import DatabaseError, HouseError, SchemaMismatch, ServiceFailed
from umlindi.house.home import Home, told_plainly

EXPECTED = {error.exit_code: error for error in (DatabaseError, SchemaMismatch)}


def prepare_schema(home: Home, env: Mapping[str, str], say: Callable[[str], None]) -> str | None:
    """Migrate, and make the first administrator; their one-time password where they were made just now.

    The child tells its progress as JSON lines `{"say": …}`, one `{"password": …}` at its end, or one `{"error": …}`
    with the exit code of a `HouseError`. Anything else it says goes to a log.
    """
    log = home.logs / "prepare.log"
    with told_plainly(home.root):
        log.touch(0o600)
        out = log.open("w")
    with (
        out,
        subprocess.Popen(
            [sys.executable, "-m", "umlindi.cli.prepare"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
            env=dict(env),
            start_new_session=True,
            preexec_fn=die_with_parent(),  # noqa: PLW1509 - the supervisor has one thread
        ) as child,
    ):
        try:
            told = _listen(child, say)
        except KeyboardInterrupt:
            child.kill()
            raise
    if child.returncode != 0:
        raise _failure(child.returncode, told.get("error"), f"The database could not be prepared: see {log}.")
    return told.get("password")


def _listen(child: subprocess.Popen[str], say: Callable[[str], None]) -> dict[str, str | None]:
    told: dict[str, str | None] = {}
    for line in child.stdout or ():
        message = json.loads(line)
        if "say" in message:
            say(message["say"])
        told |= message
    return told


def _failure(code: int, sentence: str | None, otherwise: str) -> HouseError:
    if sentence is None:
        return ServiceFailed(otherwise)
    return EXPECTED.get(code, ServiceFailed)(sentence)
