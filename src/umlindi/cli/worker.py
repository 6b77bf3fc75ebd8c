"""`umlindi worker`: scheduled and queued jobs."""

from __future__ import annotations

import os

import click
import django
from django.core.management import call_command

CONCURRENCY = 2
FINISH_SECONDS = 5


@click.command()
def command() -> None:
    """Run jobs until SIGTERM; a job that is not done within 5 s of it is tried again by the next worker."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "umlindi.config.settings")
    django.setup()
    options = (f"--concurrency={CONCURRENCY}", f"--shutdown-graceful-timeout={FINISH_SECONDS}")
    call_command("procrastinate", "worker", *options)
