"""What earlier verifications saw, kept outside the database: HOME/audit-anchor.json, one JSON object a line.

Whoever cuts the trail's tail and moves its head row to match leaves a chain that is whole; only somebody who remembers
the tail can tell.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings

from umlindi.core.verification import Anchor


class AnchorUnreadable(Exception):
    """The anchor file is there but is not what we wrote. Its message says where."""


def newest() -> Anchor | None:
    """The newest event that a verification has seen; None where none has run in this home."""
    path = _path()
    if not path.exists():
        return None
    lines = path.read_text("utf-8").splitlines()
    try:
        last = json.loads(lines[-1])
        return Anchor(int(last["seq"]), str(last["hash"]))
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise AnchorUnreadable(
            f"{path} is not what an earlier verification wrote: find out who changed it, then move it away."
        ) from error


def remember(anchor: Anchor, now: datetime) -> None:
    """Append what was seen. Only this user can read or write the file."""
    line = json.dumps({"seq": anchor.seq, "hash": anchor.hash, "at": now.isoformat(timespec="seconds")}) + "\n"
    descriptor = os.open(_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _path() -> Path:
    home: Path = settings.UMLINDI_HOME
    return home / "audit-anchor.json"
