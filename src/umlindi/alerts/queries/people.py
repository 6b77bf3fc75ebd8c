"""Whom an escalation may tell."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from umlindi.accounts.models import Organisation, User
from umlindi.oncall.models import Channel, Rota
from umlindi.oncall.queries.plans import may_be_on_call


def people_to_tell(organisation: Organisation | None) -> list[tuple[str, Any]]:
    """Rotas, people and team channels of an organisation and of the provider, as grouped choices."""
    whose = Q(organisation=None) | Q(organisation=organisation)
    people = User.objects.filter(may_be_on_call(organisation.pk if organisation else None))
    return [
        ("Whoever is on call", [(f"rota:{one.pk}", str(one)) for one in Rota.objects.filter(whose)]),
        ("A person", [(f"user:{one.pk}", str(one)) for one in people]),
        (
            "A channel that many read",
            [(f"channel:{one.pk}", str(one)) for one in Channel.objects.filter(whose, user=None)],
        ),
    ]
