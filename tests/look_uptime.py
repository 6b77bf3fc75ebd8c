"""Uptime for look_site: a month that is closed and corrected, windows in every state, promises kept and missed."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from umlindi.core.actors import Actor
from umlindi.estate.models import Site, System
from umlindi.testing.estate import make_interface, make_system
from umlindi.uptime import services
from umlindi.uptime.models import Objective, Window
from umlindi.uptime.services import objectives
from umlindi.uptime.services.objectives import Promised
from umlindi.watch.models import Spell

HOUSE = Actor.house("test")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def uptime_rows(site: Site, now: datetime) -> dict[str, int]:
    """Returns the keys that the pages' addresses need."""
    archive = make_system(site, name="Long-term archive", kind=System.Kind.ARCHIVE)
    workstation = make_system(site, name="Reading room", kind=System.Kind.WORKSTATION)
    workstation.depends_on.add(archive)
    _history(archive, now)
    windows = _windows(archive, now)
    kept = _promise(archive, "Reading at Mthatha", "50", now)
    missed = _promise(archive, "Archive at Mthatha", "99.999", now)
    first = next(month for month in services.close_months(HOUSE, now) if month.organisation_id == site.organisation_id)
    corrected = services.correct(HOUSE, first, "The probe was wrong, see incident 2041.", now)
    return {
        **windows,
        "archive": archive.pk,
        "archive_dicom": archive.interfaces.get().pk,
        "site": site.pk,
        "organisation": site.organisation_id,
        "objective": kept.pk,
        "objective_missed": missed.pk,
        "month": first.pk,
        "month_corrected": corrected.pk,
    }


def _history(archive: System, now: datetime) -> None:
    """A hundred days, with something of each condition in this month and before."""
    interface, at = make_interface(archive, name="Query and retrieve"), now - 100 * DAY
    for condition, until in (
        ("up", now - 70 * DAY),
        ("down", now - 70 * DAY + HOUR),
        ("up", now - 50 * HOUR),
        ("down", now - 48 * HOUR),
        ("up", now - 40 * HOUR),
        ("degraded", now - 39 * HOUR),
        ("unknown", now - 30 * HOUR),
        ("up", None),
    ):
        Spell.objects.create(
            interface=interface, condition=condition, since=at, until=until, probed_at=until or now + DAY
        )
        at = until or now


def _windows(archive: System, now: datetime) -> dict[str, int]:
    """One that is over, one under way, a weekly series, and a cancelled one."""
    past, running = (
        _window(archive, now + start, now + end) for start, end in ((-49 * HOUR, -47 * HOUR), (-HOUR, HOUR))
    )
    services.keep_up(HOUSE, now)
    wanted = services.Wanted(
        "Weekly patches",
        "Security fixes of the operating system",
        "Sipho Gxowa",
        now + 2 * DAY,
        now + 2 * DAY + HOUR,
        frozenset({archive}),
        frozenset({archive.site}),
        ends_on_recovery=True,
    )
    series = services.plan(HOUSE, archive.site.organisation, wanted, ZoneInfo(archive.site.timezone), now, times=4)
    services.cancel(HOUSE, series[3], "Public holiday", now)
    return {
        "window_past": past.pk,
        "window_running": running.pk,
        "window": series[0].pk,
        "window_cancelled": series[3].pk,
    }


def _window(archive: System, starts: datetime, ends: datetime) -> Window:
    """One that the verbs would refuse: its start has passed."""
    window = Window.objects.create(
        organisation=archive.site.organisation,
        title="Upgrade to 1.12.6",
        reason="Security fixes",
        agreed_by="Sipho Gxowa",
        starts=starts,
        ends=ends,
        zone=archive.site.timezone,
        created_by="Nomvula Dlamini",
    )
    window.systems.add(archive)
    return window


def _promise(archive: System, name: str, target: str, now: datetime) -> Objective:
    promised = Promised(Decimal(target), "always", "together", frozenset({archive}))
    return objectives.promise_uptime(HOUSE, archive.site.organisation, name, promised, now - 90 * DAY)
