"""The estate as the text that `import_estate` reads: sorted, complete, the same text for the same estate."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.estate.queries.snapshot import Snapshot, snapshot
from umlindi.estate.rules.description import Key

EDIT = "estate.edit"


def export_estate(actor: Actor, organisation: Organisation | None = None) -> str:
    """YAML of one organisation, or of every one this actor may edit. Raises `Forbidden` for one they may not."""
    actor.require(EDIT, organisation.pk if organisation else None)
    rows = visible(actor, Organisation) if organisation is None else Organisation.objects.filter(pk=organisation.pk)
    may_edit = actor.organisations(EDIT)
    ids = [pk for pk in rows.values_list("pk", flat=True) if may_edit is None or pk in may_edit]
    stream = io.StringIO()
    _writer().dump({"umlindi": 1, "organisations": _Nesting(snapshot(ids)).organisations()}, stream)
    return stream.getvalue()


def _writer() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # ruamel.yaml annotates its default
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    # Two rows that share a value must not become an anchor and an alias, which no estate file has.
    yaml.representer.ignore_aliases = lambda data: True
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


class _Nesting:
    """Puts a flat snapshot back into the file's shape."""

    def __init__(self, taken: Snapshot) -> None:
        self._owned: dict[tuple[str, Key], list[Key]] = {}
        self._values = taken.values
        for kind, key in taken.values:
            self._owned.setdefault((kind, key[:-1]), []).append(key)

    def _below(self, kind: str, owner: Key) -> list[Key]:
        """Sorted here and not by the database, whose collation differs from machine to machine."""
        return sorted(self._owned.get((kind, owner), []))

    def organisations(self) -> list[dict[str, Any]]:
        return [self._organisation(key) for key in self._below("organisation", ())]

    def _organisation(self, key: Key) -> dict[str, Any]:
        sites = [self._site(site) for site in self._below("site", key)]
        return {**self._values["organisation", key], "contacts": self._contacts((*key, "")), "sites": sites}

    def _site(self, key: Key) -> dict[str, Any]:
        systems = [self._system(system) for system in self._below("system", key)]
        return {**self._values["site", key], "contacts": self._contacts(key), "systems": systems}

    def _system(self, key: Key) -> dict[str, Any]:
        needs = [need[3] for need in self._below("dependency", key)]
        interfaces = [self._values["interface", each] for each in self._below("interface", key)]
        return {
            **self._values["system", key],
            "depends_on": needs,
            "interfaces": [{**values, "settings": _sorted(values["settings"])} for values in interfaces],
        }

    def _contacts(self, owner: Key) -> list[dict[str, Any]]:
        """In the order in which they are rung."""
        rows = [self._values["contact", key] for key in self._owned.get(("contact", owner), [])]
        return [{name: value for name, value in row.items() if name != "position"} for row in rows]


def _sorted(settings: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(settings.items()))
