"""`umlindi uptime`: was what was promised kept?"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from umlindi.cli.django import with_django

if TYPE_CHECKING:
    from umlindi.uptime.queries import Asked, UptimePage


@click.command("uptime")
@click.option("--org", metavar="ORG", help="Only this organisation.")
@click.option("--period", metavar="YYYY-MM", help="A month; without it, the running one.")
@click.option("--home", type=click.Path(), help="The home folder, where it is not the default.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document instead of text.")
def command(org: str | None, period: str | None, home: str | None, as_json: bool) -> None:
    """Uptime of objectives, organisations, sites, systems and interfaces: raw, and with agreed windows left out.

    Exit code: 0 nothing is missed, 2 an objective is missed, 3 nothing is known.
    """
    with_django(home)
    from umlindi.accounts.models import Organisation
    from umlindi.core.actors import Actor
    from umlindi.uptime import queries

    organisation = Organisation.objects.filter(slug=org).first() if org else None
    if org and organisation is None:
        raise click.ClickException(f"there is no organisation {org}")
    page = queries.uptime_page(Actor.house("umlindi uptime"), _asked(period), organisation, interfaces=as_json)
    click.echo(_document(page) if as_json else _text(page))
    sys.exit(3 if not page.systems else 2 if page.missed else 0)


def _asked(period: str | None) -> Asked:
    from umlindi.uptime.queries import Asked
    from umlindi.uptime.rules.months import read_month

    now = datetime.now(UTC)
    if period is None:
        return Asked.this_month(now)
    month = read_month(period)
    if month is None:
        raise click.BadParameter(f"write {period} as 2026-11")
    return Asked.of_month(month, now)


def _document(page: UptimePage) -> str:
    from umlindi.uptime.exporting import told

    rows = [told(row) for each in page.rows.values() for row in each]
    head = {"start": page.asked.period.start.isoformat(), "end": page.asked.period.end.isoformat()}
    closed = [{"organisation": month.organisation.slug, "hash": month.hash} for month in page.closed]
    return json.dumps({**head, "closed": closed, "rows": rows}, indent=2)


def _text(page: UptimePage) -> str:
    from umlindi.uptime.queries.book import zone
    from umlindi.uptime.rules.showing import percent, since

    if not page.systems:
        return "Nothing is known of this time: uptime counts from the first answer of an interface."
    lines = [since(page.measured_since, zone())] if page.measured_since else []
    lines += [f"{'':9}  {'up':>10}  {'raw':>10}  {'unknown':>10}"]
    for row in (*page.objectives, *page.organisations, *page.sites, *page.systems):
        own = row.line.own
        shares = (own.adjusted.share, own.raw.share, own.raw.unknown_share)
        figures = "  ".join(f"{percent(share):>10}" for share in shares)
        where = f", {row.where}" if row.where else ""
        first = f", {since(row.line.measured_since, zone())}" if row.line.measured_since else ""
        lines.append(f"{row.verdict or '':9}  {figures}  {row.line.kind} {row.line.name}{where}{first}")
    return "\n".join(lines)
