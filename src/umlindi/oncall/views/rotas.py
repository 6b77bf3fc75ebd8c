"""One rota: seen, made, changed with a look at what would come of it, removed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from umlindi.accounts.doors import Request, needs
from umlindi.accounts.models import Organisation
from umlindi.core.actors import EVERYWHERE
from umlindi.estate.forms import ReasonForm
from umlindi.oncall import services
from umlindi.oncall.forms import MOST_LAYERS, LayerForm, NoteForm, RotaForm, layer_forms, new_layer, stored_layers
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.pages import Drawn, drawn_plan, editable_organisations, rota_page
from umlindi.oncall.queries.plans import candidates, preview_plan
from umlindi.oncall.services.places import place, require_hours, require_zone
from umlindi.oncall.views.common import EDIT, VIEW, both, rota_of


@require_safe
@needs(VIEW)
def rota(request: Request, pk: int) -> HttpResponse:
    """Who is on call here now and in the next four weeks, and what was changed by hand?"""
    at = timezone.now()
    page = rota_page(request.actor, rota_of(request, pk), at)
    return render(request, "oncall/rota.html", {"page": page, "note": NoteForm(), "at": at})


@both
@needs(EDIT)
def add(request: Request) -> HttpResponse:
    """A new rota."""
    return _edit(request, None)


@both
@needs(EDIT)
def change(request: Request, pk: int) -> HttpResponse:
    """Its layers, as a whole."""
    row = rota_of(request, pk)
    request.actor.require(EDIT, place(row.organisation_id))
    return _edit(request, row)


@both
@needs(EDIT)
def remove(request: Request, pk: int) -> HttpResponse:
    """Take a rota away."""
    row = rota_of(request, pk)
    request.actor.require(EDIT, place(row.organisation_id))
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        try:
            services.remove_rota(request.actor, row, form.cleaned_data["reason"], timezone.now())
        except services.Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{row.name} was removed.")
            return redirect("oncall:now")
    context = {"form": form, "title": f"Remove {row.name}?", "action": "Remove it", "danger": True, "back": row}
    warning = "Its overrides, swaps and notes go with it. Who was paged stays written down with each alert."
    return render(request, "oncall/form.html", context | {"warning": warning})


def _edit(request: Request, row: Rota | None) -> HttpResponse:
    """The form goes round: to add a layer, to look at what would come of it, to save."""
    sent = request.POST.dict() if request.method == "POST" else _start(row)
    form = _rota_form(request, row, sent)
    where = row.organisation if row else _chosen(form)
    people = candidates(where.pk if where else None, row)
    if request.POST.get("do") == "layer":
        sent = _one_more(sent)
    layers = layer_forms(people, sent)
    context: dict[str, Any] = {"form": form, "layers": layers, "rota": row, "full": len(layers) >= MOST_LAYERS}
    if request.POST.get("do") in {"look", "save"} and _valid(form, layers):
        ordered = _ordered(layers)
        try:
            context["drawn"] = _preview(form, where, ordered)
            if request.POST["do"] == "save":
                return _saved(request, row, form, where, ordered)
        except services.Refused as refusal:
            form.add_error(None, str(refusal))
    return render(request, "oncall/edit.html", context)


def _start(row: Rota | None) -> dict[str, Any]:
    if row is None:
        today = timezone.localdate().isoformat()
        return {"layers": "1", "timezone": timezone.get_default_timezone_name(), **new_layer(0, today)}
    own = {name: getattr(row, name) for name in ("name", "timezone", "hours", "on_holidays")}
    return {**own, "seen": services.fingerprint(row), **stored_layers(row)}


def _rota_form(request: Request, row: Rota | None, sent: dict[str, Any]) -> RotaForm:
    everywhere = request.actor.may(EDIT, EVERYWHERE)
    organisations = None if row else editable_organisations(request.actor)
    if request.method == "POST":
        return RotaForm(organisations, everywhere, sent)
    return RotaForm(organisations, everywhere, initial=sent)


def _chosen(form: RotaForm) -> Organisation | None:
    """Where a new rota is to be: asked for first, because it says who can be in it."""
    if form.is_bound and form.is_valid():
        chosen: Organisation | None = form.cleaned_data["organisation"]
        return chosen
    place_field: Any = form.fields["organisation"]
    return place_field.queryset.first() if place_field.required else None


def _one_more(sent: dict[str, Any]) -> dict[str, Any]:
    count = len(layer_forms([], sent))
    if count >= MOST_LAYERS:
        return sent
    return sent | {"layers": str(count + 1)} | new_layer(count, timezone.localdate().isoformat())


def _valid(form: RotaForm, layers: list[LayerForm]) -> bool:
    return all([form.is_valid(), *(each.is_valid() for each in layers if not each.removed)])


def _ordered(layers: list[LayerForm]) -> list[services.LayerGiven]:
    kept = [each for each in layers if not each.removed]
    return [each.given() for each in sorted(kept, key=lambda each: int(each.cleaned_data["place"]))]


def _preview(form: RotaForm, where: Organisation | None, layers: list[services.LayerGiven]) -> Drawn:
    """What would come of it. Raises `Refused` for a zone or hours that cannot be read."""
    given, now = form.cleaned_data, timezone.now()
    draft = Rota(organisation=where, **{name: given[name] for name in ("timezone", "hours", "on_holidays")})
    require_zone(draft.timezone)
    for hours in (draft.hours, *(each.hours for each in layers)):
        require_hours(hours)
    plan = preview_plan(draft, [each.rotation() for each in layers], now)
    return drawn_plan(plan, draft.organisation_id, now)


def _saved(
    request: Request, row: Rota | None, form: RotaForm, where: Organisation | None, layers: list[services.LayerGiven]
) -> HttpResponse:
    given = form.cleaned_data
    saved = services.save_rota(
        request.actor,
        row,
        organisation=where,
        name=given["name"],
        timezone=given["timezone"],
        hours=given["hours"],
        on_holidays=given["on_holidays"],
        layers=layers,
        seen=given["seen"],
    )
    messages.success(request, f"{saved.name} was saved.")
    return redirect(saved)
