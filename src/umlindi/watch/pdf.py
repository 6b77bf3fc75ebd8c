"""A morning check as a PDF, set by typst."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.utils import timezone

from umlindi import __version__
from umlindi.core.models import AuditEvent
from umlindi.watch.models import Check
from umlindi.watch.queries import CheckPage, Line

TEMPLATE = Path(__file__).with_name("check.typ")


def check_to_pdf(page: CheckPage) -> bytes:
    """The document of one check: what is broken first, then what works, then the signature."""
    data = json.dumps(_document(page), ensure_ascii=False)
    document: bytes = typst.compile(str(TEMPLATE), format="pdf", sys_inputs={"data": data})
    return document


def _document(page: CheckPage) -> dict[str, Any]:
    check = page.check
    return {
        "organisation": check.organisation.name,
        "number": check.pk,
        "version": __version__,
        "started": _moment(check.started_at),
        "finished": _moment(check.finished_at),
        "zone": timezone.get_current_timezone_name(),
        "counts": dict(page.counts),
        "total": page.done,
        "groups": [
            {"title": title, "lines": [_line(line) for line in lines]}
            for title, lines in (
                ("New since the check before", page.new),
                ("Still broken", page.still),
                ("Recovered", page.recovered),
                ("Not known", page.unknown),
                ("Works", page.working),
            )
            if lines
        ],
        "signed_by": check.signed_name,
        "signed_at": _moment(check.signed_at),
        "event": _event(check),
        "remarks": check.remarks,
    }


def _line(line: Line) -> dict[str, Any]:
    failure = line.failure
    return {
        "condition": line.condition.value,
        "system": line.row.system_name,
        "interface": f"{line.row.interface_name} {line.row.address}",
        "site": line.row.site_name,
        "headline": line.headline,
        "since": _moment(line.row.since),
        "found": f"{failure['step']}: {failure['code']} {failure['meaning']}" if failure else "",
        "cause": line.causes[0]["cause"] if line.next else "",
        "next": line.next,
        "affected": ", ".join(line.row.affected),
        "ms": "" if line.ms is None else f"{line.ms:.0f} ms",
    }


def _event(check: Check) -> str:
    """Where the trail holds the signature: its number and the beginning of its hash."""
    event = AuditEvent.objects.filter(
        verb="check.signed", object_kind=check._meta.label_lower, object_id=str(check.pk)
    ).first()
    return "" if event is None else f"audit event {event.seq}, {event.hash[:16]}"


def _moment(at: datetime | None) -> str:
    return "" if at is None else timezone.localtime(at).strftime("%-d %b %Y, %H:%M")
