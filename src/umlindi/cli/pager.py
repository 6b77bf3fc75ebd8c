"""`umlindi pager`: alerts, escalation and pages."""

from __future__ import annotations

import click

from umlindi.cli.django import with_django


@click.command()
def command() -> None:
    """Tell people what is broken, until SIGTERM."""
    with_django()
    from umlindi.alerts.pager import main
    from umlindi.core.beats import beating
    from umlindi.heartbeats.services.outgoing import announcing

    with beating("pager"), announcing():
        main()
