"""`umlindi probe host [URL]`."""

from __future__ import annotations

import click

from umlindi.cli.probe import common
from umlindi.hosts.http import Credential
from umlindi.hosts.machine import MachineTarget
from umlindi.probes.transport import Trust


@click.command("host")
@click.argument("url", required=False)
@common.credential_option
@common.trust_options
@common.telling_options
def command(
    *,
    url: str | None,
    credential: Credential | None,
    trust: Trust,
    telling: common.Telling,
) -> None:
    """Judge a machine's processor, memory and disks.

    Without URL it is this machine. URL is the metrics page of node_exporter, windows_exporter
    (http://HOST:9100/metrics, http://HOST:9182/metrics) or Orthanc (…/tools/metrics-prometheus).
    """
    with common.usable():
        target = MachineTarget(url, credential, trust)
    common.conclude("umlindi.hosts.machine", target, telling)
