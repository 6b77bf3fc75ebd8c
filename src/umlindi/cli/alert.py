"""`umlindi alert`: what is broken and who has it, from a terminal."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from umlindi.cli.django import InHome

if TYPE_CHECKING:
    from umlindi.alerts.queries import Card
    from umlindi.core.actors import Actor


@click.group(cls=InHome)
def command(home: str | None) -> None:
    """What is broken and who has it; acknowledge."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON array instead of lines.")
def list_(as_json: bool) -> None:
    """Open alerts: what needs a person first."""
    from django.utils import timezone

    from umlindi.alerts import queries

    cards = queries.open_alerts(_house(), timezone.now())
    if as_json:
        click.echo(json.dumps([_document(card) for card in cards], indent=2, default=str))
        return
    for card in cards:
        click.echo(_line(card))
    if not cards:
        click.echo("No open alert.")


@command.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """One alert with its timeline and pages."""
    from django.utils import timezone

    from umlindi.alerts import queries

    page = queries.alert_page(_house(), _known(number), timezone.now())
    alert = page.card.alert
    click.echo(_line(page.card))
    for name, value in (("cause", alert.cause), ("first", alert.fix), ("affects", ", ".join(alert.affected))):
        if value:
            click.echo(f"  {name:<8} {value}")
    for event in page.events:
        said = ": ".join(part for part in (event.get_kind_display(), event.text) if part)
        click.echo(f"  {_clock(event.at)}  {said}{f' ({event.actor})' if event.actor else ''}")
    for told in page.told:
        click.echo(f"  page     {told.page.to}: {told.page.get_state_display().lower()} {told.page.reason}".rstrip())


@command.command()
@click.argument("number", type=int)
@click.option("--as", "username", required=True, help="Your user name: an acknowledgement is a person's.")
@click.option("--reason", required=True, help="What you are doing about it.")
@click.option(
    "--hours", type=click.FloatRange(0, 168, min_open=True), help="For how long; else as usual for its severity."
)
def ack(number: int, username: str, reason: str, hours: float | None) -> None:
    """Acknowledge an alert: no more pages until then, or until it gets worse."""
    from django.utils import timezone

    from umlindi.alerts import services
    from umlindi.alerts.models import Alert
    from umlindi.core.actors import Forbidden
    from umlindi.core.scope import visible

    now, actor = timezone.now(), _person(username)
    alert = visible(actor, Alert).filter(pk=number).first()
    if alert is None:
        raise click.ClickException(f"{username} sees no alert {number}")
    until = now + timedelta(hours=hours) if hours else None
    try:
        held = services.acknowledge(actor, alert, reason, now, until)
    except services.NoReason as error:
        raise click.ClickException("an acknowledgement says what is being done") from error
    except services.AlreadyOver as error:
        raise click.ClickException("it is over: there is nothing to acknowledge") from error
    except Forbidden as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{held.acknowledged_name} has it until {_clock(held.acknowledged_until or now)}.")


def _house() -> Actor:
    from umlindi.core.actors import Actor

    return Actor.house("umlindi alert")


def _person(username: str) -> Actor:
    from umlindi.accounts.models import User
    from umlindi.accounts.queries import actor_of

    user = User.objects.filter(username__iexact=username, is_active=True).first()
    if user is None:
        raise click.ClickException(f"nobody signs in as {username}")
    return actor_of(user)


def _known(number: int) -> int:
    from umlindi.alerts.models import Alert

    if not Alert.objects.filter(pk=number).exists():
        raise click.ClickException(f"there is no alert {number}")
    return number


def _line(card: Card) -> str:
    alert = card.alert
    state = "muted" if alert.muted else "snoozed" if card.quiet else alert.state
    has_it = f", {alert.acknowledged_name} until {_clock(alert.acknowledged_until)}" if alert.acknowledged_until else ""
    return f"{alert.pk:>6}  {alert.severity:<8}  {state}{has_it}  since {_clock(alert.since)}  {alert.title}"


def _document(card: Card) -> dict[str, Any]:
    alert = card.alert
    return {
        "id": alert.pk,
        "severity": alert.severity,
        "state": alert.state,
        "title": alert.title,
        "since": alert.since,
        "cause": alert.cause,
        "next": alert.fix,
        "affected": alert.affected,
        "told": [page.to for page in card.told],
        "nobody_reached": alert.nobody_reached,
    }


def _clock(at: datetime) -> str:
    from django.utils import timezone

    return f"{timezone.localtime(at):%d %b %H:%M}"
