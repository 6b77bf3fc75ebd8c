"""Adding, changing and removing one row. Each verb asks for estate.edit, takes one transaction and leaves an event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model, ProtectedError

from umlindi.accounts.models import Organisation
from umlindi.core.actors import EVERYWHERE, Actor
from umlindi.core.audit import audited
from umlindi.core.models import AuditEvent
from umlindi.estate.models import Contact, Dependency, Interface, Site, System
from umlindi.estate.queries.graph import DependencyGraph
from umlindi.estate.queries.snapshot import MODELS, values_of
from umlindi.estate.rules import RECORDS, Complaint, complete, read_record

EDIT = "estate.edit"
KIND_OF = {model: kind for kind, model in MODELS.items()}
NAMED_AT_MOST = 5

EstateRow = Organisation | Site | System | Interface | Contact
Row = TypeVar("Row", bound=Model)
_NEW: dict[str, type[EstateRow]] = {
    "organisation": Organisation,
    "site": Site,
    "system": System,
    "interface": Interface,
    "contact": Contact,
}


class Invalid(Exception):
    """What was given cannot stand. `complaints` are placed by field."""

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, each.place))} {each.why}" for each in complaints))
        self.complaints = complaints


class StoodUpon(Exception):
    """A row cannot go while others stand on it. `names` are at most five of them, `count` all."""

    def __init__(self, row: Model, names: list[str], count: int) -> None:
        more = f" and {count - len(names)} more" if count > len(names) else ""
        super().__init__(f"{row} cannot be removed while this stands on it: {', '.join(names)}{more}.")
        self.names = names
        self.count = count


class ChangedMeanwhile(Exception):
    """Somebody changed the row after it was shown. `by` and `at` come from the trail."""

    def __init__(self, by: str, at: datetime | None) -> None:
        super().__init__(f"{by} changed this meanwhile; look at it and save again to overwrite")
        self.by = by
        self.at = at


def fingerprint(row: Model) -> str:
    """Changes whenever a field of the row does. Goes out with a form and comes back with it."""
    stored = json.dumps(values_of(KIND_OF[type(row)], row), cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(stored.encode()).hexdigest()[:16]


def organisation_of(row: Model) -> int:
    """The organisation a row of the estate belongs to."""
    match row:
        case Organisation():
            return row.pk
        case Site() | Contact():
            return row.organisation_id
        case System():
            return row.site.organisation_id
        case Interface() | Dependency():
            return row.system.site.organisation_id
    raise TypeError(f"{type(row).__name__} is not a row of the estate")


def add(actor: Actor, kind: str, owner: Model | None, given: Mapping[str, Any]) -> EstateRow:
    """A new row below its owner: a contact below an organisation or a site. Raises `Invalid`.

    An organisation has no owner; only those who may edit everywhere add one.
    """
    where = EVERYWHERE if owner is None else organisation_of(owner)
    actor.require(EDIT, where)
    with transaction.atomic():
        _lock(where)
        row = _NEW[kind](**_owned_by(kind, owner))
        values = _judged(actor, row, given, None)
        for name, value in values.items():
            setattr(row, name, value)
        if isinstance(row, Contact):
            row.position = _beside(row).count()
        with audited(actor, f"{kind}.added", row):
            row.save(force_insert=True)
    return row


def change(actor: Actor, row: Row, given: Mapping[str, Any], *, seen: str = "", reason: str = "") -> Row:
    """Set the fields that are given. Raises `Invalid`, and `ChangedMeanwhile` where `seen` is another fingerprint."""
    actor.require(EDIT, organisation_of(row))
    kind = KIND_OF[type(row)]
    with transaction.atomic():
        _lock(organisation_of(row))
        row.refresh_from_db()
        if seen and seen != fingerprint(row):
            raise _changed_meanwhile(row)
        values = _judged(actor, row, given, values_of(kind, row))
        differing = [name for name, value in values.items() if getattr(row, name) != value]
        if differing:
            with audited(actor, f"{kind}.changed", row, reason=reason):
                for name in differing:
                    setattr(row, name, values[name])
                row.save(update_fields=differing)
    return row


def remove(actor: Actor, row: Model, reason: str) -> None:
    """Take a row away, with what is only its own part. Raises `Invalid` without a reason, `StoodUpon` where it may not.

    A system goes with its interfaces and what they were measured at, and with its own needs; an organisation or a
    site goes with its contacts, but not with sites or systems.
    """
    actor.require(EDIT, organisation_of(row))
    if not reason.strip():
        raise Invalid([Complaint(("reason",), "is empty; the trail must say why")])
    with transaction.atomic():
        _lock(organisation_of(row))
        _refuse_where_people_stand(row)
        try:
            for part in [*_parts(row), row]:
                with audited(actor, f"{KIND_OF[type(part)]}.removed", part, reason=reason.strip()):
                    part.delete()
        except ProtectedError as error:
            raise _stood_upon(row, [_named(each) for each in error.protected_objects]) from error
        if isinstance(row, Contact):
            _close_ranks(row)


def depend(actor: Actor, system: System, needs: System) -> Dependency:
    """Record that a system does not work without another. Raises `Invalid` for a circle or another organisation."""
    actor.require(EDIT, organisation_of(system))
    if needs.site.organisation_id != system.site.organisation_id:
        raise Invalid([Complaint(("needs",), "belongs to another organisation; a dependency stays within one")])
    with transaction.atomic():
        _lock(organisation_of(system))
        _refuse_circle(actor, system, needs)
        row = Dependency(system=system, needs=needs)
        with audited(actor, "dependency.added", row):
            row.save(force_insert=True)
    return row


def release(actor: Actor, dependency: Dependency, reason: str = "") -> None:
    """Record that a system works without another after all."""
    actor.require(EDIT, organisation_of(dependency))
    with audited(actor, "dependency.removed", dependency, reason=reason):
        dependency.delete()


def _lock(organisation_id: int) -> None:
    """One change of an organisation's estate at a time: names stay unique and circles cannot close from two sides."""
    list(Organisation.objects.select_for_update().filter(pk=organisation_id).values_list("pk"))


