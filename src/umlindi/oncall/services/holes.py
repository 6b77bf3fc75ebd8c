"""A rota that nobody fills is an outage of the house itself, three days before it hurts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from umlindi.accounts.models import User
from umlindi.oncall.models import Rota
from umlindi.oncall.queries.plans import gaps
from umlindi.oncall.rules.roster import Gap
from umlindi.oncall.services.places import hole_key
from umlindi.watch.services import outages

AHEAD = timedelta(hours=72)
FIX = "Put somebody on, or mend the rota: On call. A hole is also a turn of somebody who left or has no channel."


def watch_holes(now: datetime) -> int:
    """Tell of each rota's first hole that begins within 72 hours, and end what was told where it is filled.

    Returns how many rotas have one.
    """
    return sum(_tell(rota, now) for rota in Rota.objects.select_related("organisation"))


def _tell(rota: Rota, now: datetime) -> bool:
    found = gaps(rota, now, now + AHEAD)
    if not found:
        outages.end(hole_key(rota), now, now)
        return False
    outages.report(
        hole_key(rota),
        "house",
        organisation=rota.organisation,
        subject=f"Rota {rota.name}",
        headline="has nobody on call" if found[0].start <= now else "will have nobody on call",
        condition="degraded",
        since=now,
        now=now,
        cause=_said(rota, found[0]),
        fix=FIX,
        evidence={"from": found[0].start.isoformat(), "holes": len(found)},
    )
    return True


def _said(rota: Rota, gap: Gap) -> str:
    start, end = (moment.astimezone(ZoneInfo(rota.timezone)) for moment in (gap.start, gap.end))
    until = "" if gap.end >= gap.start + AHEAD else f" until {end:%a %d %b %H:%M}"
    why = f": {User.objects.get(pk=gap.meant)} cannot be paged" if gap.meant else ""
    return f"Nobody from {start:%a %d %b %H:%M}{until}{why}"
