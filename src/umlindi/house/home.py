"""The home folder: everything Umlindi keeps on this machine, and nothing outside it."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from umlindi.house.errors import HomeError

PRIVATE = 0o700
PASSABLE = 0o711
SECRETS = ("secret_key", "audit_key")
SECRET_BYTES = 48
# What a file system of its own brings along, and what ./run keeps here beside a checkout it may not write to.
NOT_FOREIGN = frozenset({"lost+found", "setup"})
REASONS = {
    errno.ENOSPC: "the disk is full: free some space and start again",
    errno.EDQUOT: "the disk quota is used up: free some space and start again",
    errno.EROFS: "it lies on a read-only file system: choose another with --home",
    errno.EACCES: "this user may not write there: choose another with --home, or change its owner",
    errno.EPERM: "this user may not write there: choose another with --home, or change its owner",
    errno.ENOTDIR: "a file stands where a folder should be: choose another with --home",
    errno.EEXIST: "a file stands where a folder should be: choose another with --home",
}


def default_root() -> Path:
    """Root's home lies under /var/lib: the database's unprivileged user could not enter /root."""
    if os.geteuid() == 0:
        return Path("/var/lib/umlindi")
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "umlindi"


def chosen_root(option: str | None) -> Path:
    """`--home`, else UMLINDI_HOME, else the default; absolute, links resolved."""
    given = option or os.environ.get("UMLINDI_HOME")
    return (Path(given).expanduser() if given else default_root()).resolve()


@contextmanager
def told_plainly(root: Path) -> Iterator[None]:
    """Turn what the operating system says about the home folder into one sentence."""
    try:
        yield
    except OSError as error:
        reason = REASONS.get(error.errno or 0, error.strerror or str(error))
        raise HomeError(f"The home folder {root} cannot be used: {reason}.") from error


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside one home folder. Nothing exists on disk before `prepare`."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def demo(self) -> Path:
        return self.root / "demo"

    def prepare(self) -> None:
        """Make the folders and the secrets that are missing. Raises `HomeError`.

        A folder with somebody else's things in it is refused: `--home /srv` must not change /srv.
        """
        with told_plainly(self.root):
            self._claim()
            for name in SECRETS:
                self._ensure_secret(name)
            for folder in (self.data, self.run, self.logs, self.demo):
                folder.mkdir(mode=PRIVATE, exist_ok=True)
            self._let_the_database_pass()

    def secret(self, name: str) -> str:
        """`secret_key` signs sessions; `audit_key` keys the audit chain's HMAC."""
        with told_plainly(self.root):
            return (self.secrets / name).read_text("ascii").strip()

    def _claim(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        foreign = {entry.name for entry in self.root.iterdir()} - NOT_FOREIGN
        if foreign and not self.secrets.is_dir():
            raise HomeError(
                f"The folder {self.root} is neither empty nor a home of Umlindi (it holds {min(foreign)}): "
                "choose another with --home."
            )
        self.secrets.mkdir(mode=PRIVATE, exist_ok=True)

    def _let_the_database_pass(self) -> None:
        """As root the database runs as somebody else, who must reach its own folders by name, and no other."""
        mode = PASSABLE if os.geteuid() == 0 else PRIVATE
        for folder in (self.root, self.data, self.run, self.logs):
            folder.chmod(mode)

    def _ensure_secret(self, name: str) -> None:
        path = self.secrets / name
        if path.exists() and path.stat().st_size > 0:
            return
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
