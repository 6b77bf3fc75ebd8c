"""Django for a command on the server: which home, which database, and one clear sentence where something is missing."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import click
import django

from umlindi.house.errors import HouseError
from umlindi.house.home import Home, chosen_root, told_plainly
from umlindi.house.postgres import Cluster


def with_django(home: str | None = None) -> None:
    """Set Django up. Raises `click.ClickException` where home, database or secrets are not there.

    DATABASE_URL is used as given; without it, the embedded cluster of the home that is running now.
    """
    root = chosen_root(home)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "umlindi.config.settings")
    os.environ["UMLINDI_HOME"] = str(root)
    if "DATABASE_URL" not in os.environ:
        os.environ["DATABASE_URL"] = _running_database(Home(root))
    django.setup()
    if missing := import_module("umlindi.core.checks").missing_secrets():
        raise click.ClickException(missing)


class InHome(click.Group):
    """A noun whose verbs work on a home: `--home` may stand before the verb or after it. Help needs no home."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params.append(_home())

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Give the verb the option, and set Django up before it runs."""
        run = cmd.callback

        def in_home(*args: Any, home: str | None, **given: Any) -> Any:
            parent = click.get_current_context().parent
            with_django(home or (parent.params.get("home") if parent else None))
            return run(*args, **given) if run else None

        cmd.params.append(_home())
        cmd.callback = in_home
        super().add_command(cmd, name)


def _home() -> click.Option:
    return click.Option(["--home"], metavar="DIR", help="Home folder; UMLINDI_HOME or the default otherwise.")


def _running_database(home: Home) -> str:
    """The URL of the embedded cluster, which must be running."""
    try:
        with told_plainly(home.root):
            cluster = Cluster(home)
            if cluster.running():
                return cluster.url()
    except HouseError as error:
        raise click.ClickException(str(error)) from error
    raise click.ClickException(
        f"No database is running in {home.root}: start it with `umlindi up`, name another home with --home, "
        "or set DATABASE_URL."
    )
