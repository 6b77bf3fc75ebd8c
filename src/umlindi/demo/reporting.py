"""The demo reports that it lives, as a backup or a script of the site would: by its heartbeat's secret link."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from urllib.request import urlopen

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
_AT_MOST_SECONDS = 5.0


def remember(folder: Path, secret: str) -> None:
    """Keep the link's secret where only the demo's own user reads it."""
    path = folder / "heartbeat"
    path.touch(0o600)
    path.write_text(secret, "ascii")


async def report(folder: Path) -> None:
    """Until cancelled, once a minute where there is a link; who does not answer is asked again in a minute."""
    while True:
        path = folder / "heartbeat"
        if path.exists() and "UMLINDI_SITE_URL" in os.environ:
            await asyncio.to_thread(_ping, f"{os.environ['UMLINDI_SITE_URL']}/ping/{path.read_text('ascii')}")
        await asyncio.sleep(EVERY_SECONDS)


def _ping(url: str) -> None:
    try:
        with urlopen(url, timeout=_AT_MOST_SECONDS) as answer:  # noqa: S310 - our own address, http or https
            answer.read()
    except OSError as error:
        log.info("the heartbeat was not taken: %s", error)
