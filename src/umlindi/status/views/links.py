"""Secret links: made, shown once, revoked."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from umlindi.accounts.doors import Request, needs
from umlindi.core.scope import visible
from umlindi.status import queries, services
from umlindi.status.forms import EDIT, LinkForm, WallLinkForm
from umlindi.status.models import Link, StatusPage


@require_POST
@needs(EDIT)
def link_page(request: Request, pk: int) -> HttpResponse:
    """A new link to a status page."""
    page = get_object_or_404(visible(request.actor, StatusPage).select_related("organisation"), pk=pk)
    form = LinkForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say for whom the link is: by that name it is found again when it must be revoked.")
        return redirect(page)
    link, secret = services.make_link(request.actor, form.cleaned_data["name"], timezone.now(), page=page)
    return _shown_once(request, link, reverse("status:linked", args=[secret]), page.get_absolute_url())


@require_http_methods(["GET", "HEAD", "POST"])
@needs(EDIT)
def wall_links(request: Request) -> HttpResponse:
    """Which screens show the wallboard, and a link for one more."""
    form = WallLinkForm(request.actor, request.POST or None)
    if request.method == "POST" and form.is_valid():
        link, secret = services.make_link(request.actor, now=timezone.now(), **form.cleaned_data)
        return _shown_once(request, link, reverse("status:kiosk", args=[secret]), reverse("status:wall_links"))
    return render(request, "status/wall_links.html", {"links": queries.wall_links(request.actor), "form": form})


def _shown_once(request: Request, link: Link, path: str, back: str) -> HttpResponse:
    context = {"link": link, "url": request.build_absolute_uri(path), "back": back}
    return render(request, "status/link_shown_once.html", context)


@require_POST
@needs(EDIT)
def revoke(request: Request, pk: int) -> HttpResponse:
    """End a link."""
    link = get_object_or_404(visible(request.actor, Link).select_related("page", "organisation"), pk=pk)
    services.revoke_link(request.actor, link, timezone.now())
    messages.success(request, f"The link “{link}” opens nothing any more.")
    return redirect(link.page or "status:wall_links")
