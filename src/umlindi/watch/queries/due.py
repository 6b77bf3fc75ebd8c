"""What the contract asks today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.scope import visible
from umlindi.watch.models import Check
from umlindi.watch.queries.checks import checks

DUE_TODAY = "Daily health checks, due today"


@dataclass(frozen=True, slots=True)
class Due:
    """A line of what the contract asks today. `state` is ok, warn, fail or later."""

    code: str
    state: str
    text: str
    detail: str
    url: str = ""


def due_today(actor: Actor, now: datetime, organisation: Organisation | None = None) -> list[Due]:
    """Today's morning check of every organisation the actor may sign or see."""
    organisations = visible(actor, Organisation).filter(sites__isnull=False).distinct()
    if organisation is not None:
        organisations = organisations.filter(pk=organisation.pk)
    today = checks(actor).filter(started_at__date=timezone.localdate(now)).order_by("started_at")
    newest = {check.organisation_id: check for check in today}
    return [_due_check(one, newest.get(one.pk)) for one in organisations]


def _due_check(organisation: Organisation, check: Check | None) -> Due:
    if check is None:
        return Due("A1", "warn", f"Morning check of {organisation} not run yet", DUE_TODAY, reverse("watch:checks"))
    url = check.get_absolute_url()
    if check.finished_at is None:
        return Due("A1", "later", f"Morning check of {organisation} is running", "", url)
    if check.signed_at is None:
        return Due("A1", "warn", f"Morning check of {organisation} waits for a signature", DUE_TODAY, url)
    return Due("A1", "ok", f"Morning check of {organisation} signed", check.signed_name, url)
