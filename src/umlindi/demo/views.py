"""The door of the fault lab."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from umlindi.accounts.doors import Request, needs
from umlindi.demo import queries, services
from umlindi.demo.faults import BY_SLUG, UnknownFault
from umlindi.demo.lab import NotConfirmed


@require_safe
@needs("demo.break")
def lab(request: Request) -> HttpResponse:
    """What can be broken, what is, and what to look for."""
    return render(request, "demo/lab.html", {"page": queries.lab_page(request.actor, Path(settings.UMLINDI_HOME))})


@require_POST
@needs("demo.break")
def break_fault(request: Request, slug: str) -> HttpResponse:
    """Break it; the answer comes once it is broken."""
    try:
        _, where = services.break_fault(request.actor, slug, request.POST.get("system", ""))
    except UnknownFault as error:
        raise Http404(str(error)) from error
    except NotConfirmed as error:
        messages.error(request, f"It could not be broken: {error}.")
    else:
        messages.success(request, f"{BY_SLUG[slug].title}, on {where}. Now find it: Now shows it within a minute.")
    return redirect("demo:lab")


@require_POST
@needs("demo.break")
def mend(request: Request, slug: str) -> HttpResponse:
    """Mend it; the answer comes once it is mended."""
    try:
        services.mend_fault(request.actor, slug, request.POST.get("system", ""))
    except UnknownFault as error:
        raise Http404(str(error)) from error
    except NotConfirmed as error:
        messages.error(request, f"It could not be mended: {error}.")
    else:
        messages.success(request, f"Mended: {BY_SLUG[slug].title}. Now shows it recovered at the next probe.")
    return redirect("demo:lab")
