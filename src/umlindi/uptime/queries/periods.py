"""Which period a page is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from umlindi.uptime.queries.book import zone
from umlindi.uptime.rules.months import days_period, month_of, month_period, plus
from umlindi.uptime.rules.timeline import Period


@dataclass(frozen=True, slots=True)
class Asked:
    """A calendar month, or with `month` None any days; `first` and `last` are both included."""

    first: date
    last: date
    period: Period
    now: datetime
    month: date | None = None

    @classmethod
    def of_month(cls, month: date, now: datetime) -> Asked:
        return cls(month, plus(month, 1) - timedelta(days=1), month_period(month, zone()), now, month)

    @classmethod
    def of_days(cls, first: date, last: date, now: datetime) -> Asked:
        return cls(first, last, days_period(first, last, zone()), now)

    @classmethod
    def this_month(cls, now: datetime) -> Asked:
        return cls.of_month(month_of(now, zone()), now)

    @property
    def runs(self) -> bool:
        return self.period.start <= self.now < self.period.end

    @property
    def is_ahead(self) -> bool:
        return self.period.start > self.now

    @property
    def earlier(self) -> date:
        """The month before."""
        return plus(self.first.replace(day=1), -1)

    @property
    def later(self) -> date | None:
        """The month after, None where it has not come."""
        month = plus(self.first.replace(day=1), 1)
        return month if month <= month_of(self.now, zone()) else None

    @property
    def query(self) -> str:
        """As an address has it; empty for the running month."""
        if self.month is None:
            return f"?from={self.first}&to={self.last}"
        return "" if self.runs else f"?period={self.month:%Y-%m}"
