"""Rows for tests of on call: a rota with people in turn, and ways to reach them."""

from __future__ import annotations

from datetime import date, time
from typing import Any

from umlindi.accounts.models import Organisation, User
from umlindi.accounts.rules import Role
from umlindi.oncall.models import Channel, Layer, Rota, Turn
from umlindi.testing.estate import make_user


def make_mailbox(user: User | None = None, organisation: Organisation | None = None, **given: Any) -> Channel:
    """A person's mailbox, or a team's."""
    address = f"{user.username if user else 'team'}@thusong.example"
    values = {"kind": Channel.Kind.MAIL, "name": "Mail", "address": address, "shown": address} | given
    return Channel.objects.create(user=user, organisation=organisation, **values)


def make_answerer(organisation: Organisation | None = None, **given: Any) -> User:
    """An operator with a mailbox: somebody who can be on call."""
    user = make_user(Role.OPERATOR, organisation, **given)
    make_mailbox(user)
    return user


def make_layer(rota: Rota, *people: User, **given: Any) -> Layer:
    """Weekly, handing over on Mondays at 08:00, since the first Monday of 2026."""
    values = {"starts": date(2026, 1, 5), "handover": time(8), "position": rota.layers.count()} | given
    layer = Layer.objects.create(rota=rota, **values)
    Turn.objects.bulk_create(Turn(layer=layer, user=user, position=place) for place, user in enumerate(people))
    return layer


def make_rota(organisation: Organisation | None = None, *people: User, **given: Any) -> Rota:
    """A rota of one layer with these people, or with two new ones."""
    rota = Rota.objects.create(organisation=organisation, **{"name": "After hours"} | given)
    make_layer(rota, *(people or (make_answerer(organisation), make_answerer(organisation))))
    return rota
