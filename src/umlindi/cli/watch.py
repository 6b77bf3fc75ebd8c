"""`umlindi watch`: the probe loop."""

from __future__ import annotations

import click

from umlindi.cli.django import with_django


@click.command()
def command() -> None:
    """Probe the estate on schedule, until SIGTERM."""
    with_django()
    from umlindi.core.beats import beating
    from umlindi.watch.loop import main

    with beating("watch"):
        main()
