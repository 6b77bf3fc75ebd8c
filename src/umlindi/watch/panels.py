"""What watch says on a system's own page."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from umlindi.accounts.doors import Request
from umlindi.core.scope import visible
from umlindi.estate.models import Interface, System
from umlindi.watch import queries


def present_of(request: Request, system: System) -> SafeString:
    """Each of the system's interfaces as it is now, with its ladder and its causes."""
    interfaces = visible(request.actor, Interface).filter(system=system, enabled=True)
    presents = queries.worst_first(queries.presents(request.actor, timezone.now(), interfaces))
    context = {"presents": presents, "zone": system.site.timezone}
    return render_to_string("watch/panel_system.html", context, request)
