"""Importing a described estate: all of it or nothing, with every error at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.db.models import Model

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import audited, record
from umlindi.estate import yamlfile
from umlindi.estate.queries.snapshot import MODELS, Snapshot, snapshot
from umlindi.estate.rules import Complaint, Place
from umlindi.estate.rules.description import Description, describe, place_text, row_path
from umlindi.estate.rules.planning import Change, Plan, plan

EDIT = "estate.edit"


@dataclass(frozen=True, slots=True)
class Problem:
    """`line` is a line of the file or a row of the table, from 1; `column` a column's heading or a path in the file."""

    line: int | None
    column: str
    why: str


class ImportRefused(Exception):
    """Nothing was changed. Holds every problem, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(f"{len(problems)} problems: nothing was imported")
        self.problems = problems


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was done, or with `dry_run` would be.

    `kept` rows are as the file has them already; `absent` rows are in the estate, not in the file, and left alone.
    """

    dry_run: bool
    changes: list[Change]
    kept: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    @property
    def created(self) -> list[str]:
        return [change.path for change in self.changes if change.before is None]

    @property
    def changed(self) -> list[str]:
        return [change.path for change in self.changes if change.before is not None]

    @property
    def unchanged(self) -> int:
        return len(self.kept)


Locate = Callable[[Complaint], Problem]


def import_estate(actor: Actor, text: str, *, dry_run: bool = False, prune: bool = False) -> ImportReport:
    """Make the estate as a YAML file describes it. Raises `ImportRefused`.

    What the file does not mention is left alone. With `prune`, rows that a list in the file leaves out are removed;
    a list that is not in the file at all removes nothing.
    """
    try:
        document = yamlfile.read(text)
    except yamlfile.NotYaml as error:
        raise ImportRefused([Problem(error.line, "", error.why)]) from error
    description = describe(document.data)
    description.complaints += document.complaints

    def locate(complaint: Complaint) -> Problem:
        return Problem(document.line(complaint.place), place_text(complaint.place), complaint.why)

    return carry_out(actor, description, locate, dry_run=dry_run, prune=prune)


def carry_out(
    actor: Actor, description: Description, locate: Locate, *, dry_run: bool, prune: bool = False
) -> ImportReport:
    """Plan and, where nothing is wrong, do. Organisations are locked, so two imports never interleave."""
    with transaction.atomic():
        organisations = _locked(actor, description)
        description.complaints += _not_theirs(actor, description, organisations)
        before = snapshot(list(organisations.values()))
        made = plan(description, before.values, prune=prune, everywhere=actor.organisations(EDIT) is None)
        if made.complaints:
            raise ImportRefused(_in_order([locate(complaint) for complaint in made.complaints]))
        report = _report(made, dry_run=dry_run, prune=prune)
        if not dry_run:
            _Applying(actor, before).apply(made, prune=prune)
    return report


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda problem: (problem.line or 0, problem.column))


def _locked(actor: Actor, description: Description) -> dict[str, int]:
    """The organisations of the file that exist and that this actor may edit, locked: slug to id."""
    slugs = [row.key[0] for row in description.rows if row.kind == "organisation"]
    found = Organisation.objects.select_for_update().filter(slug__in=slugs).order_by("pk")
    may_edit = actor.organisations(EDIT)
    if may_edit is not None:
        found = found.filter(pk__in=may_edit)
    return {organisation.slug: organisation.pk for organisation in found}


def _not_theirs(actor: Actor, description: Description, organisations: dict[str, int]) -> list[Complaint]:
    """The same words for a stranger's organisation and for one that does not exist."""
    if actor.organisations(EDIT) is None:
        return []
    return [
        Complaint(_naming(row.place), f"you may not edit an organisation {row.key[0]!r}, nor add one")
        for row in description.rows
        if row.kind == "organisation" and row.key[0] not in organisations
    ]


def _naming(place: Place) -> Place:
    return (*place, "slug")


def _report(made: Plan, *, dry_run: bool, prune: bool) -> ImportReport:
    absent = [row_path(kind, key) for kind, key in made.absent]
    report = ImportReport(dry_run, made.changes, [row_path(kind, key) for kind, key in made.unchanged])
    return replace(report, removed=absent) if prune else replace(report, absent=absent)


class _Applying:
    """Carries a plan out: owners first, then what they own; removals last and the other way round."""

    def __init__(self, actor: Actor, before: Snapshot) -> None:
        self._actor = actor
        self._rows = dict(before.rows)

    def apply(self, made: Plan, *, prune: bool) -> None:
        for change in made.changes:
            if change.before is None:
                self._create(change)
            else:
                self._change(change)
        for row in reversed(made.absent if prune else []):
            self._remove(*row)
        self._summarise(made, prune=prune)

    def _create(self, change: Change) -> None:
        row = MODELS[change.kind](**self._owner(change.kind, change.key), **change.after)
        with audited(self._actor, f"{change.kind}.added", row, reason="import"):
            row.save(force_insert=True)
        self._rows[change.kind, change.key] = row

    def _owner(self, kind: str, key: tuple[str, ...]) -> dict[str, Model | None]:
        match kind:
            case "organisation":
                return {}
            case "site":
                return {"organisation": self._rows["organisation", key[:1]]}
            case "system":
                return {"site": self._rows["site", key[:2]]}
            case "interface":
                return {"system": self._rows["system", key[:3]]}
            case "contact":
                site = self._rows["site", key[:2]] if key[1] else None
                return {"organisation": self._rows["organisation", key[:1]], "site": site}
        needs = self._rows["system", tuple(key[3].split("/"))]
        return {"system": self._rows["system", key[:3]], "needs": needs}

    def _change(self, change: Change) -> None:
        row = self._rows[change.kind, change.key]
        with audited(self._actor, f"{change.kind}.changed", row, reason="import"):
            for name, value in change.after.items():
                setattr(row, name, value)
            row.save(update_fields=list(change.after))

    def _remove(self, kind: str, key: tuple[str, ...]) -> None:
        row = self._rows[kind, key]
        with audited(self._actor, f"{kind}.removed", row, reason="import: not in the file"):
            row.delete()

    def _summarise(self, made: Plan, *, prune: bool) -> None:
        """One event an organisation, so that an import can be found as a whole."""
        touched = [(change.key[0], "added" if change.before is None else "changed") for change in made.changes]
        touched += [(key[0], "removed") for _, key in made.absent if prune]
        for slug in sorted({slug for slug, _ in touched}):
            counts: dict[str, Any] = {}
            for _, what in (each for each in touched if each[0] == slug):
                counts[what] = counts.get(what, 0) + 1
            record(self._actor, "estate.imported", self._rows["organisation", (slug,)], after=counts)
