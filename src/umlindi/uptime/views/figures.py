"""Looking at figures: everything, one subject, and all of it for a spreadsheet."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from umlindi.accounts.doors import Request, chosen, needs
from umlindi.core.scope import visible_or_404
from umlindi.estate import csvfile
from umlindi.uptime import queries, services
from umlindi.uptime.exporting import HEADINGS, as_rows
from umlindi.uptime.forms import PeriodForm, ReasonForm
from umlindi.uptime.models import ClosedMonth, Objective
from umlindi.uptime.queries.book import Kind
from umlindi.uptime.queries.closed import is_whole, windows_of
from umlindi.uptime.queries.pages import MODELS
from umlindi.uptime.queries.periods import Asked
from umlindi.uptime.queries.subjects import Subject
from umlindi.uptime.views.shared import trail


def _asked(request: Request) -> tuple[Asked, PeriodForm]:
    """The period of the address; the running month where it cannot be read, and the form that says why."""
    form, now = PeriodForm(request.GET), timezone.now()
    return form.asked(now) or Asked.this_month(now), form


@require_safe
@needs("alert.view")
def index(request: Request) -> HttpResponse:
    """Was what was promised kept, and what was not up?"""
    asked, form = _asked(request)
    organisation = chosen(request)
    page = queries.uptime_page(request.actor, asked, organisation)
    return render(request, "uptime/index.html", {"page": page, "form": form, "chosen": organisation})


@require_safe
@needs("alert.view")
def table_csv(request: Request) -> HttpResponse:
    """Every figure of a period, interfaces too."""
    asked, _ = _asked(request)
    page = queries.uptime_page(request.actor, asked, chosen(request), interfaces=True)
    text = csvfile.write(HEADINGS, as_rows(page))
    name = f'attachment; filename="uptime-{asked.first}-to-{asked.last}.csv"'
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@require_safe
@needs("alert.view")
def subject(request: Request, kind: Kind, pk: int) -> HttpResponse:
    """One subject: its figures and the intervals that made them."""
    row: Subject = visible_or_404(request.actor, MODELS[kind], pk=pk)
    asked, form = _asked(request)
    page = queries.subject_page(request.actor, kind, row, asked)
    terms = row.terms.prefetch_related("systems") if isinstance(row, Objective) else ()
    context = {"page": page, "subject": row, "form": form, "trail": trail(row, asked), "terms": terms}
    return render(request, "uptime/subject.html", context)


@require_safe
@needs("alert.view")
def month(request: Request, pk: int) -> HttpResponse:
    """A closed month: by what it was judged, whether it still is what was closed, and its corrections."""
    return _month(request, visible_or_404(request.actor, ClosedMonth, pk=pk), ReasonForm())


def _month(request: Request, row: ClosedMonth, form: ReasonForm, status: int = 200) -> HttpResponse:
    beside = ClosedMonth.objects.filter(organisation=row.organisation, month=row.month).order_by("closed_at")
    context = {"row": row, "whole": is_whole(row), "windows": windows_of(row), "beside": beside, "form": form}
    return render(request, "uptime/month.html", context, status=status)


@require_POST
@needs("watch.edit")
def correct(request: Request, pk: int) -> HttpResponse:
    """Work a closed month out anew, beside what stands."""
    row = visible_or_404(request.actor, ClosedMonth, pk=pk)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _month(request, row, form, status=422)
    fresh = services.correct(request.actor, row, form.cleaned_data["reason"], timezone.now())
    messages.success(request, f"{fresh} was worked out anew. What stood before is kept beside it.")
    return redirect(fresh)
