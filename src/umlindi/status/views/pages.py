"""Where staff make status pages and say things on them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from umlindi.accounts.doors import Request, needs
from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import organisations_where
from umlindi.core.scope import visible
from umlindi.estate.forms import ReasonForm
from umlindi.status import queries, services
from umlindi.status.forms import EDIT, LinkForm, NoticeForm, PageForm, UpdateForm
from umlindi.status.models import Notice, StatusPage

both = require_http_methods(["GET", "HEAD", "POST"])


def _page_of(request: Request, pk: int) -> StatusPage:
    return get_object_or_404(visible(request.actor, StatusPage).select_related("organisation"), pk=pk)


@require_safe
@needs(EDIT)
def page_list(request: Request) -> HttpResponse:
    """Who of our clients can see for themselves how they are?"""
    context = {
        "rows": queries.page_rows(request.actor),
        "organisations": organisations_where(request.actor, EDIT),
    }
    return render(request, "status/list.html", context)


@both
@needs(EDIT)
def add_page(request: Request, organisation: str) -> HttpResponse:
    """A new page of one organisation."""
    owner = get_object_or_404(visible(request.actor, Organisation), slug=organisation)
    request.actor.require(EDIT, owner.pk)
    systems = queries.systems_to_show(request.actor, owner.pk)
    form = PageForm(request.POST or None, systems=systems, initial={"slug": owner.slug, "title": owner.name})
    if request.method == "POST" and form.is_valid():
        page = services.add_page(request.actor, owner, form.values(), form.shown())
        messages.success(request, f"{page} is there. Give a link to those who may read it.")
        return redirect(page)
    return render(request, "status/edit.html", {"form": form, "owner": owner})


@both
@needs(EDIT)
def change_page(request: Request, pk: int) -> HttpResponse:
    """Other words, other systems."""
    page = _page_of(request, pk)
    systems = queries.systems_to_show(request.actor, page.organisation_id)
    form = PageForm(request.POST or None, systems=systems, page=page)
    if request.method == "POST" and form.is_valid():
        services.change_page(request.actor, page, form.values(), form.shown())
        messages.success(request, f"{page} is changed. Its readers see it within ten seconds.")
        return redirect(page)
    return render(request, "status/edit.html", {"form": form, "owner": page.organisation, "page": page})


@both
@needs(EDIT)
def remove_page(request: Request, pk: int) -> HttpResponse:
    """Ask why, then remove it with its links."""
    page, form = _page_of(request, pk), ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = str(page)
        services.remove_page(request.actor, page, form.cleaned_data["reason"])
        messages.success(request, f"{name} was removed, and its links with it.")
        return redirect("status:pages")
    return render(request, "status/remove.html", {"form": form, "page": page})


@require_safe
@needs(EDIT)
def page(request: Request, pk: int) -> HttpResponse:
    """One page: what its readers see now, what is told on it, and who has a link."""
    return _page(request, _page_of(request, pk))


def _page(
    request: Request,
    page: StatusPage,
    notice_form: NoticeForm | None = None,
    update_form: UpdateForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "page": page,
        "told": queries.client_page(page, timezone.now()),
        "links": queries.links_of(request.actor, page),
        "notice_form": notice_form or NoticeForm(auto_id="notice-%s"),
        "update_form": update_form or UpdateForm(auto_id="update-%s"),
        "link_form": LinkForm(auto_id="link-%s"),
    }
    return render(request, "status/page.html", context, status=status)


@require_POST
@needs(EDIT)
def tell(request: Request, pk: int) -> HttpResponse:
    """Begin to tell the page's readers of something."""
    page, form = _page_of(request, pk), NoticeForm(request.POST, auto_id="notice-%s")
    if not form.is_valid():
        return _page(request, page, notice_form=form, status=422)
    services.tell(request.actor, page, timezone.now(), **form.cleaned_data)
    messages.success(request, "It is told. Its readers see it within ten seconds.")
    return redirect(page)


@require_POST
@needs(EDIT)
def say(request: Request, pk: int) -> HttpResponse:
    """An update of a notice."""
    rows = visible(request.actor, Notice).select_related("page__organisation")
    notice, form = get_object_or_404(rows, pk=pk), UpdateForm(request.POST, auto_id="update-%s")
    if not form.is_valid():
        return _page(request, notice.page, update_form=form, status=422)
    services.say(request.actor, notice, timezone.now(), **form.cleaned_data)
    messages.success(request, "It is told. Its readers see it within ten seconds.")
    return redirect(notice.page)
