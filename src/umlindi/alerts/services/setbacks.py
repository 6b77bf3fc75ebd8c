"""What breaks the pager's own code is an outage of the house: told like any other, and never in the way."""

from __future__ import annotations

from datetime import datetime, timedelta

from umlindi.alerts.models import Setback
from umlindi.probes import Layer, ProbeResult, Severity, State, Step
from umlindi.watch.models import Outage
from umlindi.watch.services import outages

KEY = "house:pager:"
SUBJECT = "The pager"
STEADY = timedelta(minutes=10)
FIX = "Send the pager's log to whoever looks after Umlindi. Everything else goes on; what is named here is tried again."


def report_setback(what: str, row: int, error: str, now: datetime) -> None:
    """`what` is the kind of work, such as "outage"; `error` the name of the exception, never its text: that could
    hold anything."""
    headline = f"fails at {what} {row}"
    step = Step(what, State.FAILED, None, Layer.WORKFLOW, error, headline, {"at": now.isoformat()}, Severity.FAILED)
    outages.report(
        f"{KEY}{what}",
        "house",
        organisation=None,
        subject=SUBJECT,
        headline=headline,
        condition="degraded",
        since=now,
        now=now,
        fix=FIX,
        evidence=ProbeResult("house", SUBJECT, (step,)).to_json(),
    )


def tend_setbacks(now: datetime) -> None:
    """End what has not happened again for a while."""
    waiting = Setback.objects.exists()
    for outage in Outage.objects.filter(kind=Outage.Kind.HOUSE, key__startswith=KEY, until=None):
        last = datetime.fromisoformat(outage.last["steps"][0]["evidence"]["at"])
        if not (waiting and outage.key == f"{KEY}outage") and abs(now - last) > STEADY:
            outages.end(outage.key, now, now)
