"""`umlindi probe sql URL`."""

from __future__ import annotations

import click

from umlindi.cli.probe import common
from umlindi.hosts.http import Credential
from umlindi.hosts.sql import SqlTarget, parsed


@click.command("sql")
@click.argument("url")
@click.option("--query", metavar="SQL", help="A query that only reads; whatever it does is rolled back.")
@common.credential_option
@common.telling_options
def command(url: str, query: str | None, credential: Credential | None, telling: common.Telling) -> None:
    """Connect to a database and ask it something.

    URL is dialect://host:port/database, for postgresql, mysql, mssql or sqlite. Give user and password by
    --credential-file: what stands on a command line can be read by every user of the machine.
    """
    with common.usable():
        target = SqlTarget(_with_credential(url, credential), query)
    common.conclude("umlindi.hosts.sql", target, telling)


def _with_credential(text: str, credential: Credential | None) -> str:
    if credential is None:
        return text
    url = parsed(text).set(username=credential.user, password=credential.password)
    return url.render_as_string(hide_password=False)
