"""What the rooms above the watch say on a system's own page, gathered in one panel."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from umlindi.accounts.doors import Request
from umlindi.estate.models import System
from umlindi.status.queries.system import PERIODS, past


def past_of(request: Request, system: System) -> SafeString:
    """How it went over a day, a week or a month (`?days=`), its speed, what is agreed, and who is on call.

    Nothing where the page asks again for its present alone, as it does each ten seconds: a month of history is not read
    for that.
    """
    if request.headers.get("HX-Target") == "live":
        return SafeString("")
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(one) for one in PERIODS} else 1
    told = past(request.actor, system, days, timezone.now())
    context = {"past": told, "periods": PERIODS, "system": system, "zone": system.site.timezone}
    return render_to_string("status/panel_system.html", context, request)
