"""The audit trail's pages."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from umlindi.core.doors import Request, needs
from umlindi.core.forms import FilterForm
from umlindi.core.models import AuditEvent
from umlindi.core.queries import trail_page
from umlindi.core.scope import visible_or_404
from umlindi.core.services import export_trail

FORMS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_safe
@needs("audit.view")
def trail(request: Request) -> HttpResponse:
    """Who did what, when and why; and is the record itself whole?"""
    form = FilterForm(request.GET)
    before = request.GET.get("before", "")
    page = trail_page(request.actor, form.filters(), int(before) if before.isdecimal() and len(before) < 20 else None)
    return render(request, "audit/list.html", {"page": page, "form": form})


@require_safe
@needs("audit.view")
def event(request: Request, seq: int) -> HttpResponse:
    """One event: what was before, what is after."""
    found = visible_or_404(request.actor, AuditEvent, seq=seq)
    return render(request, "audit/event.html", {"event": found, "changes": _changes(found)})


@require_safe
@needs("audit.view")
def export(request: Request, form: str) -> StreamingHttpResponse:
    """What the filters show, as a file."""
    if form not in FORMS:
        raise Http404("no such format")
    pieces = export_trail(request.actor, FilterForm(request.GET).filters(), form)
    name = f'attachment; filename="audit.{form}"'
    return StreamingHttpResponse(pieces, content_type=FORMS[form], headers={"Content-Disposition": name})


def _changes(event: AuditEvent) -> list[tuple[str, Any, Any]]:
    """Each field that was given, changed or removed, with its value before and after."""
    before, after = event.before or {}, event.after or {}
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]
