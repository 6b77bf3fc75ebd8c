"""What may be asked of a heartbeat. Pages and API hold to it alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from umlindi.heartbeats.rules.schedules import BadCron, Schedule, check_cron

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(days=366)
FIRST_YEAR, LAST_YEAR = 2000, 2099


@dataclass(frozen=True, slots=True)
class Terms:
    """A schedule as somebody gave it."""

    period: timedelta | None
    cron: str
    zone: str
    grace: timedelta
    starts: datetime | None = None

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.grace, self.period, self.cron, self.zone)


def complaints(terms: Terms, now: datetime) -> dict[str, str]:
    """By field, what is wrong with it; empty where all can stand."""
    found = {}
    if terms.zone not in available_timezones():
        found["timezone"] = "No such time zone: use a name such as Africa/Johannesburg."
    if bool(terms.cron) is (terms.period is not None):
        found["cron" if terms.cron else "period"] = "Say either how often, or by cron text: one of the two."
    elif terms.period is not None and not SHORTEST <= terms.period <= LONGEST:
        found["period"] = "Between one minute and 366 days."
    elif terms.cron and "timezone" not in found:
        found |= _of_cron(terms, now)
    if not SHORTEST <= terms.grace <= LONGEST:
        found["grace"] = "Between one minute and 366 days."
    if terms.starts is not None and not FIRST_YEAR <= terms.starts.year <= LAST_YEAR:
        found["starts"] = f"Between the years {FIRST_YEAR} and {LAST_YEAR}."
    return found


def _of_cron(terms: Terms, now: datetime) -> dict[str, str]:
    try:
        check_cron(terms.cron, terms.zone, now)
    except BadCron as error:
        return {"cron": f"{str(error)[:1].upper()}{str(error)[1:]}."}
    return {}
