"""`umlindi probe dicom HOST:PORT`."""

from __future__ import annotations

from typing import Any

import click

from umlindi.cli.probe import common
from umlindi.dicom.ae import ae_title
from umlindi.dicom.probe import EXPECTABLE, DicomTarget
from umlindi.hosts.http import Credential
from umlindi.probes.transport import Trust


@click.command("dicom")
@click.argument("address", metavar="HOST:PORT")
@click.option("--called", required=True, metavar="AE", help="AE title of the peer.")
@click.option("--calling", required=True, metavar="AE", help="Our AE title, as the peer knows it.")
@click.option(
    "--expect",
    default="echo",
    show_default=True,
    metavar="STEP,…",
    help=f"Steps the peer must offer, of {', '.join(EXPECTABLE)}.",
)
@click.option("--modalities", default="", metavar="CT,US", help="Modalities that must have a worklist item.")
@click.option("--read-only", is_flag=True, help="Store and retrieve nothing.")
@click.option("--tls", is_flag=True, help="DICOM over TLS.")
@click.option("--wado", metavar="URL", help="DICOMweb root to retrieve the canary study from.")
@click.option("--orthanc", metavar="URL", help="Orthanc REST root to remove the canary study by.")
@click.option("--move-ae", metavar="AE", help="Title under which the peer sends to us. Default: that of --calling.")
@click.option("--move-host", default="0.0.0.0", help="Address on which we receive.", show_default=True)  # noqa: S104
@click.option(
    "--move-port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port on which we receive, as the peer has it on record. Without it C-MOVE is not tried.",
)
@common.credential_option
@common.trust_options
@common.telling_options
def command(
    *, address: str, credential: Credential | None, trust: Trust, telling: common.Telling, tls: bool, **options: Any
) -> None:
    """Climb the ladder of a DICOM peer, from its name to the retrieval of a canary study.

    The canary is three drawn images of a patient who does not exist; the credential is for --wado and --orthanc.
    """
    host, port = common.host_and_port(address)
    with common.usable():
        target = DicomTarget(
            host,
            port,
            tls=trust if tls else None,
            authorization=credential.header() if credential else None,
            **_settings(**options),
        )
    common.conclude("umlindi.dicom.probe", target, telling)


def _settings(
    *,
    called: str,
    calling: str,
    expect: str,
    modalities: str,
    read_only: bool,
    move_ae: str | None,
    **unchanged: Any,
) -> dict[str, Any]:
    return {
        "called": ae_title(called),
        "calling": ae_title(calling),
        "expect": _names(expect),
        "modalities": _names(modalities),
        "canary": not read_only,
        "move_ae": ae_title(move_ae) if move_ae else None,
        **unchanged,
    }


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())
