"""`umlindi worker`: scheduled and queued jobs."""

from __future__ import annotations

import click
from django.core.management import call_command

from umlindi.cli.django import with_django

CONCURRENCY = 2
FINISH_SECONDS = 4


@click.command()
def command() -> None:
    """Run jobs until SIGTERM; a job that is not done within 4 s of it is tried again by the next worker."""
    with_django()
    from umlindi.core.beats import beating

    options = (f"--concurrency={CONCURRENCY}", f"--shutdown-graceful-timeout={FINISH_SECONDS}")
    with beating("worker"):
        call_command("procrastinate", "worker", *options)
