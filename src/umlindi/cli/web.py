"""`umlindi web`: the web server, one process with threads."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

import click
import waitress

from umlindi.cli.django import with_django

THREADS = 8
# An estate file has 2 MB; waitress would take a gigabyte of anybody before the first page is asked for.
LARGEST_REQUEST = 8_000_000
HTTPS_PROXY: dict[str, Any] = {
    "trusted_proxy": "127.0.0.1",
    "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
    "clear_untrusted_proxy_headers": True,
}


@click.command()
@click.option("--port", default=8600, show_default=True, type=click.IntRange(1, 65535))
def command(port: int) -> None:
    """Serve pages and the API on loopback; with UMLINDI_HTTPS=1 behind a proxy on this machine that speaks TLS."""
    with_django()
    from umlindi.config.wsgi import application
    from umlindi.core.beats import beating
    from umlindi.web.database import wait_no_longer

    wait_no_longer()
    signal.signal(signal.SIGTERM, _leave)
    proxy = HTTPS_PROXY if os.environ.get("UMLINDI_HTTPS") == "1" else {}
    with beating("web"):
        waitress.serve(
            application,
            host="127.0.0.1",
            port=port,
            threads=THREADS,
            ident=None,
            max_request_body_size=LARGEST_REQUEST,
            **proxy,
        )


def _leave(_number: int, _frame: FrameType | None) -> None:
    """waitress finishes the requests at hand when this reaches its loop."""
    sys.exit(0)
