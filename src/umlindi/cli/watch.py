"""`umlindi watch`: the probe loop."""

from __future__ import annotations

import os

import click
import django


@click.command()
def command() -> None:
    """Probe the estate on schedule, until SIGTERM."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "umlindi.config.settings")
    django.setup()
    from umlindi.watch.loop import main  # noqa: PLC0415 - needs Django set up

    main()
