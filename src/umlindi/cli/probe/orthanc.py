"""`umlindi probe orthanc URL`."""

from __future__ import annotations

from pathlib import Path

import click

from umlindi.cli.probe import common
from umlindi.hosts.http import Credential
from umlindi.hosts.orthanc import OrthancTarget
from umlindi.probes.transport import Trust


@click.command("orthanc")
@click.argument("url")
@click.option("--name", help="What its setting Name must be.")
@click.option("--called", metavar="AE", help="What its AE title must be.")
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(exists=True, path_type=Path),
    help="Its configuration on this machine, a file or a folder: answers what this version does not tell.",
)
@common.credential_option
@common.trust_options
@common.telling_options
def command(
    *,
    url: str,
    name: str | None,
    called: str | None,
    settings_file: Path | None,
    credential: Credential | None,
    trust: Trust,
    telling: common.Telling,
) -> None:
    """Check that an Orthanc is the one meant, what it holds, and which of its settings are hazards."""
    with common.usable():
        target = OrthancTarget(url, credential, name, called, settings_file, trust)
    common.conclude("umlindi.hosts.orthanc", target, telling)
