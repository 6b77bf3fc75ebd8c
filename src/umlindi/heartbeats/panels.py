"""What heartbeats say on a system's own page."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from umlindi.accounts.doors import Request
from umlindi.estate.models import System
from umlindi.heartbeats import queries


def heartbeats_of(request: Request, system: System) -> SafeString:
    """What must report for the system; nothing for who may not see it, or could not add the first."""
    organisation = system.site.organisation
    may_see = request.actor.may("alert.view", organisation.pk)
    rows = queries.rows(request.actor, system=system) if may_see else []
    may_add = may_see and request.actor.may("watch.edit", organisation.pk)
    if not rows and not may_add:
        return SafeString()
    context = {"rows": rows, "system": system, "organisation": organisation, "may_add": may_add}
    return render_to_string("heartbeats/panel_system.html", context, request)
