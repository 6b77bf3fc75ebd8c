"""Who is on call, for pages that are fetched every few seconds by many: worked out once in a quarter of a minute."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.db.models import QuerySet

from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.pages import Now, now_of

KEPT_S = 15
"""Five weeks of layers and overrides are laid over one another for each rota; who pages somebody asks anew."""


def on_duty(actor: Actor, now: datetime) -> list[Now]:
    """Every rota that the actor may see, with who is on call and who comes after."""
    return duties(visible(actor, Rota).select_related("organisation"), now)


def duties(rotas: QuerySet[Rota], now: datetime) -> list[Now]:
    """The same of rotas that the caller has scoped."""
    return [_duty(rota, now) for rota in rotas]


def _duty(rota: Rota, now: datetime) -> Now:
    key = f"on-duty-{rota.pk}"
    found: Now | None = cache.get(key)
    if found is None or (found.until is not None and found.until <= now):
        found = now_of(rota, now)
        cache.set(key, found, KEPT_S)
    return found
