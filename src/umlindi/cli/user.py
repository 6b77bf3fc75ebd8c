"""`umlindi user`: for whoever has the server when nobody can sign in. Every verb is in the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from umlindi.cli.django import InHome

if TYPE_CHECKING:
    from umlindi.accounts.models import User

ROLES = click.Choice(["viewer", "operator", "administrator", "auditor", "client"])


@click.group(cls=InHome)
def command(home: str | None) -> None:
    """People and their first sign-in."""


@command.command("list")
def list_people() -> None:
    """Who has access, and as what."""
    from umlindi.accounts.models import User

    for user in User.objects.prefetch_related("memberships__organisation"):
        roles = ", ".join(f"{each.role} ({each.organisation or 'everywhere'})" for each in user.memberships.all())
        click.echo(f"{user.username}\t{user}\t{roles or 'no role'}" + ("" if user.is_active else "\taccess ended"))


@command.command()
@click.argument("username")
@click.option("--role", type=ROLES, required=True)
@click.option("--organisation", help="The slug of an organisation; without it the role holds everywhere.")
@click.option("--first-name", required=True)
@click.option("--last-name", required=True, help="A morning check is signed in this name.")
def add(username: str, role: str, organisation: str | None, **names: str) -> None:
    """Add a person; prints their one-time password, once."""
    from umlindi.accounts import services
    from umlindi.accounts.models import Organisation
    from umlindi.accounts.rules import Role
    from umlindi.core.actors import Actor

    place = Organisation.objects.filter(slug=organisation).first() if organisation else None
    if organisation and place is None:
        raise click.ClickException(f"There is no organisation {organisation}.")
    actor = Actor.house("command line")
    _say_once(lambda: services.add_person(actor, username, role=Role(role), organisation=place, **names)[1])


@command.command()
@click.argument("username")
@click.option("--second-factor", is_flag=True, help="Remove their authenticator, passkeys and recovery codes as well.")
def reset(username: str, second_factor: bool) -> None:
    """Give a person a new one-time password, printed once; it also ends a lock-out and all their sessions."""
    from axes.utils import reset as unlock

    from umlindi.accounts import services
    from umlindi.core.actors import Actor

    user, actor = _person(username), Actor.house("command line")
    if second_factor:
        services.reset_second_factor(actor, user, "reset on the server")
    _say_once(lambda: services.reset_password(actor, user))
    unlock(username=user.username.lower())


def _person(username: str) -> User:
    from umlindi.accounts.models import User

    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise click.ClickException(f"There is no person who signs in as {username}.")
    return user


def _say_once(verb: Callable[[], str]) -> None:
    from umlindi.accounts.services import Refused

    try:
        password = verb()
    except Refused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(f"One-time password, not shown again: {password}")
