"""`umlindi check`: the whole estate, now."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from umlindi.cli.django import with_django

if TYPE_CHECKING:
    from umlindi.estate.models import Interface
    from umlindi.watch.models import CheckLine

EXIT = {"up": 0, "degraded": 1, "down": 2, "unknown": 3}


@click.command("check")
@click.option("--site", metavar="ORG/SITE", help="Only this site.")
@click.option("--system", metavar="ORG/SITE/SYSTEM", help="Only this system.")
@click.option("--record", is_flag=True, help="File it as today's morning check of each organisation, to be signed.")
@click.option("--home", type=click.Path(), help="The home folder, where it is not the default.")
@click.option("--json", "as_json", is_flag=True, help="A JSON document instead of text.")
def command(site: str | None, system: str | None, record: bool, home: str | None, as_json: bool) -> None:
    """Probe every interface in parallel; say what is wrong, since when, who is affected, what to do.

    What is found goes into the history of each interface; with --record also into a morning check of each
    organisation. Exit code: 0 all work, 1 something is degraded, 2 something is down, 3 nothing could be checked.
    """
    if record and (site or system):
        raise click.UsageError("a morning check looks at everything: --record goes without --site and --system")
    with_django(home)
    now = datetime.now(UTC)
    lines = _recorded(now) if record else _looked(site, system, now)
    if not lines:
        raise click.ClickException("nothing to check: no enabled interface is there (see `umlindi estate import`)")
    click.echo(json.dumps(_document(lines, now), indent=2, default=str) if as_json else _text(lines))
    sys.exit(max(EXIT[line.condition] for line in lines if line.condition != "unknown") if _known(lines) else 3)


def _known(lines: Iterable[CheckLine]) -> bool:
    return any(line.condition != "unknown" for line in lines)


def _recorded(now: datetime) -> list[CheckLine]:
    from umlindi.accounts.models import Organisation
    from umlindi.core.actors import Actor
    from umlindi.watch import checking, services
    from umlindi.watch.models import CheckLine

    actor = Actor.house("umlindi check")
    organisations = Organisation.objects.filter(sites__systems__interfaces__enabled=True).distinct()
    checks = checking.run_checks(actor, [services.start_check(actor, one, now) for one in organisations])
    for check in checks:
        click.echo(f"Filed as check {check.pk}, {check.organisation}: to be signed on its page.", err=True)
    return list(CheckLine.objects.filter(check_run__in=checks).select_related("interface__system__site__organisation"))


def _looked(site: str | None, system: str | None, now: datetime) -> list[CheckLine]:
    from umlindi.accounts.models import Organisation
    from umlindi.watch import checking

    if not (site or system):
        return checking.look(checking.interfaces_of(Organisation.objects.all()), now)
    found = _chosen(site, system)
    if not found:
        raise click.ClickException(f"no enabled interface at {system or site}; write it as organisation/site[/system]")
    return checking.look(found, now)


def _chosen(site: str | None, system: str | None) -> list[Interface]:
    from umlindi.estate.models import Interface

    names = (system or site or "").split("/")
    keys = ("system__site__organisation__slug", "system__site__slug", "system__slug")[: 3 if system else 2]
    if len(names) != len(keys):
        raise click.BadParameter(
            f"write {system or site} as {'/'.join(('organisation', 'site', 'system')[: len(keys)])}"
        )
    rows = Interface.objects.filter(enabled=True, **dict(zip(keys, names, strict=True)))
    return list(rows.select_related("system__site__organisation"))


def _document(lines: list[CheckLine], now: datetime) -> dict[str, Any]:
    return {
        "checked_at": now.isoformat(),
        "counts": {name: Counter(line.condition for line in lines)[name] for name in EXIT},
        "lines": [_line_json(line) for line in lines],
    }


def _line_json(line: CheckLine) -> dict[str, Any]:
    interface = line.interface
    causes = line.result["diagnosis"]
    return {
        "system": interface.system.path if interface else line.system_name,
        "interface": line.interface_name,
        "address": line.address,
        "condition": line.condition,
        "since": line.since.isoformat(),
        "change": line.change,
        "affected": line.affected,
        "next": causes[0]["fix"] if causes else "",
        "result": line.result,
    }


def _text(lines: list[CheckLine]) -> str:
    counts = Counter(line.condition for line in lines)
    bad = [line for line in lines if line.condition != "up"]
    recovered = [line for line in lines if line.condition == "up" and line.change == "recovered"]
    told = [f"{counts['up']} of {len(lines)} interfaces work."]
    told += [_line_text(line) for line in bad]
    told += [f"recovered  {line.system_name} {line.interface_name}" for line in recovered]
    return "\n\n".join(told)


def _line_text(line: CheckLine) -> str:
    from django.utils import timezone

    from umlindi.watch import wording

    causes = line.result["diagnosis"]
    since = f"{timezone.localtime(line.since):%d %b %H:%M}"
    failure = wording.first_failure(line.result)
    rows = [f"{line.condition.upper()}  {line.system_name} {wording.headline(failure)}  ({line.change}, since {since})"]
    rows.append(f"  where    {line.site_name}, {line.interface_name} {line.address}")
    if failure:
        rows.append(f"  found    {failure['step']}: {failure['code']} {failure['meaning']}")
    if causes:
        rows.append(f"  cause    {causes[0]['cause']} ({causes[0]['confidence']:.0%})")
        rows.append(f"  next     {causes[0]['fix']}")
    if line.affected:
        rows.append(f"  affects  {', '.join(line.affected)}")
    return "\n".join(rows)