def _owned_by(kind: str, owner: Model | None) -> dict[str, Model | None]:
    match kind, owner:
        case "organisation", None:
            return {}
        case "site", Organisation():
            return {"organisation": owner}
        case "system", Site():
            return {"site": owner}
        case "interface", System():
            return {"system": owner}
        case "contact", Organisation():
            return {"organisation": owner, "site": None}
        case "contact", Site():
            return {"organisation": owner.organisation, "site": owner}
    raise TypeError(f"a {kind} does not belong to {owner!r}")


def _judged(actor: Actor, row: Model, given: Mapping[str, Any], present: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row's values as they will be. Raises `Invalid` with every complaint at once."""
    kind = KIND_OF[type(row)]
    values, complaints = read_record(kind, given)
    refused = {complaint.place for complaint in complaints}
    only = "" if actor.organisations(EDIT) is None else _slug_of_organisation(row)
    values, about_the_whole = complete(kind, values, present, only=only)
    complaints += [complaint for complaint in about_the_whole if complaint.place not in refused]
    complaints += _taken(kind, row, values) + _nested(kind, given)
    if complaints:
        raise Invalid(complaints)
    return values


def _slug_of_organisation(row: Model) -> str:
    return Organisation.objects.values_list("slug", flat=True).get(pk=organisation_of(row))


def _nested(kind: str, given: Mapping[str, Any]) -> list[Complaint]:
    """What an estate file has within a row are rows of their own here; they are not dropped unseen."""
    inner = given.keys() & set(RECORDS[kind].lists)
    return [
        Complaint((name,), "is not part of the row itself; each of them is added by itself") for name in sorted(inner)
    ]


def _taken(kind: str, row: Model, values: Mapping[str, Any]) -> list[Complaint]:
    name = "slug" if kind in ("organisation", "site", "system") else "name"
    value = values.get(name)
    other = value and _beside(row).filter(**{name: value}).exclude(pk=row.pk).first()
    return [Complaint((name,), f"{value!r} is taken already; choose another")] if other else []


def _beside(row: Model) -> Any:
    """The rows of the same kind below the same owner."""
    match row:
        case Site():
            return Site.objects.filter(organisation=row.organisation)
        case System():
            return System.objects.filter(site=row.site)
        case Interface():
            return Interface.objects.filter(system=row.system)
        case Contact():
            return Contact.objects.filter(organisation=row.organisation, site=row.site)
    return type(row)._default_manager.all()


def _changed_meanwhile(row: Model) -> ChangedMeanwhile:
    about = {"object_kind": row._meta.label_lower, "object_id": str(row.pk)}
    last = AuditEvent.objects.filter(**about).order_by("-seq").first()
    return ChangedMeanwhile(last.actor_name, last.at) if last else ChangedMeanwhile("Somebody", None)


def _parts(row: Model) -> list[Model]:
    """What is only a part of the row and goes with it."""
    match row:
        case System():
            return [*row.interfaces.all(), *row.needs.all()]
        case Site():
            return list(row.contacts.all())
        case Organisation():
            return list(row.contacts.filter(site=None))
    return []


def _refuse_where_people_stand(row: Model) -> None:
    """Roles in an organisation would go with it unseen; the people with them must be seen to first."""
    if isinstance(row, Organisation):
        people = [f"the role of {membership.user}" for membership in row.memberships.select_related("user")]
        if people:
            raise _stood_upon(row, people)


def _stood_upon(row: Model, names: list[str]) -> StoodUpon:
    named = sorted(set(names))
    return StoodUpon(row, named[:NAMED_AT_MOST], len(named))


def _named(row: Model) -> str:
    return str(row.system) if isinstance(row, Dependency) else f"{row._meta.verbose_name} {row}"


def _close_ranks(contact: Contact) -> None:
    for position, other in enumerate(_beside(contact)):
        if other.position != position:
            other.position = position
            other.save(update_fields=["position"])


def _refuse_circle(actor: Actor, system: System, needs: System) -> None:
    graph = DependencyGraph.load(actor, system.site.organisation_id)
    if needs == system or system in graph.standing_on(needs.pk):
        raise Invalid([Complaint(("needs",), f"{needs} itself stands on {system}: that would be a circle")])
    if needs.pk in graph.needs.get(system.pk, ()):
        raise Invalid([Complaint(("needs",), f"{system} depends on {needs} already")])
