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

    Processes of their own, so that this one never carries Django. Without a database of the product there is nobody to
    introduce it to. The first time, its people (`staffing`) and FIRST_FAULT come with it.
    """
    known = estate.with_name("imported.yaml")
    text = estate.read_text("utf-8")
    if "DATABASE_URL" not in os.environ or (known.exists() and known.read_text("utf-8") == text):
        return
    if not await _umlindi("estate", "import", str(estate), "--home", str(home)):
        return
    if not known.exists():
        await _umlindi("demo", "staff", "--home", str(home))
        want_fault(home, FIRST_FAULT)
    write_atomically(known, text)


async def _umlindi(*arguments: str) -> bool:
    """Run the product's own command. What goes wrong is in the log."""
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "umlindi", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    told, _ = await running.communicate()
    if running.returncode != 0:
        log.error("umlindi %s: %s", " ".join(arguments[:2]), told.decode("utf-8", "replace").strip())
    return running.returncode == 0
