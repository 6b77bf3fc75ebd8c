"""`umlindi probe tls HOST:PORT`."""

from __future__ import annotations

from pathlib import Path

import click

from umlindi.cli.probe import common
from umlindi.hosts.tls import TlsTarget
from umlindi.probes.transport import Trust


@click.command("tls")
@click.argument("address", metavar="HOST[:PORT]")
@click.option("--server-name", metavar="NAME", help="Name the certificate must be for, where it is not the host's.")
@click.option("--ca", type=common.EXISTING_FILE, help="PEM file of the authorities to trust.")
@click.option("--warn-days", type=click.IntRange(0), default=30, show_default=True, help="Days before expiry to warn.")
@common.telling_options
def command(address: str, server_name: str | None, ca: Path | None, warn_days: int, telling: common.Telling) -> None:
    """Judge a TLS listener's chain, name, expiry and protocol versions (BCP 195)."""
    with common.usable():
        Trust(ca_file=str(ca) if ca else None).context()
    host, port = common.host_and_port(address, 443)
    target = TlsTarget(host, port, server_name, str(ca) if ca else None, warn_days)
    common.conclude("umlindi.hosts.tls", target, telling)
