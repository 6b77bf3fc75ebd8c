"""The embedded PostgreSQL: a cluster inside the home folder, on a Unix socket only, that survives kill -9."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from umlindi.house import binaries as sets
from umlindi.house import postmaster
from umlindi.house.account import Account, account_for
from umlindi.house.binaries import Binaries
from umlindi.house.errors import DatabaseError, HomeError
from umlindi.house.home import PRIVATE, REASONS, Home, told_plainly

DATABASE = ROLE = "umlindi"
SUPERUSER = "postgres"
# sun_path holds 108 bytes with its end; the file's own name takes 15.
LONGEST_SOCKET_FOLDER = 90
START_SECONDS = 60
TOOL_SECONDS = 120
STOP_STEPS = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
INCLUDE = "include 'umlindi.conf'\n"
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}
PROVISION = r"""
SELECT 'CREATE ROLE umlindi LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'umlindi') \gexec
SELECT 'CREATE DATABASE umlindi OWNER umlindi'
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'umlindi') \gexec
\connect umlindi
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
"""


class Start(StrEnum):
    """How a cluster came to be running."""

    CREATED = "created"
    STARTED = "started"
    ADOPTED = "adopted"


class Cluster:
    """One PostgreSQL cluster in a home folder.

    `url()` may be asked at any time, also by a process that did not start it. The role `umlindi` owns the database
    and is no superuser, so that the triggers that guard the audit trail bind it.
    """

    def __init__(self, home: Home, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.folder = home.data / "pg"
        self._settings = settings or {}

    def url(self, role: str = ROLE, database: str = DATABASE) -> str:
        """A libpq URL. The folder is percent-encoded: a home may have spaces in its name."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_folder), safe='/')}"

    @property
    def socket_folder(self) -> Path:
        """In the home; for a home too deep for a socket's name, a short private folder of the same owner elsewhere."""
        inside = self.home.run / "pg"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
            return inside
        return Path("/tmp") / f"umlindi-{hashlib.sha256(os.fsencode(self.home.root)).hexdigest()[:16]}"  # noqa: S108

    def start(self) -> Start:
        """Create, start or adopt the cluster and see that role, database and extensions are there.

        Safe to repeat. Raises `DatabaseError`, or `HomeError` where the disk is full.
        """
        account = account_for(self.folder)
        self._check_reachable(account)
        programs = sets.runnable(sets.choose(sets.find(), self._made_by()), account, self.home)
        how = self._adopt() or self._launch(account, programs)
        self._provision(account, programs)
        return how

    def stop(self) -> None:
        """Fast, then immediate, then kill -9. Raises `DatabaseError` where even that fails."""
        if not postmaster.stop(self.folder, STOP_STEPS):
            raise DatabaseError(f"PostgreSQL in {self.folder} does not stop.")
        if self.socket_folder != self.home.run / "pg" and self.socket_folder.exists():
            shutil.rmtree(self.socket_folder)

    def running(self) -> bool:
        found = postmaster.live(self.folder)
        return found is not None and found.ready

    def _made_by(self) -> int | None:
        try:
            return int((self.folder / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return None

    def _check_reachable(self, account: Account) -> None:
        if not account.may_enter(self.home.data):
            raise DatabaseError(
                f"PostgreSQL runs as the user {account.name}, who may not enter {self.home.data}: "
                "choose a home that everybody may pass through, such as /var/lib/umlindi."
            )

    def _adopt(self) -> Start | None:
        if postmaster.wait_ready(self.folder, START_SECONDS) and (self.socket_folder / postmaster.SOCKET_NAME).exists():
            return Start.ADOPTED
        if not postmaster.stop(self.folder, STOP_STEPS):
            raise DatabaseError(f"A PostgreSQL left behind in {self.folder} neither serves nor stops.")
        return None

    def _launch(self, account: Account, programs: Binaries) -> Start:
        how = Start.STARTED if self.folder.exists() else Start.CREATED
        with told_plainly(self.home.root):
            if how is Start.CREATED:
                self._initdb(account, programs)
            self._log_folder.mkdir(mode=PRIVATE, exist_ok=True)
            account.own(self._log_folder)
            self._claim_socket_folder(account)
            self._write_settings(account)
        postmaster.clear_the_way(self.folder, self.socket_folder)
        self._tool(account, [programs.program("pg_ctl"), "start", *self._start_options()], "start")
        return how

    def _start_options(self) -> list[str]:
        return ["-D", str(self.folder), "-w", "-t", str(START_SECONDS), "-s", "-l", str(self._log_folder / "start.log")]

    @property
    def _log_folder(self) -> Path:
        return self.home.logs / "postgresql"

    def _initdb(self, account: Account, programs: Binaries) -> None:
        """Into a draft folder that is renamed when complete: an interrupted one is thrown away next time."""
        draft = self.home.data / "pg.partial"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=PRIVATE)
        account.own(draft)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", f"--username={SUPERUSER}"]
        self._tool(account, [programs.program("initdb"), "-D", str(draft), *options], "be created")
        with (draft / "postgresql.conf").open("a") as file:
            file.write(INCLUDE)
        draft.replace(self.folder)

    def _write_settings(self, account: Account) -> None:
        path = self.folder / "umlindi.conf"
        folder = str(self.socket_folder).replace('"', '""')
        places = {"unix_socket_directories": f'"{folder}"', "log_directory": str(self._log_folder)}
        settings = SETTINGS | places | dict(self._settings)
        # The folder is the database user's, who may have put a link there: never write through it.
        path.unlink(missing_ok=True)
        with path.open("x") as file:
            file.write("".join(_setting(name, value) for name, value in settings.items()))
        account.own(path)

    def _claim_socket_folder(self, account: Account) -> None:
        """Whoever may enter the folder may be any role, so it must be the database user's own and closed to others."""
        folder = self.socket_folder
        if not folder.exists():
            folder.mkdir(mode=PRIVATE)
            account.own(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or stat.S_IMODE(found.st_mode) != PRIVATE:
            raise DatabaseError(f"The folder {folder} is not a private folder of the user {account.name}: remove it.")

    def _provision(self, account: Account, programs: Binaries) -> None:
        options = [
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            str(self.socket_folder),
            "-U",
            SUPERUSER,
            "-d",
            "postgres",
        ]
        self._tool(account, [programs.program("psql"), *options], "be prepared", PROVISION)

    def _tool(self, account: Account, command: list[str], purpose: str, said: str = "") -> None:
        """Run one of PostgreSQL's own programs as the database's user."""
        before = self._log_sizes()
        ran = subprocess.run(
            command,
            input=said,
            text=True,
            capture_output=True,
            timeout=TOOL_SECONDS,
            cwd=self.home.data,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=False,
            **account.drop(),
        )
        if ran.returncode != 0:
            raise self._explain(purpose, (ran.stdout + ran.stderr).splitlines() + self._logged_since(before))

    def _explain(self, purpose: str, told: list[str]) -> DatabaseError | HomeError:
        """The line in which PostgreSQL says why; often it is only in its log."""
        if any("No space left on device" in line for line in told):
            return HomeError(f"The home folder {self.home.root} cannot be used: {REASONS[errno.ENOSPC]}.")
        reasons = [line for line in told if any(word in line for word in ("FATAL:", "PANIC:", "ERROR:", "error:"))]
        reason = reasons[-1] if reasons else " ".join(told)
        return DatabaseError(f"PostgreSQL in {self.folder} could not {purpose}: {reason} (log: {self._log_folder})")

    def _log_sizes(self) -> dict[Path, int]:
        return {path: path.stat().st_size for path in self._log_folder.glob("*.log")}

    def _logged_since(self, before: Mapping[Path, int]) -> list[str]:
        texts = [path.read_bytes()[before.get(path, 0) :] for path in sorted(self._log_folder.glob("*.log"))]
        return b"\n".join(texts).decode("utf-8", "replace").split("\n")


def _setting(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"{name} = '{quoted}'\n"
