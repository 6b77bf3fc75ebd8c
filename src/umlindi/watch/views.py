"""The doors of watch: an outage, a probe on demand, the morning check and its signature."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from umlindi.accounts.doors import Request, chosen, needs
from umlindi.accounts.models import Organisation
from umlindi.core.scope import visible_or_404
from umlindi.estate.models import Interface
from umlindi.watch import queries, services
from umlindi.watch.forms import SignForm
from umlindi.watch.jobs import check_estate
from umlindi.watch.models import Check, Outage
from umlindi.watch.pdf import check_to_pdf


@require_POST
@needs("probe.run")
def probe_now(request: Request, pk: int) -> HttpResponse:
    """Ask the watch loop for a probe of one interface at once."""
    interface = visible_or_404(request.actor, Interface, pk=pk)
    services.ask_now(request.actor, interface, timezone.now())
    if request.headers.get("HX-Request"):
        return render(request, "watch/_asked.html", {"interface": interface})
    messages.success(request, f"{interface} is being probed. Its answer shows here in a few seconds.")
    return redirect(_where_from(request))


def _where_from(request: Request) -> str:
    """The page that asked, where it is one of ours; else Now."""
    page = request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else "now"


@require_safe
@needs("check.view")
def check_list(request: Request) -> HttpResponse:
    """Was every morning looked after, and is today's?"""
    page = queries.checks_page(request.actor, timezone.now(), chosen(request))
    return render(request, "watch/checks.html", {"page": page})


@require_POST
@needs("check.run")
def check_start(request: Request) -> HttpResponse:
    """Begin a morning check of one organisation; the worker runs it."""
    organisation = visible_or_404(request.actor, Organisation, slug=request.POST.get("organisation", ""))
    with transaction.atomic():
        check = services.start_check(request.actor, organisation, timezone.now())
        check_estate.defer(check_id=check.pk)
    return redirect(check)


@require_safe
@needs("check.view")
def check_page(request: Request, pk: int) -> HttpResponse:
    """One check: while it runs its progress, then what it found, then who signed it."""
    check = visible_or_404(request.actor, Check, pk=pk)
    page = queries.check_page(request.actor, check, timezone.now())
    template = "watch/_check.html" if request.headers.get("HX-Request") else "watch/check.html"
    return render(request, template, {"page": page, "form": SignForm()})


@require_POST
@needs("check.sign")
def check_sign(request: Request, pk: int) -> HttpResponse:
    """Sign a finished check."""
    check = visible_or_404(request.actor, Check, pk=pk)
    form = SignForm(request.POST)
    if not form.is_valid():
        page = queries.check_page(request.actor, check, timezone.now())
        return render(request, "watch/check.html", {"page": page, "form": form}, status=422)
    try:
        services.sign(request.actor, check, form.cleaned_data["remarks"], timezone.now())
    except services.NotFinished:
        messages.error(request, "The check is still running: sign it when every interface has answered.")
    except services.Unnamed:
        messages.error(request, "A named person signs: enter your name under “Your account”, then sign.")
    except services.AlreadySigned:
        messages.error(request, "This check was signed already. A signed check is evidence and stays as it is.")
    return redirect(check)


@require_safe
@needs("check.view")
def check_pdf(request: Request, pk: int) -> HttpResponse:
    """The check as a document."""
    check = visible_or_404(request.actor, Check, pk=pk)
    document = check_to_pdf(queries.check_page(request.actor, check, timezone.now()))
    name = f"morning-check-{check.organisation.slug}-{timezone.localtime(check.started_at):%Y-%m-%d}.pdf"
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@require_safe
@needs("alert.view")
def outage(request: Request, pk: int) -> HttpResponse:
    """One outage: why, what to do, whom it touches, what was seen. An open one is asked for again by the page."""
    row = visible_or_404(request.actor, Outage, pk=pk)
    page = queries.outage_page(request.actor, row, timezone.now())
    template = "watch/_outage.html" if request.headers.get("HX-Request") else "watch/outage.html"
    return render(request, template, {"page": page})
