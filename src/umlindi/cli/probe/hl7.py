"""`umlindi probe hl7 HOST:PORT`."""

from __future__ import annotations

from pathlib import Path

import click

from umlindi.cli.probe import common
from umlindi.hl7.message import parse
from umlindi.hl7.probe import Hl7Target
from umlindi.hl7.tables import ACCEPTED, ACKNOWLEDGEMENTS
from umlindi.probes.transport import Trust


@click.command("hl7")
@click.argument("address", metavar="HOST:PORT")
@click.option("--message", type=common.EXISTING_FILE, help="Message to send. Default: a query that names no patient.")
@click.option("--sending", default="UMLINDI/", metavar="APP/FACILITY", help="MSH-3 and MSH-4 of the default message.")
@click.option("--receiving", default="/", metavar="APP/FACILITY", help="MSH-5 and MSH-6 of the default message.")
@click.option(
    "--expect",
    multiple=True,
    type=click.Choice(sorted(ACKNOWLEDGEMENTS)),
    help="Acknowledgement that counts as well; may be repeated. Default: AA, CA.",
)
@click.option("--tls", is_flag=True, help="MLLP over TLS.")
@common.trust_options
@common.telling_options
def command(
    *,
    address: str,
    message: Path | None,
    sending: str,
    receiving: str,
    expect: tuple[str, ...],
    tls: bool,
    trust: Trust,
    telling: common.Telling,
) -> None:
    """Send one message to an HL7 listener and read its acknowledgement (MSA and ERR)."""
    host, port = common.host_and_port(address)
    with common.usable():
        target = Hl7Target(
            host,
            port,
            _text(message),
            trust if tls else None,
            _parties(sending),
            _parties(receiving),
            frozenset(expect) or ACCEPTED,
        )
    common.conclude("umlindi.hl7.probe", target, telling)


def _text(file: Path | None) -> str | None:
    """A message file, UTF-8 or as its own MSH-18 says."""
    if file is None:
        return None
    return "\r".join(segment.wire() for segment in parse(file.read_bytes()).segments)


def _parties(text: str) -> tuple[str, str]:
    application, _, facility = text.partition("/")
    return application, facility
