"""The unprivileged user a database child runs as. PostgreSQL refuses to run as root, and rightly."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from umlindi.house.errors import DatabaseError

CANDIDATES = ("postgres", "nobody")
TRIAL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Account:
    """An existing operating-system user. None is ever created."""

    name: str
    uid: int
    gid: int

    @property
    def is_us(self) -> bool:
        return self.uid == os.geteuid()

    def drop(self) -> dict[str, Any]:
        """Arguments for `subprocess` that make a child run as this user, without our other groups."""
        return {} if self.is_us else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give a path inside the home folder to this user."""
        if not self.is_us:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def may_enter(self, folder: Path) -> bool:
        return self._tries(["test", "-x", str(folder)])

    def may_run(self, program: Path) -> bool:
        return self._tries([str(program), "--version"])

    def _tries(self, command: Sequence[str]) -> bool:
        try:
            trial = subprocess.run(
                command, cwd="/", capture_output=True, timeout=TRIAL_SECONDS, check=False, **self.drop()
            )
        except (PermissionError, FileNotFoundError):
            return False
        return trial.returncode == 0


def account_for(cluster: Path) -> Account:
    """The owner of an existing cluster; else us; else, for root, `postgres` or `nobody`. Raises `DatabaseError`."""
    if cluster.exists():
        return _owner(cluster)
    if os.geteuid() != 0:
        return _account(pwd.getpwuid(os.geteuid()))
    for name in CANDIDATES:
        try:
            return _account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise DatabaseError("PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody.")


def _owner(cluster: Path) -> Account:
    uid = cluster.stat().st_uid
    if uid == 0:
        raise DatabaseError(
            f"The database folder {cluster} belongs to root, whom PostgreSQL refuses: chown it to postgres or nobody."
        )
    if os.geteuid() not in {0, uid}:
        raise DatabaseError(f"The database folder {cluster} belongs to another user (uid {uid}): start as that user.")
    try:
        return _account(pwd.getpwuid(uid))
    except KeyError as error:
        raise DatabaseError(f"The database folder {cluster} belongs to uid {uid}, which has no user here.") from error


def _account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
