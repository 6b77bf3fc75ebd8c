"""Audit events as CSV or JSON, a piece at a time, however many there are."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from umlindi.core.models import AuditEvent

COLUMNS = tuple(field.attname for field in AuditEvent._meta.concrete_fields)
# A spreadsheet runs a cell that starts so; a name typed at sign-in must not run anything.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """What csv.writer wants of a file: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(rows: Iterable[AuditEvent]) -> Iterator[str]:
    """RFC 4180 with a head; `before` and `after` are JSON in a cell."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for event in rows:
        yield writer.writerow([_cell(value) for value in _values(event).values()])


def as_json(rows: Iterable[AuditEvent]) -> Iterator[str]:
    """One JSON array, an event a line."""
    glue = "[\n"
    for event in rows:
        yield glue + json.dumps(_values(event), ensure_ascii=False)
        glue = ",\n"
    yield "\n]\n" if glue != "[\n" else "[]\n"


def _values(event: AuditEvent) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in COLUMNS}
    values["at"] = event.at.isoformat(timespec="microseconds")
    return values


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
