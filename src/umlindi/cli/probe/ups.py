"""`umlindi probe ups [UPS@]HOST[:PORT]`."""

from __future__ import annotations

import click

from umlindi.cli.probe import common
from umlindi.hosts.ups import UpsTarget


@click.command("ups")
@click.argument("address", metavar="[UPS@]HOST[:PORT]")
@common.telling_options
def command(address: str, telling: common.Telling) -> None:
    """Read a power supply's state from NUT's upsd."""
    ups, _, where = address.rpartition("@")
    host, port = common.host_and_port(where, 3493)
    with common.usable():
        target = UpsTarget(host, port, ups or None)
    common.conclude("umlindi.hosts.ups", target, telling)
