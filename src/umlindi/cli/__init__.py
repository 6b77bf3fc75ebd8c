"""The `umlindi` command. One file a noun; each is imported only when its noun is used."""

from __future__ import annotations

import importlib

import click

from umlindi import __version__

NOUNS = {
    "alert": "What is broken and who has it; acknowledge.",
    "audit": "Verify and export the audit trail.",
    "check": "The morning check: the whole estate, now.",
    "demo": "The living demo estate and its fault lab.",
    "diagnose": "Rank likely causes from pasted logs.",
    "estate": "Import and export what we look after.",
    "pager": "Alerts, escalation and pages.",
    "probe": "Climb the ladder of one peer. Needs no database.",
    "up": "Start everything and keep it running.",
    "uptime": "Uptime: what was promised, and what was kept.",
    "user": "People and their first sign-in.",
    "watch": "The probe loop.",
    "web": "The web server.",
    "worker": "Scheduled and queued jobs.",
}


class Nouns(click.Group):
    """Finds `umlindi.cli.<noun>` by name, so that `umlindi probe` never pays for Django."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NOUNS:
            return None
        command: click.Command = importlib.import_module(f"umlindi.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(NOUNS.items()))


@click.group(cls=Nouns)
@click.version_option(__version__, prog_name="umlindi")
def main() -> None:
    """Umlindi, the one who keeps watch over imaging archives."""
