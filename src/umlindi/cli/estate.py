"""`umlindi estate`: import and export what we look after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from umlindi.cli.django import with_django

if TYPE_CHECKING:
    from collections.abc import Iterable

    from umlindi.core.actors import Actor
    from umlindi.estate.models import Site
    from umlindi.estate.services import ImportReport, Problem

SHOWN_AT_MOST = 200
NAMED_AT_MOST = 6
home_option = click.option("--home", metavar="DIR", help="Home folder; UMLINDI_HOME or the default otherwise.")


@click.group
def command() -> None:
    """Import and export what we look after."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", metavar="ORG/SITE", help="The site whose AE-title list (CSV) FILE is.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--prune", is_flag=True, help="Remove what the lists of the file leave out (YAML only).")
@home_option
def import_(file: Path, site: str | None, dry_run: bool, prune: bool, home: str | None) -> None:
    """Make the estate as FILE describes it: an estate file (YAML), or with --site an AE-title list (CSV).

    All or nothing. What FILE does not mention is left alone.
    """
    if prune and site:
        raise click.UsageError("--prune goes with an estate file, not with an AE-title list")
    with_django(home)
    from umlindi.core.actors import Actor
    from umlindi.estate.services import ImportRefused

    actor = Actor.house("umlindi estate")
    try:
        report = _carry_out(actor, file, site, dry_run=dry_run, prune=prune)
    except ImportRefused as error:
        _tell_problems(error.problems)
        raise click.ClickException(
            f"nothing was imported: {len(error.problems)} to put right in {file.name}"
        ) from error
    _tell(report)


def _carry_out(actor: Actor, file: Path, site: str | None, *, dry_run: bool, prune: bool) -> ImportReport:
    from umlindi.estate.csvfile import is_list_name
    from umlindi.estate.services import import_estate, import_titles

    if site:
        return import_titles(actor, file.read_bytes(), _site(site), dry_run=dry_run)
    if is_list_name(file.name):
        raise click.UsageError("name the site of an AE-title list with --site ORGANISATION/SITE")
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file.name} is not UTF-8 text (byte {error.start})") from error
    return import_estate(actor, text, dry_run=dry_run, prune=prune)


def _site(path: str) -> Site:
    from umlindi.estate.models import Site

    organisation, _, slug = path.partition("/")
    found = Site.objects.select_related("organisation").filter(organisation__slug=organisation, slug=slug).first()
    if found is None:
        raise click.ClickException(
            f"there is no site {path}; add it first, or write ORGANISATION/SITE as the estate does"
        )
    return found


def _tell_problems(problems: list[Problem]) -> None:
    """A table on the standard error: line or row, path or column, why."""
    rows = [(str(each.line or "-"), each.column or "-", each.why) for each in problems[:SHOWN_AT_MOST]]
    headings = ("line", "where", "why")
    widths = [max(len(row[at]) for row in [headings, *rows]) for at in (0, 1)]
    for row in [headings, *rows]:
        click.echo(f"{row[0]:>{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}", err=True)
    if len(problems) > SHOWN_AT_MOST:
        click.echo(f"and {len(problems) - SHOWN_AT_MOST} more", err=True)


def _tell(report: ImportReport) -> None:
    told = [(each.before is None, f"{each.path}: {each.essence}".removesuffix(": ")) for each in report.changes]
    _list("would be added" if report.dry_run else "added", [line for new, line in told if new])
    _list("would be changed" if report.dry_run else "changed", [line for new, line in told if not new])
    _list("would be removed" if report.dry_run else "removed", report.removed)
    _list("not in the file, left alone (--prune removes)", report.absent)
    if report.kept:
        more = len(report.kept) - NAMED_AT_MOST
        click.echo(f"as before: {', '.join(report.kept[:NAMED_AT_MOST])}{f' and {more} more' if more > 0 else ''}")
    _list("note", [f"row {each.line or '-'}, {each.column}: {each.why}" for each in report.warnings])
    click.echo(f"{len(report.created)} added, {len(report.changed)} changed, {report.unchanged} as before", nl=False)
    click.echo(
        f"{f', {len(report.removed)} removed' if report.removed else ''}{' (dry run)' if report.dry_run else ''}"
    )


def _list(word: str, lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(f"{word}: {line}")


@command.command()
@click.option("--organisation", metavar="SLUG", help="Only this organisation.")
@home_option
def export(organisation: str | None, home: str | None) -> None:
    """Write the estate as an estate file to the standard output."""
    with_django(home)
    from umlindi.accounts.models import Organisation
    from umlindi.core.actors import Actor
    from umlindi.estate.services import export_estate

    chosen = Organisation.objects.filter(slug=organisation).first() if organisation else None
    if organisation and chosen is None:
        raise click.ClickException(f"there is no organisation {organisation}")
    click.echo(export_estate(Actor.house("umlindi estate"), chosen), nl=False)
