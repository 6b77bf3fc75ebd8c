"""Making, changing and removing a rota: always as a whole, as its form has it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import ProtectedError

from umlindi.accounts.models import Organisation
from umlindi.accounts.services import Refused
from umlindi.core.actors import Actor
from umlindi.core.audit import record
from umlindi.oncall.models import Layer, Rota, Turn
from umlindi.oncall.queries.plans import rotation_of
from umlindi.oncall.rules.rotation import OnHolidays, Rotation, Unit
from umlindi.oncall.services.places import hole_key, require_can_answer, require_edit, require_hours, require_zone
from umlindi.watch.services import outages

LAYER_FIELDS = ("name", "starts", "handover", "every", "unit", "weekday", "hours", "on_holidays")
ROTA_FIELDS = ("name", "timezone", "hours", "on_holidays")
MEANWHILE = "Somebody changed this rota meanwhile: look at it as it is now, then change it."


@dataclass(frozen=True, slots=True)
class LayerGiven:
    """A layer as it is typed: `people` are their ids in order, `hours` is text."""

    people: tuple[int, ...]
    starts: date
    handover: time
    name: str = ""
    every: int = 1
    unit: str = Unit.WEEKS
    weekday: int = 0
    hours: str = ""
    on_holidays: str = OnHolidays.SAME

    def rotation(self) -> Rotation:
        """As the rules have it. Raises `readers.Wrong` for hours that cannot be read."""
        return rotation_of(self.row(), self.people)

    def row(self) -> Layer:
        """Not saved, of no rota yet and without its people."""
        return Layer(**{name: getattr(self, name) for name in LAYER_FIELDS})


def save_rota(
    actor: Actor,
    rota: Rota | None,
    *,
    organisation: Organisation | None,
    name: str,
    timezone: str,
    layers: Sequence[LayerGiven],
    hours: str = "",
    on_holidays: str = OnHolidays.SAME,
    seen: str = "",
) -> Rota:
    """Make a rota, or make one what is given, uppermost layer first. A rota stays with its organisation. `hours` are
    those in which somebody must be on call.

    Raises `Refused` for what cannot stand, and where `seen` is a fingerprint that is no longer true.
    """
    row = rota or Rota(organisation=organisation)
    require_edit(actor, row.organisation_id)
    row.name, row.timezone, row.hours, row.on_holidays = name, timezone, hours, on_holidays
    _judge(row, layers)
    with transaction.atomic():
        before = _held(row, seen) if row.pk else None
        row.save()
        row.layers.all().delete()
        for position, given in enumerate(layers):
            _add_layer(row, position, given)
        after = described(row)
        if before != after:
            record(actor, "rota.changed" if before else "rota.added", row, before=before, after=after)
    return row


def remove_rota(actor: Actor, rota: Rota, reason: str, now: datetime) -> None:
    """Take a rota away, with its overrides, swaps and notes. Raises `Refused` while an escalation stands on it."""
    require_edit(actor, rota.organisation_id)
    with transaction.atomic():
        record(actor, "rota.removed", rota, before=described(rota), reason=reason)
        outages.end(hole_key(rota), now, now, "the rota was removed")
        try:
            rota.delete()
        except ProtectedError as error:
            raise Refused(f"An escalation stands on {rota.name}: give it another rota first.") from error


def described(rota: Rota) -> dict[str, Any]:
    """The rota as the trail keeps it: people by name and number, layers in order."""
    layers = [
        {
            **{name: getattr(layer, name) for name in LAYER_FIELDS},
            "people": [f"{turn.user} ({turn.user_id})" for turn in layer.turns.select_related("user")],
        }
        for layer in rota.layers.all()
    ]
    return {**{name: getattr(rota, name) for name in ROTA_FIELDS}, "layers": layers}


def fingerprint(rota: Rota) -> str:
    """Changes whenever the rota does. Goes out with the form and comes back with it."""
    stored = json.dumps(described(rota), cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(stored.encode()).hexdigest()[:16]


def _held(rota: Rota, seen: str) -> dict[str, Any]:
    held = Rota.objects.select_for_update(of=("self",)).get(pk=rota.pk)
    if seen and seen != fingerprint(held):
        raise Refused(MEANWHILE)
    return described(held)


def _judge(rota: Rota, layers: Sequence[LayerGiven]) -> None:
    require_zone(rota.timezone)
    require_hours(rota.hours)
    if not layers or not all(given.people for given in layers):
        raise Refused("A rota has a layer at least, and each layer somebody in it.")
    for given in layers:
        require_hours(given.hours)
    kept = Turn.objects.filter(layer__rota=rota.pk).values_list("user", flat=True) if rota.pk else ()
    require_can_answer(rota.organisation_id, {each for given in layers for each in given.people} - set(kept))
    beside = Rota.objects.filter(organisation=rota.organisation_id, name=rota.name).exclude(pk=rota.pk)
    if beside.exists():
        raise Refused(f"There is a rota {rota.name} already: choose another name.")


def _add_layer(rota: Rota, position: int, given: LayerGiven) -> None:
    layer = given.row()
    layer.rota, layer.position = rota, position
    layer.save(force_insert=True)
    Turn.objects.bulk_create(
        Turn(layer=layer, user_id=person, position=place) for place, person in enumerate(given.people)
    )
