"""Public holidays: a year at a time from the law, days that were proclaimed, and an organisation's own."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from umlindi.accounts.models import Organisation
from umlindi.accounts.services import Refused
from umlindi.core.actors import Actor
from umlindi.core.audit import Subject, audited, record
from umlindi.oncall.models import Holiday
from umlindi.oncall.rules.moments import local_day
from umlindi.oncall.services.places import require_edit

COUNTRY = "ZA"
NEXT_YEAR_FROM_MONTH = 10
CALENDAR = Subject("oncall.holiday", "", "the public holidays of South Africa")


def by_law(year: int) -> dict[date, str]:
    """Act 36 of 1994 with the days proclaimed under s 2A, as far as the library knows them."""
    import holidays  # noqa: PLC0415 - it knows every country, and takes most of a second to load

    return dict(sorted(holidays.country_holidays(COUNTRY, years=year).items()))


def ensure_years(actor: Actor, now: datetime) -> list[int]:
    """Make this year's holidays, and from October next year's, where they are not made yet. Returns the years made.

    A year is made once: what people removed or renamed in it stays so.
    """
    today = local_day(now, ZoneInfo(settings.TIME_ZONE))
    years = [today.year, *([today.year + 1] if today.month >= NEXT_YEAR_FROM_MONTH else [])]
    return [year for year in years if _make(actor, year)]


def add_holiday(actor: Actor, organisation: Organisation | None, day: date, name: str) -> Holiday:
    """One more day off: proclaimed for everybody, or an organisation's own."""
    row = Holiday(organisation=organisation, day=day, name=name)
    require_edit(actor, row.organisation_id)
    with transaction.atomic():
        if there := Holiday.objects.filter(organisation=organisation, day=day).first():
            raise Refused(f"That day is {there.name} already.")
        with audited(actor, "holiday.added", row):
            row.save(force_insert=True)
    return row


def remove_holiday(actor: Actor, holiday: Holiday) -> None:
    """A day that is none after all."""
    require_edit(actor, holiday.organisation_id)
    with audited(actor, "holiday.removed", holiday):
        holiday.delete()


def _make(actor: Actor, year: int) -> bool:
    with transaction.atomic():
        if Holiday.objects.filter(organisation=None, by_law=True, day__year=year).exists():
            return False
        rows = [Holiday(day=day, name=name[:100], by_law=True) for day, name in by_law(year).items()]
        made = Holiday.objects.bulk_create(rows, ignore_conflicts=True)
        record(actor, "holidays.made", CALENDAR, after={"year": year, "days": len(made)})
    return True
