"""`umlindi probe time HOST[:PORT]`."""

from __future__ import annotations

import click

from umlindi.cli.probe import common
from umlindi.hosts.clock import TimeTarget


@click.command("time")
@click.argument("address", metavar="HOST[:PORT]")
@click.option("--samples", type=click.IntRange(1, 16), default=4, show_default=True, help="Questions asked.")
@common.telling_options
def command(address: str, samples: int, telling: common.Telling) -> None:
    """Compare this machine's clock with a time server's (SNTP)."""
    host, port = common.host_and_port(address, 123)
    common.conclude("umlindi.hosts.clock", TimeTarget(host, port, samples), telling)
