"""`umlindi probe dicom HOST:PORT`: needs no database, no configuration and no Django."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

import click

from umlindi.dicom.ae import NotAnAeTitle, ae_title
from umlindi.probes import Deadline, Fault, ProbeResult, report
from umlindi.probes.transport import Trust

if TYPE_CHECKING:
    from umlindi.dicom.probe import DicomTarget

EXISTING = click.Path(exists=True, dir_okay=False, path_type=str)


class Unusable(click.UsageError):
    """Arguments that cannot be used end with 3, unknown, as Nagios plugins have it."""

    exit_code = report.EXIT_UNKNOWN


@click.command("dicom")
@click.argument("address", metavar="HOST:PORT")
@click.option("--called", required=True, metavar="AE", help="AE title of the peer.")
@click.option("--calling", required=True, metavar="AE", help="Our AE title, as the peer knows it.")
@click.option("--expect", default="echo", show_default=True, help="Steps the peer must offer, with commas between.")
@click.option("--modalities", default="", metavar="CT,US", help="Modalities that must have a worklist item.")
@click.option("--read-only", is_flag=True, help="Store and retrieve nothing.")
@click.option("--tls", is_flag=True, help="DICOM over TLS.")
@click.option("--ca", type=EXISTING, help="PEM file of the authorities to trust.")
@click.option("--cert", type=EXISTING, help="PEM file of our own certificate.")
@click.option("--key", type=EXISTING, help="PEM file of its key.")
@click.option("--insecure", is_flag=True, help="Do not verify the peer's certificate.")
@click.option("--wado", metavar="URL", help="DICOMweb root to retrieve the canary from.")
@click.option("--orthanc", metavar="URL", help="Orthanc REST root to remove the canary by.")
@click.option("--move-ae", metavar="AE", help="Title under which the peer sends to us. Default: --calling.")
@click.option("--move-port", type=click.IntRange(0, 65535), default=0, help="Port on which the peer sends to us.")
@click.option("--deadline", type=click.FloatRange(0.1), default=30.0, show_default=True, help="Seconds for all steps.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
@click.option("--nagios", is_flag=True, help="One line with performance data.")
def command(address: str, deadline: float, as_json: bool, nagios: bool, **options: Any) -> None:
    """Climb the ladder of a DICOM peer, from its name to the retrieval of a canary study.

    Exit code: 0 ok, 1 degraded, 2 failed, 3 unusable arguments.
    """
    target = _target(address, options)
    result = asyncio.run(_probe(target, deadline))
    click.echo(_told(result, as_json, nagios))
    sys.exit(report.exit_code(result))


def _target(address: str, options: dict[str, Any]) -> DicomTarget:
    """Every unusable argument is refused before anything is sent."""
    from umlindi.dicom.probe import DicomTarget

    host, port = _host_and_port(address)
    try:
        return DicomTarget(
            host,
            port,
            called=_ae(options["called"], "--called"),
            calling=_ae(options["calling"], "--calling"),
            tls=_trust(options),
            expect=_names(options["expect"]),
            canary=not options["read_only"],
            move_ae=_ae(options["move_ae"], "--move-ae") if options["move_ae"] else None,
            move_port=options["move_port"],
            wado=_url(options["wado"], "--wado"),
            orthanc=_url(options["orthanc"], "--orthanc"),
            modalities=_names(options["modalities"]),
        )
    except ValueError as error:
        raise Unusable(str(error)) from error


async def _probe(target: DicomTarget, seconds: float) -> ProbeResult:
    from umlindi.diagnosis import explain
    from umlindi.dicom.probe import probe

    return explain(await probe(target, Deadline(seconds)))


def _told(result: ProbeResult, as_json: bool, nagios: bool) -> str:
    if as_json:
        return json.dumps(result.to_json(), indent=2)
    return report.nagios(result) if nagios else report.text(result)


def _host_and_port(address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise Unusable(f"{address!r} is not HOST:PORT with a port from 1 to 65535")
    return host.strip("[]"), int(port)


def _ae(text: str, option: str) -> str:
    try:
        return ae_title(text)
    except NotAnAeTitle as error:
        raise Unusable(f"{option}: {error}") from error


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def _url(text: str | None, option: str) -> str | None:
    if text and not text.startswith(("http://", "https://")):
        raise Unusable(f"{option}: {text!r} is not an http or https URL")
    return text.rstrip("/") if text else None


def _trust(options: dict[str, Any]) -> Trust | None:
    """How to believe a TLS peer, its files tried; None for plain DICOM."""
    if not options["tls"]:
        return None
    trust = Trust(options["ca"], not options["insecure"], None, options["cert"], options["key"])
    try:
        trust.context()
    except Fault as fault:
        raise Unusable(fault.meaning) from fault
    return trust
