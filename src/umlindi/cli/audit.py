"""`umlindi audit`: prove the trail, or take a copy of it."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from umlindi.cli.django import InHome

if TYPE_CHECKING:
    from umlindi.core.verification import Verdict


@click.group(cls=InHome)
def command(home: str | None) -> None:
    """Verify and export the audit trail."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of words.")
def verify(as_json: bool) -> None:
    """Prove that no event was changed, removed or inserted. Exit code 1 where one was."""
    from django.utils import timezone

    from umlindi.core.actors import Actor
    from umlindi.core.services import verify_trail

    verdict = verify_trail(Actor.house("command line"), timezone.now())
    click.echo(json.dumps({"whole": verdict.whole, **asdict(verdict)}) if as_json else _in_words(verdict))
    sys.exit(0 if verdict.whole else 1)


@command.command()
@click.option("--form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--first", type=click.DateTime(["%Y-%m-%d"]), help="The first day.")
@click.option("--last", type=click.DateTime(["%Y-%m-%d"]), help="The last day.")
@click.option("--verb", default="", help="Only verbs that start so, such as role or sign-in.failed.")
def export(form: str, **asked: object) -> None:
    """Write the trail to standard output, oldest first. The export is an event itself."""
    from umlindi.core.actors import Actor
    from umlindi.core.queries import Filters
    from umlindi.core.services import export_trail

    for day in ("first", "last"):
        asked[day] = asked[day].date() if asked[day] else None  # type: ignore[attr-defined]
    filters = Filters(**asked)  # type: ignore[arg-type]
    for piece in export_trail(Actor.house("command line"), filters, form):
        click.echo(piece, nl=False)


def _in_words(verdict: Verdict) -> str:
    if verdict.whole:
        return f"{verdict.events} events, the chain is whole."
    lines = [f"{verdict.events} events, THE CHAIN IS BROKEN:"]
    lines += [f"  event {each.seq}: {each.what}" for each in verdict.breaks]
    return "\n".join(lines)
