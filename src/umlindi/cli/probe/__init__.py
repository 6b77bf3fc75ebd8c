"""`umlindi probe KIND TARGET`: each kind is imported only when it is used. No database, no configuration, no Django."""

from __future__ import annotations

import importlib
from typing import Any

import click

from umlindi.cli.probe.common import Unusable
from umlindi.probes import report

KINDS = {
    "dicom": "A DICOM application entity: from its name to the retrieval of a canary study.",
    "hl7": "An HL7 listener over MLLP: one message and its acknowledgement.",
    "host": "A machine: processor, memory, each disk.",
    "orthanc": "An Orthanc: identity, features, statistics, hazards in its settings.",
    "sql": "A database: connect, round trip, one query.",
    "time": "A time server: how far the clocks are apart.",
    "tls": "A TLS listener: chain, name, expiry, protocol versions.",
    "ups": "A power supply behind NUT's upsd.",
    "web": "A web server or a DICOMweb root.",
}


class Kinds(click.Group):
    """Finds `umlindi.cli.probe.<kind>` by name. Arguments that cannot be used end with 3, as Nagios plugins have it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(KINDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in KINDS:
            return None
        command: click.Command = importlib.import_module(f"umlindi.cli.probe.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Kinds"):
            formatter.write_dl(sorted(KINDS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(report.EXIT_UNKNOWN)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            raise Unusable(error.format_message()) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise Unusable(error.format_message()) from error
        except KeyboardInterrupt:
            raise Unusable("interrupted before the probe had ended") from None


@click.group(cls=Kinds, subcommand_metavar="KIND TARGET [OPTIONS]")
def command() -> None:
    """Climb the ladder of one peer and name the step that fails.

    Exit code: 0 ok, 1 degraded, 2 failed, 3 it could not be tried.
    """
