"""Whom an escalation may tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from umlindi.accounts.models import Organisation, User
from umlindi.oncall.models import Channel, Rota
from umlindi.oncall.queries.plans import may_be_on_call

LABELS = {"rota": "Whoever is on call", "user": "A person", "channel": "A channel that many read"}


def may_be_told(organisation: Organisation | None) -> Mapping[str, QuerySet[Any]]:
    """Rotas, people and team channels of an organisation and of the provider, by the kind of target they are."""
    whose = Q(organisation=None) | Q(organisation=organisation)
    return {
        "rota": Rota.objects.filter(whose),
        "user": User.objects.filter(may_be_on_call(organisation.pk if organisation else None)),
        "channel": Channel.objects.filter(whose, user=None),
    }


def people_to_tell(organisation: Organisation | None) -> list[tuple[str, Any]]:
    """The same as grouped choices, valued "rota:3"."""
    return [
        (LABELS[kind], [(f"{kind}:{one.pk}", str(one)) for one in rows])
        for kind, rows in may_be_told(organisation).items()
    ]
