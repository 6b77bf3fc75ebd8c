"""`umlindi up`: everything on this machine, from one command."""

from __future__ import annotations

import sys
from contextlib import suppress

import click

from umlindi.house.errors import HouseError
from umlindi.house.home import Home, chosen_root
from umlindi.house.supervisor import Plan, Supervisor


@click.command()
@click.option("--port", default=8600, show_default=True, type=click.IntRange(1, 65535), help="Of the web server.")
@click.option("--home", "folder", type=click.Path(), help="Where data, secrets and logs live.  [env: UMLINDI_HOME]")
@click.option("--demo/--no-demo", default=True, show_default=True, help="The living demo estate.")
def command(port: int, folder: str | None, demo: bool) -> None:
    """Start the database, web, watch, pager, worker and demo, and keep them running until Ctrl-C or SIGTERM."""
    try:
        Supervisor(Plan(Home(chosen_root(folder)), port, demo), _say).run()
    except HouseError as error:
        click.echo(f"umlindi: {error}", err=True)
        sys.exit(error.exit_code)


def _say(line: str) -> None:
    # A terminal that was closed must not keep us from stopping the database.
    with suppress(OSError):
        click.echo(line)
