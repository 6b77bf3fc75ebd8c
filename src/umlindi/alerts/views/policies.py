"""Who is told of an alert, in which order: shown with who that would be now, and changed."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from umlindi.accounts.doors import Request, chosen, needs
from umlindi.accounts.models import Organisation
from umlindi.accounts.queries import organisations_where
from umlindi.alerts import queries
from umlindi.alerts.forms import PolicyForm
from umlindi.alerts.models import Policy
from umlindi.alerts.queries.people import people_to_tell
from umlindi.alerts.queries.preview import gaps, preview
from umlindi.alerts.services.policies import BadPolicy, remove_policy, save_policy
from umlindi.core.actors import EVERYWHERE
from umlindi.core.scope import visible_or_404
from umlindi.oncall.rules.severity import Severity

VIEW, EDIT = "oncall.view", "oncall.edit"
both = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@needs(VIEW)
def policy_list(request: Request) -> HttpResponse:
    """Who is told of what, in which order?"""
    context = {
        "policies": queries.policies(request.actor),
        "organisations": organisations_where(request.actor, EDIT),
        "everywhere": request.actor.may(EDIT, EVERYWHERE),
    }
    return render(request, "alerts/policies.html", context)


@both
@needs(EDIT)
def add_policy(request: Request) -> HttpResponse:
    """A policy of the organisation in `?org=`, or the provider's own where none is named."""
    organisation = chosen(request)
    request.actor.require(EDIT, organisation.pk if organisation else EVERYWHERE)
    return _edit(request, organisation, None)


def _policy_of(request: Request, pk: int) -> Policy:
    row = queries.policies(request.actor).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


@require_safe
@needs(VIEW)
def policy(request: Request, pk: int) -> HttpResponse:
    """One policy: its steps, and whom they would tell now."""
    row = _policy_of(request, pk)
    return render(request, "alerts/policy.html", {"policy": row, "organisation": row.organisation, **_previewed(row)})


@both
@needs(EDIT)
def change_policy(request: Request, pk: int) -> HttpResponse:
    """Other steps, beside whom they tell as they stand."""
    row = _policy_of(request, pk)
    request.actor.require(EDIT, row.organisation_id or EVERYWHERE)
    return _edit(request, row.organisation, row)


def _edit(request: Request, organisation: Organisation | None, row: Policy | None) -> HttpResponse:
    form = PolicyForm(people_to_tell(organisation), row, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_policy(request.actor, form.given(), organisation, row)
        except BadPolicy:
            form.refuse()
        else:
            messages.success(request, "Saved. Alerts that are open keep what they opened with.")
            return redirect(saved)
    context = {"form": form, "policy": row, "organisation": organisation, **(_previewed(row) if row else {})}
    return render(request, "alerts/policy.html", context)


def _previewed(row: Policy) -> dict[str, object]:
    steps = preview(row, Severity.CRITICAL, timezone.now())
    return {"preview": steps, "hole": gaps(steps), "shown_for": row.severity or Severity.CRITICAL}


@require_POST
@needs(EDIT)
def remove(request: Request, pk: int) -> HttpResponse:
    """Its organisation's alerts go by the provider's policy from then on."""
    row = visible_or_404(request.actor, Policy, pk=pk)
    name = str(row)
    remove_policy(request.actor, row)
    messages.success(request, f"{name} was removed.")
    return redirect("alerts:policies")
