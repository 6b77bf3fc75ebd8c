"""`umlindi demo`: the living estate, and breaking and mending it. Needs no database of the product's own."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from umlindi.demo import lab
from umlindi.demo.faults import BY_SLUG, FAULTS, UnknownFault
from umlindi.house.home import chosen_root

_home = click.option("--home", envvar="UMLINDI_HOME", help="Where the demo keeps its things, under demo/.")


@click.group(name="demo")
def command() -> None:
    """The living demo estate and its fault lab."""


@command.command()
@_home
def up(home: str | None) -> None:
    """Run every peer of the estate until interrupted."""
    from umlindi.demo.ground import NoPorts
    from umlindi.demo.loop import AlreadyRunning, run

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        run(chosen_root(home), click.echo)
    except (AlreadyRunning, NoPorts, OSError) as error:
        raise click.ClickException(f"The demo cannot run: {error}") from error


@command.command("break")
@click.argument("fault")
@click.option("--system", help="Which system, as organisation/site/system; the fault's usual one otherwise.")
@_home
def break_(fault: str, system: str | None, home: str | None) -> None:
    """Break something, and return once it is broken."""
    try:
        slug, where = lab.break_fault(chosen_root(home), fault, system)
    except (UnknownFault, lab.NotConfirmed) as error:
        raise click.ClickException(_sentence(error)) from error
    click.echo(f"Broken: {where}: {BY_SLUG[slug].title}.")
    click.echo(f"  {BY_SLUG[slug].does}")
    click.echo(f"  Mend it with: umlindi demo mend {slug}")


@command.command()
@click.argument("fault", required=False)
@click.option("--all", "everything", is_flag=True, help="Mend all that is broken.")
@_home
def mend(fault: str | None, everything: bool, home: str | None) -> None:
    """Mend one fault, or with --all every one, and return once it is mended."""
    if (fault is None) != everything:
        raise click.UsageError("name one fault, or give --all")
    try:
        gone = lab.mend(chosen_root(home), fault)
    except (UnknownFault, lab.NotConfirmed) as error:
        raise click.ClickException(_sentence(error)) from error
    for slug, where in gone:
        click.echo(f"Mended: {where}: {BY_SLUG[slug].title}.")
    if not gone:
        click.echo("Nothing was broken.")


@command.command()
@_home
def faults(home: str | None) -> None:
    """Every fault: what it does, where, and whether it is in force."""
    state = lab.state(chosen_root(home))
    if not state.alive:
        click.echo("The demo is not running: start it with `umlindi demo up`.\n")
    for fault in FAULTS:
        broken = [where for slug, where in state.in_force if slug == fault.slug]
        click.echo(f"{fault.slug:<24}{'BROKEN' if broken else 'whole':<8}{fault.title}")
        click.echo(f"{'':<24}on {', '.join(broken or fault.systems[:1])}. {fault.does}")


@command.command()
@_home
def peers(home: str | None) -> None:
    """Every peer: real or simulated, where it listens, and what is wrong with it."""
    state = lab.state(chosen_root(home))
    if not state.alive:
        raise click.ClickException("The demo is not running: start it with `umlindi demo up`.")
    for peer in state.peers:
        kind = "real" if peer.real else "simulated"
        where = f"port {peer.port}" if peer.port else ""
        click.echo(f"{peer.system:<28}{kind:<11}{where:<12}{peer.name}{peer.trouble and f' ({peer.trouble})'}")


@command.command()
@_home
def estate(home: str | None) -> None:
    """Where the estate file of the running demo lies, for `umlindi estate import`."""
    path = Path(chosen_root(home)) / "demo" / "estate.yaml"
    if not path.exists():
        raise click.ClickException("There is none yet: start the demo with `umlindi demo up`.")
    click.echo(str(path))


@command.command(hidden=True)
@_home
def staff(home: str | None) -> None:
    """Give the demo estate its people on call and its promises. Done once; the demo does it by itself."""
    from umlindi.cli.django import with_django

    root = chosen_root(home)
    with_django(home)
    from datetime import UTC, datetime

    from umlindi.demo.ground import remembered_ports
    from umlindi.demo.reporting import remember
    from umlindi.demo.staffing import staff as give_people

    heartbeat = give_people(remembered_ports(root)["phones"], datetime.now(UTC))
    if heartbeat is not None:
        remember(root / "demo", str(heartbeat.secret))


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:] + "."
