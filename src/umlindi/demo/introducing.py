"""Makes the demo estate known to the product, where the demo runs as a part of it."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

from umlindi.demo.ground import write_atomically
from umlindi.demo.lab import want_fault

log = logging.getLogger(__name__)

FIRST_FAULT = "certificate-expiring"
"""In force from the first day, so that whoever opens the first page has something to read. It is mended in the lab."""


async def introduce(home: Path, estate: Path) -> None:
    """Import the estate file into the product's database, unless it is the one imported last: people may edit.

    A process of its own, so that this one never carries Django. Without a database of the product there is nobody to
    introduce it to. The first time, FIRST_FAULT comes with it.
    """
    known = estate.with_name("imported.yaml")
    text = estate.read_text("utf-8")
    if "DATABASE_URL" not in os.environ or (known.exists() and known.read_text("utf-8") == text):
        return
    command = (sys.executable, "-m", "umlindi", "estate", "import", str(estate), "--home", str(home))
    importing = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await importing.communicate()
    if importing.returncode != 0:
        log.error("the demo estate could not be imported: %s", told.decode("utf-8", "replace").strip())
        return
    if not known.exists():
        want_fault(home, FIRST_FAULT)
    write_atomically(known, text)
