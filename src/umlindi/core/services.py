"""Verbs of the trail itself: prove it, and take a copy of it away. Both are events of the trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from umlindi.core import anchors
from umlindi.core.actors import Actor
from umlindi.core.audit import Subject, record
from umlindi.core.exporting import as_csv, as_json
from umlindi.core.queries import VERIFIED, Filters, events
from umlindi.core.verification import Break, Verdict, verify

TRAIL = Subject("core.auditevent", "", "the audit trail")
BREAKS_RECORDED = 20


def verify_trail(actor: Actor, now: datetime) -> Verdict:
    """Prove the whole trail and record the outcome in it; a whole one becomes the next anchor.

    An anchor file that cannot be read is a break like any other.
    """
    try:
        verdict = verify(anchors.newest())
    except anchors.AnchorUnreadable as error:
        unanchored = verify()
        verdict = Verdict(unanchored.events, (*unanchored.breaks, Break(0, str(error))), unanchored.newest)
    if verdict.whole and verdict.newest:
        anchors.remember(verdict.newest, now)
    breaks = [{"seq": each.seq, "what": each.what} for each in verdict.breaks[:BREAKS_RECORDED]]
    with transaction.atomic():
        record(actor, VERIFIED, TRAIL, after={"events": verdict.events, "whole": verdict.whole, "breaks": breaks})
    return verdict


def export_trail(actor: Actor, filters: Filters, form: str) -> Iterator[str]:
    """The events the actor may see that fit, oldest first, as "csv" or "json" text in pieces; who took what is recorded
    before the first piece."""
    actor.require("audit.view")
    with transaction.atomic():
        record(actor, "audit.exported", TRAIL, after={"form": form, **filters.told()})
    rows = events(actor, filters).order_by("seq").iterator(chunk_size=2000)
    return as_csv(rows) if form == "csv" else as_json(rows)
