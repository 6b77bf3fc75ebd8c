"""`umlindi probe web URL`."""

from __future__ import annotations

import click

from umlindi.cli.probe import common
from umlindi.hosts.http import Credential
from umlindi.hosts.web import WebKind, WebTarget
from umlindi.probes.transport import Trust


@click.command("web")
@click.argument("url")
@click.option("--dicomweb", is_flag=True, help="The URL is a DICOMweb root: ask one QIDO-RS query, read one metadata.")
@click.option("--study", metavar="UID", help="Study whose metadata is read. Default: the one the query finds.")
@click.option("--expect-status", type=click.IntRange(100, 599), help="The only HTTP status that counts as well.")
@common.credential_option
@common.trust_options
@common.telling_options
def command(
    *,
    url: str,
    dicomweb: bool,
    study: str | None,
    expect_status: int | None,
    credential: Credential | None,
    trust: Trust,
    telling: common.Telling,
) -> None:
    """Ask a web server, or a DICOMweb root, one question. Nothing of a patient is kept or shown."""
    kind = WebKind.DICOMWEB if dicomweb else WebKind.PLAIN
    with common.usable():
        target = WebTarget(url, expect_status, kind, credential, trust, study)
    common.conclude("umlindi.hosts.web", target, telling)
