"""Agreeing on windows, changing and ending them. Every verb leaves an event with what the window covers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import transaction

from umlindi.accounts.models import Organisation
from umlindi.core.actors import Actor
from umlindi.core.audit import record
from umlindi.estate.models import Site, System
from umlindi.uptime.models import Window
from umlindi.uptime.queries.coverage import covered_by
from umlindi.uptime.queries.ledger import Ledger
from umlindi.uptime.rules import windows as rules
from umlindi.uptime.rules.timeline import Period

EDIT = "window.edit"
TOLD = ("title", "reason", "agreed_by", "starts", "ends", "state", "ends_on_recovery", "recovery_grace")


class Invalid(Exception):
    """What was given cannot stand. `complaints` are by field."""

    def __init__(self, complaints: Mapping[str, str]) -> None:
        super().__init__(" ".join(complaints.values()))
        self.complaints = complaints


class History(Exception):
    """A closed or cancelled window stays as it is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a window should be. `systems` and `sites` must be of its organisation, and there must be one of them."""

    title: str
    reason: str
    agreed_by: str
    starts: datetime
    ends: datetime
    systems: frozenset[System]
    sites: frozenset[Site]
    ends_on_recovery: bool = False
    recovery_grace: timedelta = timedelta(minutes=15)


def plan(
    actor: Actor, organisation: Organisation, wanted: Wanted, zone: ZoneInfo, now: datetime, *, times: int = 1
) -> list[Window]:
    """Agree on a window, or on a series of one a week at the same time by the clock in `zone`. Raises `Invalid`."""
    actor.require(EDIT, organisation.pk)
    _check(organisation, wanted, rules.complaints(wanted.starts, wanted.ends, now))
    if not 1 <= times <= rules.MOST_WEEKS:
        raise Invalid({"times": f"Between 1 and {rules.MOST_WEEKS} times."})
    series = uuid4() if times > 1 else None
    with transaction.atomic():
        return [
            _planned(actor, organisation, wanted, starts=starts, ends=ends, zone=zone.key, series=series)
            for starts, ends in rules.weekly(wanted.starts, wanted.ends, zone, times)
        ]


def _planned(actor: Actor, organisation: Organisation, wanted: Wanted, **when: Any) -> Window:
    window = Window.objects.create(
        organisation=organisation,
        title=wanted.title,
        reason=wanted.reason,
        agreed_by=wanted.agreed_by,
        ends_on_recovery=wanted.ends_on_recovery,
        recovery_grace=wanted.recovery_grace,
        created_by=actor.name,
        **when,
    )
    _cover(window, wanted)
    record(actor, "window.planned", window, after=_told(window))
    return window


def change(actor: Actor, window: Window, wanted: Wanted, reason: str, now: datetime) -> Window:
    """Change a window that has not begun. One that has may only end sooner or later: for the rest of it, `wanted` is
    not looked at. Raises `Invalid`, and `History` where it is over."""
    actor.require(EDIT, window.organisation_id)
    with transaction.atomic():
        held, state = _held(window, now)
        if state is rules.State.ACTIVE:
            return _moved(actor, held, wanted.ends, reason, now)
        _check(held.organisation, wanted, rules.complaints(wanted.starts, wanted.ends, now))
        before = _told(held)
        for name in ("title", "reason", "agreed_by", "starts", "ends", "ends_on_recovery", "recovery_grace"):
            setattr(held, name, getattr(wanted, name))
        held.save()
        _cover(held, wanted)
        _record(actor, "window.changed", held, before, reason)
    return held


def _moved(actor: Actor, held: Window, ends: datetime, reason: str, now: datetime) -> Window:
    complaints = rules.complaints(held.starts, ends, now, began=held.starts)
    if not reason.strip():
        complaints["change_reason"] = "Say why: it has begun."
    if complaints:
        raise Invalid(complaints)
    before = _told(held)
    held.ends = ends
    held.save(update_fields=["ends"])
    _record(actor, "window.moved", held, before, reason)
    return held


def end(actor: Actor, window: Window, reason: str, now: datetime) -> Window:
    """End a window that is active: from now on its systems count and page again. Raises `History`, and `Invalid` where
    it has not begun."""
    actor.require(EDIT, window.organisation_id)
    with transaction.atomic():
        held, state = _held(window, now)
        if state is not rules.State.ACTIVE:
            raise Invalid({"": "It has not begun: cancel it instead."})
        return _close(actor, held, max(now, held.starts + timedelta(microseconds=1)), reason)


def cancel(actor: Actor, window: Window, reason: str, now: datetime, *, rest: bool = False) -> list[Window]:
    """Cancel a window that has not begun, with `rest` all later ones of its series too. Raises `History`, and `Invalid`
    where it has begun."""
    actor.require(EDIT, window.organisation_id)
    with transaction.atomic():
        held, state = _held(window, now)
        if state is not rules.State.PLANNED:
            raise Invalid({"": "It has begun: end it instead."})
        found = [held]
        if rest and held.series:
            later = Window.objects.select_for_update().filter(series=held.series, state=Window.State.PLANNED)
            found += later.filter(starts__gt=held.starts)
        for one in found:
            before = _told(one)
            one.state = Window.State.CANCELLED
            one.save(update_fields=["state"])
            _record(actor, "window.cancelled", one, before, reason)
    return found


def keep_up(actor: Actor, now: datetime) -> list[Window]:
    """Note which windows have begun and which are over, and end those that end on recovery. Returns what changed."""
    changed = []
    due = Window.objects.filter(starts__lte=now, state__in=[Window.State.PLANNED, Window.State.ACTIVE])
    for key in due.values_list("pk", flat=True):
        with transaction.atomic():
            held = Window.objects.select_for_update(skip_locked=True).filter(pk=key).first()
            if held is not None and not held.is_history and _kept_up(actor, held, now):
                changed.append(held)
    return changed


def _kept_up(actor: Actor, held: Window, now: datetime) -> bool:
    recovered = _recovered_at(held, now) if held.ends_on_recovery else None
    if recovered is not None:
        _close(actor, held, recovered, "everything it covers is up again")
    elif now >= held.ends:
        _close(actor, held, held.ends, "")
    elif held.state == Window.State.PLANNED:
        before = _told(held)
        held.state = Window.State.ACTIVE
        held.save(update_fields=["state"])
        _record(actor, "window.opened", held, before, "")
    else:
        return False
    return True


def _recovered_at(held: Window, now: datetime) -> datetime | None:
    window = Period(held.starts, held.ends)
    ledger = Ledger.load(System.objects.filter(pk__in=covered_by(held)), window, now)
    outs = [
        Period(span.start, span.end)
        for spans in ledger.of_systems.values()
        for span in spans
        if span.condition in {"down", "unknown"}
    ]
    return rules.recovered_at(outs, window, held.recovery_grace, min(now, held.ends))


def _close(actor: Actor, held: Window, ends: datetime, reason: str) -> Window:
    """Close a window for good, with the systems that it covered."""
    before = _told(held)
    held.covered = sorted(covered_by(held))
    held.ends, held.state = ends, Window.State.CLOSED
    held.save(update_fields=["covered", "ends", "state"])
    _record(actor, "window.closed", held, before, reason)
    return held


def _held(window: Window, now: datetime) -> tuple[Window, rules.State]:
    held = Window.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=window.pk)
    state = held.state_at(now)
    if state in {rules.State.CLOSED, rules.State.CANCELLED}:
        raise History
    return held, state


def _check(organisation: Organisation, wanted: Wanted, complaints: dict[str, str]) -> None:
    if not wanted.systems and not wanted.sites:
        complaints["systems"] = "Choose at least one system or site."
    elif _elsewhere(organisation, wanted):
        complaints["systems"] = f"A window of {organisation} covers only its own systems and sites."
    if complaints:
        raise Invalid(complaints)


def _elsewhere(organisation: Organisation, wanted: Wanted) -> bool:
    sites: Iterable[Site] = (*wanted.sites, *(system.site for system in wanted.systems))
    return any(site.organisation_id != organisation.pk for site in sites)


def _cover(window: Window, wanted: Wanted) -> None:
    window.systems.set(wanted.systems)
    window.sites.set(wanted.sites)


def _told(window: Window) -> dict[str, Any]:
    """For the trail: the window's fields, and what it covers by name."""
    return {name: getattr(window, name) for name in TOLD} | {
        "systems": sorted(window.systems.values_list("name", flat=True)),
        "sites": sorted(window.sites.values_list("name", flat=True)),
    }


def _record(actor: Actor, verb: str, window: Window, before: dict[str, Any], reason: str) -> None:
    after = _told(window)
    changed = [name for name in after if after[name] != before[name]]
    record(
        actor,
        verb,
        window,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
        reason=reason,
    )
